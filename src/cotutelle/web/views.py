from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from cotutelle.core.access import PUBLIC, SIGNED_IN, requires
from cotutelle.people.views.common import actor_of
from cotutelle.web.home import home_of
from cotutelle.web.search import search_everything


@requires(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "web/home.html", {"home": home_of(actor_of(request))})


@requires(SIGNED_IN)
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    groups = search_everything(actor_of(request), text)
    return render(request, "web/search.html", {"search_text": text, "groups": groups})


@requires(PUBLIC)
def health(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
