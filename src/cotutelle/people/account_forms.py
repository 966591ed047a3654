"""The forms of sign-in in our words; how they work is allauth's matter."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
)
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as MfaReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_CODE_HELP = _("Six digits from your authenticator app, or one of your recovery codes.")


class _Words:
    """Replaces labels and help; placeholders disappear when typing starts, so there are none."""

    words: dict[str, tuple[Any, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, text) in self.words.items():
            field = self.fields[name]  # type: ignore[attr-defined]
            field.label, field.help_text = label, text
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_Words, LoginForm):  # type: ignore[misc]
    words = {
        "login": (_("Sign-in name or e-mail"), _("Often your student or staff number.")),
        "password": (_("Password"), ""),
    }


class ResetForm(_Words, ResetPasswordForm):  # type: ignore[misc]
    words = {"email": (_("E-mail"), _("The address your office has of you."))}


class NewPasswordForm(_Words, ResetPasswordKeyForm):  # type: ignore[misc]
    words = {
        "password1": (_("New password"), _("At least 10 characters, not only digits.")),
        "password2": (_("New password again"), ""),
    }


class ChangeForm(_Words, ChangePasswordForm):  # type: ignore[misc]
    words = {
        "oldpassword": (_("Present password"), ""),
        "password1": (_("New password"), _("At least 10 characters, not only digits.")),
        "password2": (_("New password again"), ""),
    }


class ConfirmForm(_Words, ReauthenticateForm):  # type: ignore[misc]
    words = {"password": (_("Password"), "")}


class SecondFactorForm(_Words, AuthenticateForm):  # type: ignore[misc]
    words = {"code": (pgettext_lazy("sign-in", "Code"), _CODE_HELP)}


class ConfirmSecondFactorForm(_Words, MfaReauthenticateForm):  # type: ignore[misc]
    words = {"code": (pgettext_lazy("sign-in", "Code"), _CODE_HELP)}


class ActivateForm(_Words, ActivateTOTPForm):  # type: ignore[misc]
    words = {"code": (pgettext_lazy("sign-in", "Code"), _("Six digits that the app shows now."))}
