"""Tasks: planning."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.workflow.kinds import register

ANSWER_SWAP = "rotations.answer_swap"
DECIDE_SWAP = "rotations.decide_swap"
REPLAN = "rotations.replan"

register(
    ANSWER_SWAP,
    title=_("Answer whether you exchange months: %(plan)s"),
    label=_("Answer an exchange of months"),
)
register(
    DECIDE_SWAP,
    title=_("Decide an exchange of months: %(plan)s"),
    label=_("Decide an exchange of months"),
)
register(
    REPLAN,
    title=_("Re-plan after an event: %(plan)s"),
    label=_("Re-plan after an event"),
)
