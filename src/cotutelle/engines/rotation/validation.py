"""Everything that can be wrong with a planning problem, found in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward

MAX_HORIZON = 60
"""Most periods of a problem."""

MAX_NUMBER = 1_000_000
"""Largest size of a score, cost, weight or number of places."""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One mistake.

    Parameters
    ----------
    path
        Where: ``trainees['t1'].blocks['icu'].wards``.
    code
        What, for programs.
    message
        The same in a sentence that names the place.
    """

    path: str
    code: str
    message: str


class InvalidProblem(ValueError):
    """A problem that makes no sense; ``faults`` names every mistake."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.message for fault in self.faults))


def validate_problem(problem: RotationProblem) -> None:
    """
    Refuse a problem that makes no sense.

    A problem may be valid and have no plan: leave against a window, a minimum above the maximum
    or more blocks than periods are conflicts to be explained, not mistakes.

    Raises
    ------
    InvalidProblem
        With every mistake at once.

    Notes
    -----
    O(size of the problem) time.
    """
    faults = tuple(find_faults(problem))
    if faults:
        raise InvalidProblem(faults)


def find_faults(problem: RotationProblem) -> Iterator[Fault]:
    """Yield every mistake of ``problem``, each once."""
    yield from _number("horizon", problem.horizon, 1, MAX_HORIZON)
    for name in ("fairness", "smooth", "keep"):
        yield from _number(name, getattr(problem, name), 0)
    if any(_number("", problem.horizon, 1, MAX_HORIZON)):
        return
    yield from _ids("wards", [ward.id for ward in problem.wards])
    yield from _ids("trainees", [trainee.id for trainee in problem.trainees])
    for ward in problem.wards:
        yield from _ward(ward, problem.horizon)
    wards = {ward.id: ward for ward in problem.wards}
    places = wards.keys() | {ward.hospital for ward in problem.wards}
    yield from _two_meanings(wards)
    for trainee in problem.trainees:
        yield from _trainee(trainee, problem.horizon, wards, places)
    yield from _previous(problem, wards)


def _fault(path: str, code: str, message: str) -> Fault:
    return Fault(path, code, f"{path}: {message}")


def _number(
    path: str, value: Any, least: int = -MAX_NUMBER, most: int = MAX_NUMBER
) -> Iterator[Fault]:
    if type(value) is not int:
        yield _fault(path, "not_a_number", f"{value!r} is not a whole number")
    elif not least <= value <= most:
        yield _fault(path, "out_of_range", f"{value} is not from {least} to {most}")


def _ids(path: str, ids: list[str]) -> Iterator[Fault]:
    for id_, count in Counter(ids).items():
        if not isinstance(id_, str) or not id_:
            yield _fault(path, "bad_id", f"{id_!r} is not an id")
        elif any("\ud800" <= character <= "\udfff" for character in id_):
            yield _fault(path, "bad_id", f"{id_!r} is not valid Unicode")
        if count > 1:
            yield _fault(path, "duplicate", f"{id_!r} stands {count} times")


def _ward(ward: Ward, horizon: int) -> Iterator[Fault]:
    path = f"wards[{ward.id!r}]"
    yield from _ids(f"{path}.hospital", [ward.hospital])
    for name in ("upper", "lower", "target"):
        places = getattr(ward, name)
        if places is None or (places == () and name != "upper"):
            continue
        if len(places) != horizon:
            message = f"{len(places)} numbers for {horizon} periods"
            yield _fault(f"{path}.{name}", "wrong_length", message)
        for period, value in enumerate(places):
            yield from _number(f"{path}.{name}[{period}]", value, 0)


def _two_meanings(wards: Mapping[str, Ward]) -> Iterator[Fault]:
    for hospital in sorted({ward.hospital for ward in wards.values()} & wards.keys()):
        if wards[hospital].hospital != hospital:
            message = "is also the name of another hospital"
            yield _fault(f"wards[{hospital!r}]", "two_meanings", message)


def _trainee(
    trainee: Trainee, horizon: int, wards: Mapping[str, Ward], places: set[str]
) -> Iterator[Fault]:
    path = f"trainees[{trainee.id!r}]"
    yield from _ids(f"{path}.blocks", [block.id for block in trainee.blocks])
    for block in trainee.blocks:
        yield from _block(f"{path}.blocks[{block.id!r}]", block, horizon, wards)
    yield from _groups(path, trainee)
    yield from _orders(path, trainee)
    for period in sorted(trainee.away):
        yield from _number(f"{path}.away", period, 0, horizon - 1)
    for place in sorted(trainee.forbidden - places):
        message = f"{place!r} is neither a hospital nor a ward"
        yield _fault(f"{path}.forbidden", "unknown_place", message)
    blocks = {block.id: block for block in trainee.blocks}
    yield from _stays(f"{path}.pins", trainee.pins, blocks, horizon, wards)
    for pin in trainee.pins:
        if pin.block in blocks and pin.ward in wards and pin.ward not in blocks[pin.block].wards:
            message = f"block {pin.block!r} cannot be done in ward {pin.ward!r}"
            yield _fault(f"{path}.pins", "not_allowed_ward", message)
    if trainee.most_in_hospital is not None:
        yield from _number(f"{path}.most_in_hospital", trainee.most_in_hospital, 0)
    yield from _number(f"{path}.idle_cost", trainee.idle_cost, 0)
    yield from _number(f"{path}.change_cost", trainee.change_cost, 0)


def _block(path: str, block: Block, horizon: int, wards: Mapping[str, Ward]) -> Iterator[Fault]:
    yield from _number(f"{path}.months", block.months, 1)
    yield from _number(f"{path}.score", block.score)
    yield from _number(f"{path}.earliest", block.earliest, 0, horizon - 1)
    if block.latest is not None:
        yield from _number(f"{path}.latest", block.latest, 0, horizon - 1)
        if block.latest < block.earliest:
            message = f"latest {block.latest} is before earliest {block.earliest}"
            yield _fault(f"{path}.latest", "empty_window", message)
    for ward, score in block.wards.items():
        if ward not in wards:
            yield _fault(f"{path}.wards", "unknown_ward", f"ward {ward!r} does not exist")
        yield from _number(f"{path}.wards[{ward!r}]", score)


def _groups(path: str, trainee: Trainee) -> Iterator[Fault]:
    sizes = Counter(block.group for block in trainee.blocks if block.group)
    for group in sorted(sizes.keys() - trainee.groups.keys()):
        message = f"how many blocks of group {group!r} are done is not said"
        yield _fault(f"{path}.groups", "group_without_count", message)
    for group, count in trainee.groups.items():
        if not group:
            yield _fault(f"{path}.groups", "bad_id", f"{group!r} is not an id")
        faults = list(_number(f"{path}.groups[{group!r}]", count, 0))
        yield from faults
        if not faults and count > sizes[group]:
            message = f"{count} blocks are to be done and {sizes[group]} are offered"
            yield _fault(f"{path}.groups[{group!r}]", "group_too_small", message)


def _orders(path: str, trainee: Trainee) -> Iterator[Fault]:
    blocks = {block.id for block in trainee.blocks}
    graph: dict[str, set[str]] = {}
    for order in trainee.orders:
        for block in (order.before, order.after):
            if block not in blocks:
                message = f"block {block!r} does not exist"
                yield _fault(f"{path}.orders", "unknown_block", message)
        graph.setdefault(order.after, set()).add(order.before)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " < ".join(error.args[1])
        yield _fault(f"{path}.orders", "circle", f"these come before themselves: {circle}")


def _previous(problem: RotationProblem, wards: Mapping[str, Ward]) -> Iterator[Fault]:
    trainees = {trainee.id: trainee for trainee in problem.trainees}
    for id_, stays in problem.previous.items():
        path = f"previous[{id_!r}]"
        if id_ not in trainees:
            yield _fault(path, "unknown_trainee", "the trainee does not exist")
            continue
        blocks = {block.id: block for block in trainees[id_].blocks}
        faults = list(_stays(path, stays, blocks, problem.horizon, wards))
        yield from faults
        if not faults:
            taken = Counter(
                period
                for stay in stays
                for period in range(stay.start, stay.start + blocks[stay.block].months)
            )
            if any(count > 1 for count in taken.values()):
                yield _fault(path, "overlap", "stays overlap")


def _stays(
    path: str,
    stays: Iterable[Stay],
    blocks: Mapping[str, Block],
    horizon: int,
    wards: Mapping[str, Ward],
) -> Iterator[Fault]:
    stays = list(stays)
    for id_, count in Counter(stay.block for stay in stays).items():
        if id_ not in blocks:
            yield _fault(path, "unknown_block", f"block {id_!r} does not exist")
        if count > 1:
            yield _fault(path, "duplicate", f"block {id_!r} stands {count} times")
    for stay in stays:
        if stay.ward not in wards:
            yield _fault(path, "unknown_ward", f"ward {stay.ward!r} does not exist")
        faults = list(_number(path, stay.start, 0, horizon - 1))
        yield from faults
        block = blocks.get(stay.block)
        if block is None or faults or type(block.months) is not int:
            continue
        if stay.start + block.months > horizon:
            message = f"block {stay.block!r} from {stay.start} ends after the last period"
            yield _fault(path, "outside_horizon", message)
