"""Computing a what-if: the copy is matched, checked and compared; the round is only read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.engines import matching
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.selection.enums import ScenarioState
from cotutelle.selection.models import Offer, Scenario
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.scenario_edits import UnknownEdit
from cotutelle.selection.queries.scenario_outcomes import (
    Outcome,
    cost_of_pin,
    figures,
    load,
    moves,
    solve,
)
from cotutelle.selection.queries.scenarios import (
    Base,
    base_of,
    edited,
    outcome_of_base,
    rules_of,
)
from cotutelle.selection.queries.solving import diagnosis_json
from cotutelle.selection.services.scenarios import fault_words
from cotutelle.selection.services.solving import unsupported_words

MOST_PINS = 60
PIN_SECONDS = 10.0
DIAGNOSIS_SECONDS = 20.0
_MOST_TOLERATED = 500

Progress = Callable[[int, int], None]


def compute_scenario(
    scenario: Scenario,
    *,
    actor: Person,
    progress: Progress = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Scenario:
    """
    Match the copy, compare it with its base and keep the figures; the round is only read.

    The market is built once. A market without a result is kept as ``failed`` with its diagnosis
    and repairs, one that contradicts itself with the faults; stopped, it is a draft again.
    """
    check(actor, "selection.run_round", scenario)
    began = time.process_time()
    try:
        result = _computed(scenario, progress, should_stop)
        state = ScenarioState.DONE if result else ScenarioState.DRAFT
    except (UnknownEdit, matching.InvalidProblem) as error:
        result, state = {"fault": fault_words(error)}, ScenarioState.FAILED
    except _NoResult as error:
        result, state = error.says, ScenarioState.FAILED
    if result is not None:
        result["cpu_seconds"] = round(time.process_time() - began, 3)
    with transaction.atomic():
        Scenario.objects.filter(pk=scenario.pk, state=ScenarioState.RUNNING).update(
            state=state, result=result, computed_at=now() if result else None
        )
        record(
            "selection.scenario.computed",
            actor=actor,
            subject=scenario,
            after={"state": state, "count": (result or {}).get("now", {}).get("size")},
        )
    scenario.refresh_from_db()
    return scenario


@dataclass(frozen=True, slots=True)
class _Pair:
    """The base and the copy, both matched."""

    base: Base
    before: Outcome
    rules: RoundRules
    after: Outcome


class _NoResult(Exception):
    """There is no result; ``says`` is what the scenario keeps instead."""

    def __init__(self, says: dict[str, Any]) -> None:
        self.says = says
        super().__init__()


def _computed(
    scenario: Scenario, progress: Progress, should_stop: Callable[[], bool]
) -> dict[str, Any] | None:
    base = base_of(scenario)
    problem, kept = edited(scenario, base)
    rules = rules_of(scenario)
    pins = sorted(problem.pins)[:MOST_PINS]
    steps = 2 + len(pins)
    progress(0, steps)
    before = outcome_of_base(base) or _before(base)
    progress(1, steps)
    after = _solved(problem, rules)
    progress(2, steps)
    costs = []
    for done, student in enumerate(pins, 3):
        if should_stop():
            return None
        if (cost := _cost(after, student, rules)) is not None:
            costs.append(cost)
        progress(done, steps)
    return _result(_Pair(base, before, rules, after), costs, kept)


def _before(base: Base) -> Outcome:
    """Match the round as it stands; one without a result places nobody."""
    try:
        return _solved(base.problem, base.rules)
    except _NoResult:
        return Outcome(base.problem, {}, "infeasible")


def _cost(after: Outcome, student: str, rules: RoundRules) -> dict[str, Any] | None:
    """Return what one assignment costs; nothing where the market without it has no result."""
    limit = min(PIN_SECONDS, rules.time_limit)
    try:
        return cost_of_pin(after, student, lambda problem: solve(problem, rules, time_limit=limit))
    except (TimeoutError, matching.Infeasible, matching.LowerQuotaMissed):
        return None


def _solved(problem: matching.MatchingProblem, rules: RoundRules) -> Outcome:
    try:
        return solve(problem, rules)
    except matching.Infeasible as error:
        raise _NoResult({"infeasible": diagnosis_json(error.diagnosis)}) from error
    except TimeoutError as error:
        raise _NoResult(
            {"fault": _("The time was too short to find a result; allow more seconds.")}
        ) from error
    except matching.LowerQuotaMissed as error:
        found = _diagnosed(problem)
        says: dict[str, Any] = {
            "missed": [
                {"level": one.level, "key": one.key, "minimum": one.minimum, "got": one.got}
                for one in error.missed
            ]
        }
        if found is not None:
            says["infeasible"] = diagnosis_json(found)
        raise _NoResult(says) from error
    except matching.Unsupported as error:
        raise _NoResult({"fault": unsupported_words(error)}) from error


def _diagnosed(problem: matching.MatchingProblem) -> matching.Diagnosis | None:
    """Say whether the exact way could meet every minimum; not known is as good as yes."""
    try:
        return matching.diagnose(problem, time_limit=DIAGNOSIS_SECONDS)
    except TimeoutError:
        return None


def _result(pair: _Pair, costs: list[dict[str, Any]], kept: int) -> dict[str, Any]:
    base, rules = pair.base, pair.rules
    units = {
        str(key): unit
        for key, unit in Offer.objects.filter(round=base.round).values_list("public_id", "unit_id")
    }
    was, now_ = load(pair.before, units), load(pair.after, units)
    same = all(
        getattr(rules, name) == getattr(base.rules, name)
        for name in ("algorithm", "objective", "lower_order")
    )
    return {
        "algorithm": rules.algorithm,
        "objective": rules.objective,
        "base_algorithm": base.rules.algorithm,
        "before": figures(pair.before),
        "now": figures(pair.after),
        "moved": moves(pair.before, pair.after, same_rules=same),
        "load": [
            {"unit": unit, "before": was.get(unit, (0, 0)), "now": now_.get(unit, (0, 0))}
            for unit in sorted({*was, *now_})
        ],
        "tolerated": [dict(one) for one in pair.after.tolerated[:_MOST_TOLERATED]],
        "pins": costs,
        "pins_left_out": len(pair.after.problem.pins) - len(costs),
        "kept_answers": kept,
    }
