"""Before the public notice: match again after somebody left, so that as few as possible move."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Run
from cotutelle.decisions.services import record_run
from cotutelle.engines import matching
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ParticipantState,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Participant, Round
from cotutelle.selection.queries.problem import Market
from cotutelle.selection.queries.solving import diagnosis_json
from cotutelle.selection.services._common import (
    lock_round,
    require_reason,
    require_state,
    rules_of,
    stale,
)
from cotutelle.selection.services.confirmation import vacate_placement
from cotutelle.selection.services.rounds import leave_round
from cotutelle.selection.services.runs import (
    RUN_KIND,
    certificate_of,
    hold_unchanged,
    market_of,
    propose,
    require_regime,
    result_json,
    verdict_json,
)
from cotutelle.selection.services.solving import Infeasible, solve, too_short

JOB = "selection.rerun"


@dataclass(frozen=True, slots=True)
class Gone:
    """What changed since the run under review: students and mentors who are not there any more."""

    students: int
    places: int

    @property
    def any(self) -> bool:
        """Whether anything that the run gave is gone."""
        return bool(self.students or self.places)


def gone_since(round_: Round) -> Gone:
    """
    Count who of the run under review left, and who sits at a mentor without a place for them.

    ``places``: students whose mentor has fewer places now than students, or whose offer is gone.
    """
    run = round_.official_run
    if run is None:
        return Gone(0, 0)
    given: Mapping[str, str] = run.result["offer_of"]
    problem = market_of(round_, seed=round_.seed).problem
    left = [s for s in given if s not in problem.student_preferences]
    held: dict[str, int] = {}
    without = 0
    for student, offer in given.items():
        if student in problem.student_preferences:
            mentor = problem.offers[offer].mentor_id if offer in problem.offers else ""
            weight = problem.offers[offer].weight if mentor else 0
            held[mentor] = held.get(mentor, 0) + weight
            without += not mentor or held[mentor] > problem.mentors[mentor].quota
    return Gone(len(left), without)


@transaction.atomic
def withdraw_under_review(participant: Participant, *, reason: str, actor: Person) -> Participant:
    """
    Take a student out of a round whose result is under review; the proposed place is vacant.

    Refuses with ``participant.reason``, ``participant.stale`` and ``round.state``.
    """
    check(actor, "selection.manage_round", participant.round)
    reason = require_reason("participant", reason)
    lock_round(participant.round, RoundState.MATCHED)
    live = participant.placements.exclude(state=PlacementState.VACATED)
    for placement in live.select_related("offer", "round__unit", "participant__student"):
        vacate_placement(placement, reason=reason, actor=actor, checked=True)
    leave_round(participant, reason=reason, actor=actor)
    return participant


def start_rerun(round_: Round, *, actor: Person) -> Job:
    """Queue `rerun_round` as a job. Refuses as it does at once what it can see."""
    check(actor, "selection.run_round", round_)
    _require_result(round_)
    return start_job(
        JOB, actor=actor, unit=round_.unit, subject=round_, args={"round_id": round_.pk}
    )


@transaction.atomic
def rerun_round(round_: Round, *, actor: Person) -> Run:
    """
    Match the round as it stands so that as many as possible keep what the run under review gave.

    The run is kept, checked and proposed like any other, and the earlier one superseded; its
    result says how many moved and how many would have moved in a fresh run. Refuses with
    ``round.state``, ``run.regime``, ``run.none`` (no run under review), ``run.invalid``,
    ``run.infeasible``, ``run.time``, ``run.changed`` and ``run.refuted``.
    """
    check(actor, "selection.run_round", round_)
    require_state(round_, RoundState.MATCHED)
    earlier = _require_result(round_)
    market = market_of(round_, seed=round_.seed)
    given: Mapping[str, str] = earlier.result["offer_of"]
    began = time.process_time()
    result = _rematched(round_, market, given)
    verdict = matching.verify_matching(market.problem, result.offer_of, algorithm=result.algorithm)
    certificate = certificate_of(market, result, verdict)
    moved_fresh = _moved_fresh(round_, market, given)
    hold_unchanged(round_, market)
    if _require_result(round_) != earlier:
        raise stale("run")
    run = record_run(
        RUN_KIND,
        round_,
        unit=round_.unit,
        snapshot_data=certificate["inputs"],
        policy=round_.policy,
        seed=round_.seed,
        result={
            **result_json(market, result),
            "keeps": earlier.number,
            "moved": _moved(market, given, result.offer_of),
            "moved_fresh": moved_fresh,
        },
        certificate=certificate,
        verdict=verdict_json(verdict),
        cpu_seconds=round(time.process_time() - began, 4),
        actor=actor,
    )
    propose(round_, run, market, result, actor)
    return run


def _require_result(round_: Round) -> Run:
    require_regime(round_)
    if round_.state != RoundState.MATCHED:
        raise RuleViolation(
            "round.state", _("Students are kept where they are only while a result is reviewed.")
        )
    if round_.official_run is None:
        raise RuleViolation("run.none", _("There is no result under review."))
    return round_.official_run


def _rematched(round_: Round, market: Market, given: Mapping[str, str]) -> matching.Matching:
    try:
        return matching.rematch(
            market.problem,
            matching.Matching(dict(given)),
            time_limit=float(rules_of(round_).time_limit),
        )
    except matching.Infeasible as error:
        raise Infeasible(diagnosis_json(error.diagnosis)) from error
    except TimeoutError as error:
        raise too_short() from error


def _moved(market: Market, given: Mapping[str, str], now: Mapping[str, Any]) -> int:
    """Count the students who are still there and hold something else than before."""
    students = market.problem.student_preferences
    return sum(given.get(student) != now.get(student) for student in students)


def _moved_fresh(round_: Round, market: Market, given: Mapping[str, str]) -> int | None:
    """Return how many a run by the rules of the round would move; nothing where it has no result."""
    try:
        fresh = solve(market.problem, rules_of(round_))
    except RuleViolation:
        return None
    return _moved(market, given, fresh.offer_of)


def candidates(round_: Round) -> list[Participant]:
    """Return the students who take part, by name, for the form of the page."""
    rows = round_.participants.filter(state=ParticipantState.ACTIVE)
    return list(rows.select_related("student__person").order_by("student__person__name_sort", "pk"))
