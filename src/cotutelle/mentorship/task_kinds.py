"""What people owe in a change of mentor and to a pair."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.workflow.kinds import register

register(
    "mentorship.answer_as_receiving",
    title=_("Answer %(student)s, who would like to change to you"),
    label=_("Answer students who would like to change to you"),
)
register(
    "mentorship.answer_as_present",
    title=_("Say whether you agree that %(student)s changes mentor"),
    label=_("Say whether you agree to a change of mentor"),
)
register(
    "mentorship.decide_change",
    title=_("Decide the change of mentor of %(student)s"),
    label=_("Decide changes of mentor"),
)
register(
    "mentorship.agree_arrangement",
    title=_("Say whether you agree to an arrangement for %(student)s"),
    label=_("Agree to arrangements of mentor pairs"),
)
