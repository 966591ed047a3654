"""How runs of this room are seen, checked again and put into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.core.access import why_not
from cotutelle.decisions import access
from cotutelle.decisions.models import Run
from cotutelle.institutions.queries import below
from cotutelle.selection import services
from cotutelle.selection.enums import (
    AdjustmentRefusal,
    Algorithm,
    LowerOrder,
    MentorAnswer,
    Objective,
    Regime,
    SilentMentor,
)
from cotutelle.selection.models import Round
from cotutelle.selection.policy import POLICY_KIND, RoundRules
from cotutelle.selection.rules import REVIEWERS

_LABEL = "selection.round"


def _why_not(actor: Any, run: Run) -> str | None:
    """
    Reviewers alone see runs and their certificates.

    A certificate holds every list. Its ids say nothing to a stranger, but a mentor knows their
    own order and could read from it at which place each applicant put them.
    """
    round_ = Round.objects.filter(pk=run.subject_id).select_related("unit").first()
    return why_not(actor, "selection.view_review", round_)


def _visible(actor: Any) -> Q:
    units = [g.unit for g in actor.active_grants if g.role in REVIEWERS]
    return below(units)


def _back(run: Run) -> str:
    round_ = Round.objects.filter(pk=run.subject_id).first()
    return f"/selection/rounds/{round_.public_id}/" if round_ else "/"


def _in_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    rules = RoundRules.from_parameters(parameters)
    yes, no = _("Yes"), _("No")
    none = "–"
    most = rules.off_campus_most
    return [
        (_("How people are paired"), str(Regime(rules.regime).label)),
        (_("How a run pairs people"), str(Algorithm(rules.algorithm).label)),
        (_("Among equally large results"), str(Objective(rules.objective).label)),
        (_("When minimum places must be met"), str(LowerOrder(rules.lower_order).label)),
        (_("Most seconds for a run"), str(rules.time_limit)),
        (_("Most students of an off-campus first mentor"), none if most is None else str(most)),
        (_("How mentors answer"), str(MentorAnswer(rules.mentor_answer).label)),
        (_("A mentor who does not answer"), str(SilentMentor(rules.silent_mentor).label)),
        (
            _("A student who refuses to be placed by the school"),
            str(AdjustmentRefusal(rules.adjustment_refusal).label),
        ),
        (_("Choices"), f"{rules.min_choices}–{rules.max_choices}"),
        (_("Interviews"), yes if rules.interviews else no),
        (_("Only within the same discipline"), yes if rules.same_discipline_only else no),
        (_("Admission scores are used"), yes if rules.uses_scores else no),
        (_("Ties are first broken by the score"), yes if rules.ties_by_score else no),
        (_("Working days of the public notice"), str(rules.notice_days)),
        (_("Working days to answer one choice"), str(rules.answer_days)),
        (_("Most students assigned by the school"), f"{rules.override_share_percent} %"),
    ]


_CHECKS = {"tolerated": gettext_lazy("Pairs kept apart only by an assignment or a rule")}

access.register(
    services.RUN_KIND,
    title=gettext_lazy("Matching run"),
    why_not=_why_not,
    visible=_visible,
    verify=services.verify_json,
    in_words=_in_words,
    back_url=_back,
    checks=_CHECKS,
)
access.register(
    services.TRIAL_KIND,
    title=gettext_lazy("Trial run"),
    why_not=_why_not,
    visible=_visible,
    verify=services.verify_json,
    in_words=_in_words,
    back_url=_back,
    checks=_CHECKS,
)
access.register(
    POLICY_KIND,
    title=gettext_lazy("Rules of a round"),
    why_not=_why_not,
    visible=_visible,
    in_words=_in_words,
    back_url=_back,
)
