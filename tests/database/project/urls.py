"""The one page: what the database holds."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse  # noqa: TID251 - a page
from django.urls import path


def count_users(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"users: {User.objects.count()}")


urlpatterns = [path("", count_users)]
