"""The rules of a round as sentences that everybody concerned may read."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.selection.enums import (
    AdjustmentRefusal,
    Algorithm,
    MentorAnswer,
    Regime,
    SilentMentor,
)
from cotutelle.selection.models import Round
from cotutelle.selection.policy import RoundRules


def rules_in_words(round_: Round) -> list[dict[str, str]]:
    """Return the label and the words of each rule, in the order in which a round goes."""
    rules = RoundRules.from_parameters(round_.policy.parameters)
    shown = [
        (_("Pairing"), Regime(rules.regime).label),
        (
            _("Length of a list"),
            _("%(least)s to %(most)s choices")
            % {"least": rules.min_choices, "most": rules.max_choices},
        ),
        (_("Mentors answer"), MentorAnswer(rules.mentor_answer).label),
        (_("A silent mentor"), SilentMentor(rules.silent_mentor).label),
        (
            _("Refusing a place found by the school"),
            AdjustmentRefusal(rules.adjustment_refusal).label,
        ),
        (
            _("Disciplines"),
            _("Only the student's own discipline")
            if rules.same_discipline_only
            else _("All disciplines"),
        ),
        (_("Interviews"), _("Mentors may interview") if rules.interviews else _("No interviews")),
        (
            _("Ties"),
            _("By admission score, then by lottery") if rules.ties_by_score else _("By lottery"),
        ),
        (
            _("Public notice"),
            ngettext("%(n)s working day", "%(n)s working days", rules.notice_days)
            % {"n": rules.notice_days},
        ),
        (
            _("Assigned by the school"),
            _("at most %(n)s%% of the students") % {"n": rules.override_share_percent},
        ),
    ]
    shown += _of_the_run(rules)
    return [{"label": str(label), "text": str(text)} for label, text in shown]


def _of_the_run(rules: RoundRules) -> list[tuple[str, str]]:
    shown = []
    if rules.regime == Regime.SEQUENTIAL:
        days = ngettext("%(n)s working day", "%(n)s working days", rules.answer_days)
        shown.append((_("Time to answer one application"), days % {"n": rules.answer_days}))
    else:
        shown.append((_("How a run pairs people"), str(Algorithm(rules.algorithm).label)))
    if rules.off_campus_most is not None:
        label = _("Most students of an off-campus first mentor")
        shown.append((label, str(rules.off_campus_most)))
    return shown
