"""What people owe: signatures, and certificates to be issued."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.workflow.kinds import register

register(
    "credentials.sign_award",
    title=_("Sign “%(achievement)s” for %(student)s"),
    label=_("Sign for certificates"),
)
register(
    "credentials.issue",
    title=_("Issue the signed certificates of “%(achievement)s”"),
    label=_("Issue certificates"),
)
