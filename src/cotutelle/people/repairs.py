"""Django's admin, for repairs: who enters it signs in as everybody does, second factor and all."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse  # noqa: TID251  the admin gets requests
from django.urls import reverse


class RepairSite(admin.AdminSite):
    """The admin without a sign-in of its own: that one knew neither second factor nor campus."""

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the product's own sign-in; refuse who is signed in and may not enter."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(reverse("admin:index"))
