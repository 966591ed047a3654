"""What the partner's office and lent mentors are told."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.notices.kinds import register

register(
    "agreements.in_force",
    title=_("The agreement “%(agreement)s” is in force"),
    body=_("From %(start)s to %(end)s. Say which of your mentors take part."),
)
register(
    "agreements.ended",
    title=_("The agreement “%(agreement)s” has ended"),
    body=_("Reason: %(reason)s. Students who are placed already keep their mentors."),
)
register(
    "agreements.mentor_added",
    title=_("You take part in the agreement “%(agreement)s”"),
    body=_("Until %(end)s you may be chosen as a mentor of students trained with %(unit)s."),
)
register(
    "agreements.mentor_removed",
    title=_("You no longer take part in the agreement “%(agreement)s”"),
    body=_("Students who are placed with you already stay with you."),
)
