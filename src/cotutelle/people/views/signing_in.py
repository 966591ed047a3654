"""Signing in, as far as allauth leaves it to us."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_cas_ng.views import LoginView as CasLoginView

from cotutelle.core.access import PUBLIC, SIGNED_IN, requires
from cotutelle.people.demo_logins import demo_logins
from cotutelle.people.models import Person
from cotutelle.people.services import change_own_profile

LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600


class SignIn(LoginView):  # type: ignore[misc]
    """The sign-in page: password, campus systems, and in a demo who there is to be."""

    permission = PUBLIC

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add campus systems and demo logins."""
        return {
            **super().get_context_data(**kwargs),
            "campus": campus_links(self.request),
            "demo_logins": demo_logins(),
        }


class CasSignIn(CasLoginView):
    """CAS, where a server is named; refusals in words."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        """Go to the CAS server, or come back from it with a ticket."""
        if not settings.CAS_SERVER_URL:
            raise Http404
        next_url = request.GET.get("next", "")
        if next_url and not _is_local(request, next_url):
            return redirect(reverse("cas_ng_login"))
        from django.core.exceptions import PermissionDenied  # noqa: PLC0415

        try:
            return super().get(request)
        except PermissionDenied:
            return render(request, "people/identity_unknown.html", status=403)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Single sign-out calls from the CAS server."""
        if not settings.CAS_SERVER_URL:
            raise Http404
        return super().post(request)


def campus_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the campus systems of the settings, with how they are reached."""
    links: list[dict[str, Any]] = [
        {"name": provider.name, "url": provider.get_login_url(request), "post": True}
        for provider in get_adapter().list_providers(request)
        if getattr(provider, "app", None) is not None
    ]
    if settings.CAS_SERVER_URL:
        url = reverse("cas_ng_login")
        if wanted := request.GET.get("next"):
            url = f"{url}?{urlencode({'next': wanted})}"
        links.append(
            {
                "name": settings.COTUTELLE_CAS_NAME or _("Campus sign-in (CAS)"),
                "url": url,
                "post": False,
            }
        )
    return links


@requires(PUBLIC)
def no_sign_up(request: HttpRequest) -> HttpResponse:
    return render(request, "people/no_sign_up.html", status=403)


@requires(SIGNED_IN)
def to_profile(request: HttpRequest) -> HttpResponse:
    return redirect("people:profile")


@requires(SIGNED_IN)
def to_security(request: HttpRequest) -> HttpResponse:
    return redirect("people:security")


@requires(PUBLIC)
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on, on this device and for this person."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    is_ours = target.startswith("/") and _is_local(request, target)  # else it might be a name
    response = redirect(target if is_ours else "/")
    if language not in dict(settings.LANGUAGES):
        return response
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=LANGUAGE_COOKIE_SECONDS,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
    if isinstance(request.user, Person):
        change_own_profile(request.user, actor=request.user, language=language)
    return response


def _is_local(request: HttpRequest, url: str) -> bool:
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
