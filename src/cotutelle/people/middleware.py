"""Language and time zone of the person who is signed in; the second factor of staff."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode

from cotutelle.people.enums import STAFF_ROLES
from cotutelle.people.models import Person

# Signing in and out, setting the factor up, changing the language, and what pages are made of.
ALWAYS_OPEN = ("/account/", "/people/language/", "/static/")


class PersonMiddleware:
    """Apply the person's own language (unless a cookie says otherwise) and time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        if not isinstance(person, Person):
            return self.get_response(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(person.language)
            request.LANGUAGE_CODE = person.language
        try:
            zone = ZoneInfo(person.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo(settings.TIME_ZONE)
        with timezone.override(zone):
            return self.get_response(request)


class StaffSecondFactorMiddleware:
    """
    With ``COTUTELLE_STAFF_MFA``, staff set up a second factor before anything else.

    Somebody who came with a password passed it at sign-in. Somebody who came from the campus
    did not: they confirm here, unless ``COTUTELLE_EXTERNAL_MFA`` says the campus asked already.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        if (
            not settings.COTUTELLE_STAFF_MFA
            or not isinstance(person, Person)
            or request.path.startswith(ALWAYS_OPEN)
            or not (person.is_superuser or person.roles & STAFF_ROLES)
        ):
            return self.get_response(request)
        methods = {one.get("method") for one in get_authentication_records(request, person)}
        if settings.COTUTELLE_EXTERNAL_MFA and "password" not in methods:
            return self.get_response(request)
        if not is_mfa_enabled(person, [Authenticator.Type.TOTP]):
            return redirect("mfa_activate_totp")
        if not methods & {"mfa", "password"}:
            return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.path})}")
        return self.get_response(request)
