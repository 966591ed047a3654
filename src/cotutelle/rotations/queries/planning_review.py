"""What publishing a scenario would change, and whether it still keeps every rule today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cotutelle.core.canonical import digest
from cotutelle.engines.rotation import (
    InvalidProblem,
    RotationProblem,
    Violation,
    check_plan,
    problem_to_json,
)
from cotutelle.rotations.enums import CycleState
from cotutelle.rotations.models import Cycle, Scenario, Stay
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import first_day, period_of
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import Opened, Stays, open_scenario

Calendar = dict[str, dict[int, str]]


@dataclass(frozen=True, slots=True)
class Move:
    """One person-month in which two plans differ; no ward where there is none."""

    trainee: str
    period: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """
    A scenario against the cycle as it stands.

    ``present`` is the problem of today (``None`` where the rows contradict each other),
    ``broken`` the rules of today that the plan breaks, ``is_changed`` whether today's problem
    is another one than the scenario was computed for, ``moves`` what publication changes.
    """

    opened: Opened
    present: RotationProblem | None
    broken: tuple[Violation, ...]
    is_changed: bool
    moves: tuple[Move, ...]
    people: int

    @property
    def concerned(self) -> list[str]:
        """The trainees whose months change."""
        return sorted({move.trainee for move in self.moves})

    @property
    def is_sound(self) -> bool:
        """Whether it may be published."""
        return self.present is not None and not self.broken


def review_of(scenario: Scenario) -> Review:
    """Lay a computed scenario beside the plan in force and today's rules."""
    cycle = scenario.cycle
    opened = open_scenario(scenario)
    rules = PlanRules.from_parameters(scenario.rules)
    try:
        present: RotationProblem | None = build_problem(
            cycle, rules=rules, keeps_plan=cycle.state == CycleState.PUBLISHED
        )
    except InvalidProblem:
        present = None
    broken = check_plan(present, opened.stays) if present is not None else ()
    return Review(
        opened=opened,
        present=present,
        broken=broken,
        is_changed=present is None or problem_to_json(present) != scenario.problem,
        moves=moves_between(
            calendar_in_force(cycle), calendar_of(opened.problem, opened.stays), cycle
        ),
        people=sum(1 for own in opened.stays.values() if own),
    )


def calendar_of(problem: RotationProblem, stays: Stays) -> Calendar:
    """Return trainee → period → ward of a plan."""
    months = {(t.id, block.id): block.months for t in problem.trainees for block in t.blocks}
    return {
        trainee: {
            period: stay.ward
            for stay in own
            for period in range(stay.start, stay.start + months.get((trainee, stay.block), 1))
        }
        for trainee, own in stays.items()
    }


def calendar_in_force(cycle: Cycle) -> Calendar:
    """Return trainee → period → ward of the published stays."""
    found: Calendar = {}
    rows = Stay.objects.filter(participant__cycle=cycle).select_related(
        "participant", "ward__hospital"
    )
    for row in rows:
        own = found.setdefault(trainee_key(row.participant), {})
        first, last = period_of(cycle, row.starts_on), period_of(cycle, row.ends_on)
        own.update(dict.fromkeys(range(first, last + 1), ward_key(row.ward)))
    return found


def in_force_digest(cycle: Cycle) -> str:
    """Return a digest of the plan in force: another one as soon as any stay of it changes."""
    rows = Stay.objects.filter(participant__cycle=cycle).order_by("participant", "starts_on")
    names = ("participant", "block", "part", "ward", "starts_on", "ends_on")
    return digest([[str(value) for value in row] for row in rows.values_list(*names)])


def moves_between(
    before: Mapping[str, Mapping[int, str]],
    after: Mapping[str, Mapping[int, str]],
    cycle: Cycle,
) -> tuple[Move, ...]:
    """Return the person-months that differ, by trainee and month; what has passed stays."""
    left = {
        trainee_key(row): period_of(cycle, row.left_on)
        for row in cycle.participants.filter(left_on__isnull=False)
        if row.left_on is not None
    }
    found = []
    for trainee in sorted({*before, *after}):
        then, now = before.get(trainee, {}), after.get(trainee, {})
        begun = {p for p in then if p < left.get(trainee, -1)}
        found += [
            Move(trainee, period, then.get(period), now.get(period))
            for period in sorted({*then, *now})
            if then.get(period) != now.get(period) and period not in begun
        ]
    return tuple(found)


def published_scenario(cycle: Cycle) -> Scenario | None:
    """Return the scenario whose plan is in force."""
    return (
        cycle.scenarios.filter(published_at__isnull=False)
        .order_by("-published_at", "-number")
        .first()
    )


def plan_begins(cycle: Cycle) -> str:
    """Return the first month of a cycle as ISO text, for notices."""
    return first_day(cycle, 0).isoformat()
