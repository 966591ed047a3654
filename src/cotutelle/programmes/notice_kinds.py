"""What students are told about their admission."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.notices.kinds import register

register(
    "programmes.admission",
    title=_("Your admission is now: %(state)s"),
    body=_("Reason: %(reason)s. Ask the graduate school if this is not right."),
)
