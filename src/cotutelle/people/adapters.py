"""Our rules on top of allauth: no public sign-up, mail in the reader's language, known people only."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest  # noqa: TID251  sign-in adapters get requests
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from cotutelle.people.addresses import client_address
from cotutelle.people.models import Person
from cotutelle.people.queries import Identity, person_of_identity


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by offices; messages say what to do."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("The sign-in name or the password is not correct."),
        "email_password_mismatch": _("The sign-in name or the password is not correct."),
        "invalid_login": _("The sign-in name or the password is not correct."),
        "enter_current_password": _("The present password is not correct."),
        "incorrect_password": _("The password is not correct."),
        "incorrect_code": _("The code is not correct. Wait for the next one and try again."),
        "too_many_login_attempts": _("Too many attempts. Wait a minute, then try again."),
        "rate_limited": _("Too many attempts. Wait a minute, then try again."),
        "account_inactive": _("Sign-in is closed for this person. Ask your office."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up; offices add people."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Count rate limits by the same address as the lockout."""
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write in the language of the person, whoever asked for the mail."""
        person = context.get("user")
        chosen = person.language if isinstance(person, Person) else translation.get_language()
        with translation.override(chosen):
            super().send_mail(template_prefix, email, context)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask for the password again only when it was not given a moment ago."""
        since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        fresh = any(
            one.get("method") in {"password", "mfa"} and one.get("at", 0) > since
            for one in get_authentication_records(self.request, self.request.user)
        )
        return not fresh and super().is_reauthentication_required(app=app, **kwargs)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """After a change, back to the page from which it was made."""
        from django.urls import reverse  # noqa: PLC0415

        return reverse("people:security")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Messages of the second factor in our words."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is not correct. Wait for the next one and try again."),
        "cannot_generate_recovery_codes": _("Set up the authenticator app first."),
    }


class CampusAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Somebody whom the campus vouches for must be known here already."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """No identity makes a new person."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the person by the configured claim, each time anew."""
        person = person_of_identity(Identity(claims_of(sociallogin)))
        if person is None or (sociallogin.is_existing and sociallogin.user.pk != person.pk):
            raise ImmediateHttpResponse(render(request, "people/identity_unknown.html", status=403))
        if not sociallogin.is_existing:
            sociallogin.connect(request, person)


def claims_of(sociallogin: Any) -> dict[str, Any]:
    """Return what the provider said: OIDC user info over id token, or SAML attributes."""
    data = sociallogin.account.extra_data or {}
    claims = {**(data.get("id_token") or {}), **(data.get("userinfo") or {})} or dict(data)
    claims.setdefault("sub", sociallogin.account.uid)
    return claims


def typed_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the sign-in name somebody typed, as the lockout counts it."""
    given = credentials or {}
    name = given.get("username") or given.get("email") or request.POST.get("login", "")
    return str(name).strip().casefold()[:255]
