"""Made-up problems that have no plan, with a cause known beforehand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from cotutelle.engines.rotation.generate_planted import RESEARCH, planted
from cotutelle.engines.rotation.plan import Plan
from cotutelle.engines.rotation.problem import Block, Order, RotationProblem, Stay, Trainee, Ward
from cotutelle.engines.rotation.rules import Rule

CONFLICTS = (
    "capacity",
    "minimum",
    "away",
    "pin",
    "forbidden",
    "hospital_count",
    "window",
)
"""What `planted_conflict` can plant; nobody may waive the last."""


def planted_conflict(kind: str, seed: int = 0) -> tuple[RotationProblem, Rule]:
    """
    Return a problem without any plan, and the rule without which it has one.

    The problem is that of ``planted(24, 24, 24, seed)`` with one rule changed. Without that rule
    the planted plan keeps all others, so the rule named is a cause; other rules take part in the
    conflict and may be waived instead.

    Parameters
    ----------
    kind
        One of `CONFLICTS`: fewer places than trainees who must come in those months; a minimum
        above the number of trainees who ever come to the ward; leave in the only months a block
        may be done; a pin that leaves no room for the block that must come first; a forbidden
        hospital that alone is accredited for a block; fewer blocks allowed in a hospital than
        must be done there; a window that begins after the block that must come later.
    seed
        Another number, another problem.

    Raises
    ------
    ValueError
        There is no such kind.
    """
    if kind not in CONFLICTS:
        raise ValueError(f"kind: {kind!r} is not one of {', '.join(CONFLICTS)}")
    problem, _, plan = planted(24, 24, 24, seed)
    draw = Random(f"conflict {kind} {seed}")  # noqa: S311
    if kind == "capacity":
        return _too_few_places(draw, problem, plan)
    if kind == "minimum":
        return _too_high_minimum(draw, problem)
    people = [t for t in problem.trainees if not t.away and not t.pins]
    draw.shuffle(people)
    plant = {
        "away": _leave_in_window,
        "pin": _pin_against_order,
        "forbidden": _only_hospital_forbidden,
        "hospital_count": _too_few_in_hospital,
        "window": _window_against_order,
    }[kind]
    for person in people:
        made = plant(problem, person, plan.stays[person.id])
        if made is not None:
            return _with_trainee(problem, made[0]), made[1]
    raise ValueError(f"seed: no trainee of seed {seed} can have a conflict of kind {kind!r}")


def _with_trainee(problem: RotationProblem, changed: Trainee) -> RotationProblem:
    people = (changed if t.id == changed.id else t for t in problem.trainees)
    return replace(problem, trainees=tuple(people))


def _with_block(trainee: Trainee, block: Block) -> Trainee:
    return replace(trainee, blocks=tuple(block if b.id == block.id else b for b in trainee.blocks))


def _demanded(
    trainee: Trainee, stay: Stay, earliest: int = 0, latest: int | None = None
) -> Trainee:
    """The trainee with the block of ``stay`` to be done in that ward only, and not elective."""
    block = next(block for block in trainee.blocks if block.id == stay.block)
    groups = dict(trainee.groups)
    if block.group:
        groups[block.group] -= 1
    wards = {stay.ward: block.wards[stay.ward]}
    only = replace(block, wards=wards, group="", earliest=earliest, latest=latest)
    return replace(_with_block(trainee, only), groups=groups)


def _fixed(trainee: Trainee, stay: Stay) -> Trainee:
    """The trainee with the block of ``stay`` to be done there and then only."""
    months = next(block.months for block in trainee.blocks if block.id == stay.block)
    return _demanded(trainee, stay, stay.start, stay.start + months - 1)


def _too_few_places(
    draw: Random, problem: RotationProblem, plan: Plan
) -> tuple[RotationProblem, Rule]:
    present: dict[tuple[str, int], list[tuple[Trainee, Stay]]] = defaultdict(list)
    for trainee in problem.trainees:
        months = {block.id: block.months for block in trainee.blocks}
        for stay in plan.stays[trainee.id]:
            for period in range(stay.start, stay.start + months[stay.block]):
                present[stay.ward, period].append((trainee, stay))
    busy = sorted(cell for cell, who in present.items() if len(who) > 1 and cell[0] != RESEARCH)
    ward_id, period = draw.choice(busy)
    for trainee, stay in present[ward_id, period]:
        problem = _with_trainee(problem, _fixed(trainee, stay))
    places = len(present[ward_id, period]) - 1
    cause = Rule("capacity", (ward_id,), (), (period, period), places)
    return _with_places(problem, ward_id, period, upper=places, lower=0), cause


def _too_high_minimum(draw: Random, problem: RotationProblem) -> tuple[RotationProblem, Rule]:
    ward = draw.choice([ward for ward in problem.wards if ward.upper is not None])
    period = draw.randrange(problem.horizon)
    able = sum(any(ward.id in block.wards for block in t.blocks) for t in problem.trainees)
    cause = Rule("minimum", (ward.id,), (), (period, period), able + 1)
    return _with_places(problem, ward.id, period, upper=able + 1, lower=able + 1), cause


def _with_places(
    problem: RotationProblem, ward_id: str, period: int, *, upper: int, lower: int
) -> RotationProblem:
    def changed(ward: Ward) -> Ward:
        most = list(ward.upper or ())
        least = list(ward.lower or (0,) * problem.horizon)
        most[period], least[period] = upper, lower
        return replace(ward, upper=tuple(most), lower=tuple(least))

    wards = (changed(ward) if ward.id == ward_id else ward for ward in problem.wards)
    return replace(problem, wards=tuple(wards))


def _leave_in_window(
    problem: RotationProblem, trainee: Trainee, stays: Sequence[Stay]
) -> tuple[Trainee, Rule]:
    stay = stays[len(stays) // 2]
    cause = Rule("away", (), (trainee.id,), (stay.start, stay.start))
    return replace(_fixed(trainee, stay), away=frozenset({stay.start})), cause


def _pin_against_order(
    problem: RotationProblem, trainee: Trainee, stays: Sequence[Stay]
) -> tuple[Trainee, Rule]:
    first, later = stays[0], stays[1]
    block = next(block for block in trainee.blocks if block.id == later.block)
    pin = Stay(later.block, later.ward, 0)
    changed = replace(
        _with_block(trainee, replace(block, earliest=0)),
        orders=(*trainee.orders, Order(first.block, later.block, needed=True)),
        pins=(pin,),
    )
    cause = Rule("pin", (later.block,), (trainee.id,), (0, block.months - 1), 0)
    return changed, cause


def _only_hospital_forbidden(
    problem: RotationProblem, trainee: Trainee, stays: Sequence[Stay]
) -> tuple[Trainee, Rule]:
    hospitals = {ward.id: ward.hospital for ward in problem.wards}
    stay = next(stay for stay in stays if stay.ward != RESEARCH)
    hospital = hospitals[stay.ward]
    changed = replace(_demanded(trainee, stay), forbidden=frozenset({hospital}))
    return changed, Rule("forbidden", (hospital,), (trainee.id,))


def _too_few_in_hospital(
    problem: RotationProblem, trainee: Trainee, stays: Sequence[Stay]
) -> tuple[Trainee, Rule] | None:
    hospitals = {ward.id: ward.hospital for ward in problem.wards}
    inside: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        inside[hospitals[stay.ward]].append(stay)
    largest = max(inside.values(), key=len)
    if len(largest) == 1:
        return None
    for stay in largest:
        trainee = _demanded(trainee, stay)
    most = len(largest) - 1
    cause = Rule("hospital_count", (), (trainee.id,), None, most)
    return replace(trainee, most_in_hospital=most), cause


def _window_against_order(
    problem: RotationProblem, trainee: Trainee, stays: Sequence[Stay]
) -> tuple[Trainee, Rule]:
    first, later = stays[0], stays[1]
    changed = _demanded(_fixed(trainee, later), first, later.start)
    changed = replace(
        changed, orders=(*trainee.orders, Order(first.block, later.block, needed=True))
    )
    window = (later.start, problem.horizon - 1)
    return changed, Rule("window", (first.block,), (trainee.id,), window)
