"""What happens to a plan in force, as functions from problem to problem; nothing is re-planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward

LEFT = "~left"
"""Group of the blocks that a trainee who left does not do any more (count 0)."""

REST = "~rest"
"""Ending of the block that holds the remaining months of an interrupted one."""


def ward_loses_places(
    problem: RotationProblem,
    ward: str,
    from_period: int,
    *,
    share: float | None = None,
    places: int | None = None,
) -> RotationProblem:
    """
    Lower the places of a ward from a period on; its minimum falls with them.

    Parameters
    ----------
    problem
        The problem of the plan in force.
    ward
        Which ward.
    from_period
        First period concerned.
    share
        Share of the places lost (0–1), rounded so that the ward keeps the larger half; or
    places
        Places that are left in each period.

    Raises
    ------
    ValueError
        There is no such ward; ``share`` of a ward without a bound; both or neither were given.
    """
    found = next((each for each in problem.wards if each.id == ward), None)
    if found is None:
        raise ValueError(f"ward: there is no ward {ward}")
    if (share is None) == (places is None):
        raise ValueError("share: give either the share lost or the places left")
    if share is not None and found.upper is None:
        raise ValueError(f"share: ward {ward} has no bound to lose a share of")
    everybody = (len(problem.trainees),) * problem.horizon
    upper = tuple(
        most if period < from_period else min(most, _left(most, share, places))
        for period, most in enumerate(found.upper or everybody)
    )
    lower = tuple(
        least if period < from_period else min(least, upper[period])
        for period, least in enumerate(found.lower)
    )
    changed = replace(found, upper=upper, lower=lower)
    wards = tuple(changed if each.id == ward else each for each in problem.wards)
    return replace(problem, wards=wards)


def _left(most: int, share: float | None, places: int | None) -> int:
    return places if places is not None else most - int(most * (share or 0))


def ward_closes(problem: RotationProblem, ward: str, from_period: int) -> RotationProblem:
    """Leave no place in ``ward`` from ``from_period`` on. Raises ValueError: no such ward."""
    return ward_loses_places(problem, ward, from_period, places=0)


def agreement_ends(
    problem: RotationProblem, wards: Iterable[str], from_period: int
) -> RotationProblem:
    """Close all ``wards`` (of a partner, say) from ``from_period`` on; ValueError as above."""
    for ward in sorted(set(wards)):
        problem = ward_closes(problem, ward, from_period)
    return problem


def trainee_away(problem: RotationProblem, trainee: str, periods: Iterable[int]) -> RotationProblem:
    """Add ``periods`` of leave to ``trainee``. Raises ValueError where there is none such."""
    person = _person(problem, trainee)
    within = {period for period in periods if 0 <= period < problem.horizon}
    return _with(problem, replace(person, away=person.away | within))


def trainee_leaves(
    problem: RotationProblem,
    stays: Mapping[str, Sequence[Stay]],
    trainee: str,
    from_period: int,
) -> RotationProblem:
    """
    Keep what a trainee has done before ``from_period`` and demand nothing more.

    Parameters
    ----------
    problem
        The problem of the plan in force.
    stays
        The plan in force.
    trainee
        Who leaves.
    from_period
        First period in which the trainee is not there; a stay in progress is cut.

    Returns
    -------
    The problem with the trainee's past pinned and ``previous`` set to the plan in force, in the
    blocks of the new problem.

    Raises
    ------
    ValueError
        There is no such trainee.
    """
    person = _person(problem, trainee)
    mine = sorted(stays.get(trainee, ()), key=lambda stay: stay.start)
    person, mine = _cut_all(person, mine, {stay.block: from_period for stay in mine})
    done = [stay for stay in mine if stay.start < from_period]
    kept = {stay.block for stay in done}
    blocks = tuple(
        block if block.id in kept else replace(block, group=LEFT) for block in person.blocks
    )
    counts = Counter(block.group for block in blocks if block.group and block.id in kept)
    person = replace(
        person,
        blocks=blocks,
        groups={group: counts[group] for group in {*person.groups, LEFT}},
        orders=tuple(order for order in person.orders if order.after in kept),
        away=person.away | frozenset(range(from_period, problem.horizon)),
        pins=tuple(done),
    )
    return replace(_with(problem, person), previous={**_tuples(stays), trainee: tuple(mine)})


def freeze_past(
    problem: RotationProblem, stays: Mapping[str, Sequence[Stay]], now: int
) -> RotationProblem:
    """
    Pin everything that began before ``now``.

    A stay in progress is finished where it is, even where places were lost (the ward then has as
    many places as people who are already there). Only where the ward is closed or the trainee
    away is it cut: the months done are pinned and the remaining ones become a block of their own.

    Parameters
    ----------
    problem
        The problem as it is now, with what happened (see the other functions).
    stays
        The plan in force; where ``problem.previous`` names the trainee (as `trainee_leaves`
        leaves it), that is taken instead.
    now
        First period that can still be planned.

    Returns
    -------
    The problem to re-plan; its ``previous`` is the plan in force in the new blocks.
    """
    wards = {ward.id: ward for ward in problem.wards}
    frozen: list[Trainee] = []
    previous: dict[str, tuple[Stay, ...]] = {}
    for trainee in problem.trainees:
        known = problem.previous.get(trainee.id, stays.get(trainee.id))
        if known is None:
            frozen.append(trainee)
            continue
        person, mine = _frozen(trainee, sorted(known, key=lambda stay: stay.start), wards, now)
        frozen.append(person)
        previous[trainee.id] = tuple(mine)
    changed = replace(problem, trainees=tuple(frozen), previous=previous)
    return replace(changed, wards=_room_for_pins(changed, now))


def _frozen(
    trainee: Trainee, stays: list[Stay], wards: Mapping[str, Ward], now: int
) -> tuple[Trainee, list[Stay]]:
    months = {block.id: block.months for block in trainee.blocks}
    cuts = {}
    for stay in stays:
        upper = wards[stay.ward].upper
        for period in range(max(now, stay.start), stay.start + months[stay.block]):
            if period in trainee.away or (upper is not None and upper[period] == 0):
                cuts[stay.block] = period
                break
    begun = {stay.block for stay in stays if stay.start < now}
    cuts = {block: period for block, period in cuts.items() if block in begun}
    trainee, stays = _cut_all(trainee, stays, cuts)
    past = [stay for stay in stays if stay.block in begun]
    months = {block.id: block.months for block in trainee.blocks}
    occupied = {p for stay in past for p in range(stay.start, stay.start + months[stay.block])}
    kept = tuple(pin for pin in trainee.pins if pin.block not in begun and _open(pin, wards))
    trainee = replace(trainee, pins=(*past, *kept), away=trainee.away - occupied)
    return _past_forbidden(trainee, past, wards), stays


def _open(pin: Stay, wards: Mapping[str, Ward]) -> bool:
    upper = wards[pin.ward].upper
    return upper is None or upper[pin.start] > 0


def _past_forbidden(trainee: Trainee, past: list[Stay], wards: Mapping[str, Ward]) -> Trainee:
    """Forbid for the future alone what the past was done in."""
    been = {place for stay in past for place in (stay.ward, wards[stay.ward].hospital)}
    gone = trainee.forbidden & been
    if not gone:
        return trainee
    fixed = {stay.block for stay in past}
    blocks = tuple(
        block if block.id in fixed else replace(block, wards=_outside(block, gone, wards))
        for block in trainee.blocks
    )
    return replace(trainee, blocks=blocks, forbidden=trainee.forbidden - gone)


def _outside(block: Block, gone: frozenset[str], wards: Mapping[str, Ward]) -> dict[str, int]:
    return {
        ward: score
        for ward, score in block.wards.items()
        if not gone & {ward, wards[ward].hospital}
    }


def _cut_all(
    trainee: Trainee, stays: list[Stay], cuts: Mapping[str, int]
) -> tuple[Trainee, list[Stay]]:
    """Cut the stays in ``cuts`` (block → period) that are in progress then."""
    months = {block.id: block.months for block in trainee.blocks}
    made: list[Stay] = []
    for stay in stays:
        made.append(stay)
        at = cuts.get(stay.block)
        if at is None or not stay.start < at < stay.start + months[stay.block]:
            continue
        rest = stay.block + REST
        while rest in months:
            rest += REST
        trainee = _cut(trainee, stay.block, rest, at - stay.start)
        made.append(Stay(rest, stay.ward, at))
    return trainee, made


def _cut(trainee: Trainee, name: str, rest: str, done_months: int) -> Trainee:
    """Split a block that is being done (so its elective group is already decided for it)."""
    blocks: list[Block] = []
    for block in trainee.blocks:
        if block.id != name:
            blocks.append(block)
            continue
        blocks.append(replace(block, months=done_months))
        left = block.months - done_months
        blocks.append(replace(block, id=rest, months=left, group="", score=0))
    orders = [
        *trainee.orders,
        *(replace(order, before=rest) for order in trainee.orders if order.before == name),
    ]
    return replace(trainee, blocks=tuple(blocks), orders=tuple(orders))


def _room_for_pins(problem: RotationProblem, now: int) -> tuple[Ward, ...]:
    load: Counter[tuple[str, int]] = Counter()
    for trainee in problem.trainees:
        months = {block.id: block.months for block in trainee.blocks}
        begun = {stay for stay in trainee.pins if stay.start < now}
        for stay in begun:
            for period in range(stay.start, stay.start + months[stay.block]):
                load[stay.ward, period] += 1
    return tuple(_room(ward, load, now) for ward in problem.wards)


def _room(ward: Ward, load: Counter[tuple[str, int]], now: int) -> Ward:
    upper, lower = ward.upper, ward.lower
    if upper is not None:
        upper = tuple(max(most, load[ward.id, period]) for period, most in enumerate(upper))
    lower = tuple(
        min(least, load[ward.id, period]) if period < now else least
        for period, least in enumerate(lower)
    )
    return replace(ward, upper=upper, lower=lower)


def _person(problem: RotationProblem, trainee: str) -> Trainee:
    found = next((each for each in problem.trainees if each.id == trainee), None)
    if found is None:
        raise ValueError(f"trainee: there is no trainee {trainee}")
    return found


def _with(problem: RotationProblem, person: Trainee) -> RotationProblem:
    trainees = tuple(person if each.id == person.id else each for each in problem.trainees)
    return replace(problem, trainees=trainees)


def _tuples(stays: Mapping[str, Sequence[Stay]]) -> dict[str, tuple[Stay, ...]]:
    return {trainee: tuple(mine) for trainee, mine in stays.items()}
