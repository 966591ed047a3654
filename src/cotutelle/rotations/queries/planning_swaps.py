"""What an exchange of months between two trainees would make of both plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import InvalidProblem, RotationProblem, Violation, check_plan
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.rotations.models import Cycle, Stay
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import key_of, trainee_key
from cotutelle.rotations.queries.planning_months import frozen_before, period_of
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import newly_broken, stays_in_force

Plan = dict[str, tuple[PlannedStay, ...]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Both trainees' stays after the exchange; ``code`` and ``why`` where it cannot be."""

    stays: Plan
    code: str = ""
    why: str = ""
    broken: tuple[Violation, ...] = ()

    def require(self) -> Plan:
        """Return the stays. Refuses with ``code`` what cannot be exchanged."""
        if self.code:
            raise RuleViolation(self.code, self.why)
        return self.stays


@dataclass(frozen=True, slots=True)
class Present:
    """A cycle today: its problem (``None``: the rows contradict each other), plan and faults."""

    problem: RotationProblem | None
    stays: Plan
    known: tuple[Violation, ...]


def present_of(cycle: Cycle) -> Present:
    """Return what exchanges in ``cycle`` are checked against; made once for many of them."""
    try:
        problem = build_problem(cycle, rules=PlanRules.from_parameters(cycle.rules))
    except InvalidProblem:
        return Present(None, {}, ())
    stays = stays_in_force(cycle)
    return Present(problem, stays, check_plan(problem, stays))


def exchange_of(mine: Stay, other: Stay, present: Present | None = None) -> Exchange:
    """
    Work out an exchange of the months of two stays, checked against every rule of today.

    Each trainee takes the other's place in the months of both stays: in the same months they
    exchange wards; in different months both exchange what they do in them.
    """
    if fault := _fault(mine, other):
        return Exchange({}, *fault)
    cycle = mine.participant.cycle
    first, second = period_of(cycle, mine.starts_on), period_of(cycle, other.starts_on)
    months = period_of(cycle, mine.ends_on) - first + 1
    present = present or present_of(cycle)
    problem, before = present.problem, present.stays
    if problem is None:
        return Exchange({}, "swap.rules", _("Wards and curricula contradict each other today."))
    pair = [trainee_key(mine.participant), trainee_key(other.participant)]
    if not _is_planned(problem, before, pair):
        return Exchange({}, "swap.rules", _("The exchange would break a rule of the plan."))
    after = _exchanged(problem, before, mine, other, (first, second, months))
    if after is None:
        why = _("The months do not fit: another stay reaches across their border.")
        return Exchange({}, "swap.rules", why)
    if broken := newly_broken(problem, before | after, present.known):
        why = _("The exchange would break a rule of the plan.")
        return Exchange(after, "swap.rules", why, tuple(broken))
    return Exchange(after)


def _fault(mine: Stay, other: Stay) -> tuple[str, str] | None:
    """Return what can be said without looking at the rules, as (code, sentence)."""
    cycle = mine.participant.cycle
    if other.participant.cycle_id != cycle.pk:
        return "swap.cycle", _("Both must be planned together.")
    if mine.block is None or other.block is None:
        return "swap.past", _("What has been cut off is not exchanged.")
    first, second = period_of(cycle, mine.starts_on), period_of(cycle, other.starts_on)
    lengths = [period_of(cycle, s.ends_on) - period_of(cycle, s.starts_on) for s in (mine, other)]
    if lengths[0] != lengths[1]:
        return "swap.length", _("Only stays of the same length are exchanged.")
    if min(first, second) < frozen_before(cycle):
        return "swap.past", _("What has begun is not exchanged.")
    return None


def _is_planned(problem: RotationProblem, before: Plan, pair: Sequence[str]) -> bool:
    """Whether both are still to do what they have: nobody leaves or has another curriculum."""
    blocks = {t.id: {block.id for block in t.blocks} for t in problem.trainees}
    return all(stay.block in blocks.get(id_, ()) for id_ in pair for stay in before[id_])


def _exchanged(
    problem: RotationProblem,
    before: Plan,
    mine: Stay,
    other: Stay,
    window: tuple[int, int, int],
) -> Plan | None:
    first, second, length = window
    pair = [trainee_key(mine.participant), trainee_key(other.participant)]
    months = {(t.id, b.id): b.months for t in problem.trainees for b in t.blocks}
    if first == second:
        assert mine.block is not None and other.block is not None  # noqa: S101, PT018  seen above
        keys = [key_of(mine.block, mine.part), key_of(other.block, other.part)]
        wards = (
            {stay.block: stay.ward for stay in before[pair[0]]},
            {stay.block: stay.ward for stay in before[pair[1]]},
        )
        return {
            pair[0]: _in_ward(before[pair[0]], keys[0], wards[1][keys[1]]),
            pair[1]: _in_ward(before[pair[1]], keys[1], wards[0][keys[0]]),
        }
    allowed = {(t.id, b.id): set(b.wards) for t in problem.trainees for b in t.blocks}
    after: Plan = {}
    for trainee, partner in (pair, reversed(pair)):
        places = {
            period: stay.ward
            for stay in before[partner]
            for period in range(stay.start, stay.start + months[partner, stay.block])
        }
        own = []
        for stay in before[trainee]:
            start = _shifted(stay.start, months[trainee, stay.block], first, second, length)
            if start is None:
                return None
            ward = stay.ward
            wanted = places.get(start)
            if start != stay.start and wanted in allowed[trainee, stay.block]:
                ward = str(wanted)
            own.append(PlannedStay(stay.block, ward, start))
        after[trainee] = tuple(sorted(own, key=lambda stay: stay.start))
    return after


def _in_ward(own: Sequence[PlannedStay], key: str, ward: str) -> tuple[PlannedStay, ...]:
    return tuple(
        PlannedStay(stay.block, ward, stay.start) if stay.block == key else stay for stay in own
    )


def _shifted(start: int, months: int, first: int, second: int, length: int) -> int | None:
    """Return where a stay goes when two windows change places; ``None`` across a border."""
    for here, there in ((first, second), (second, first)):
        if here <= start and start + months <= here + length:
            return there + start - here
        if start < here + length and here < start + months:
            return None
    return start
