"""Split a market into parts that do not touch each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cotutelle.engines.matching.entities import StudentId
from cotutelle.engines.matching.exact.pairs import Market, Place

#: Smaller parts are solved together: a call of the solver costs some milliseconds.
_SMALLEST_PAIRS = 100


def parts(market: Market) -> Iterator[Market]:
    """
    Yield markets that share no place whose quotas can bind, the smaller ones first.

    What is best for each is best for all together: sizes, blocking pairs and numbers at a rank
    add up, and the worst rank is that of the worst part.
    """
    together: dict[StudentId, StudentId] = {student: student for student in market.of_student}

    def root(student: StudentId) -> StudentId:
        while together[student] != student:
            together[student] = together[together[student]]
            student = together[student]
        return student

    for place in market.places:
        students = [market.pairs[p].student for block in place.blocks.values() for p in block]
        if _can_bind(market, place):
            for student in students[1:]:
                together[root(student)] = root(students[0])
    pairs_of: dict[StudentId, list[int]] = defaultdict(list)
    for index, pair in enumerate(market.pairs):
        pairs_of[root(pair.student)].append(index)
    waiting: list[int] = []
    groups = sorted(pairs_of.values(), key=len)
    for number, members in enumerate(groups, start=1):
        waiting.extend(members)
        if len(waiting) >= _SMALLEST_PAIRS or number == len(groups):
            yield _part(market, waiting)
            waiting = []
    if not groups:
        yield market


def _part(market: Market, pairs: list[int]) -> Market:
    """Return these pairs, without the minimum quotas of places that other parts fill."""
    part = market.restricted(pairs)
    for place, whole in zip(part.places, market.places, strict=True):
        if whole.blocks and not place.blocks:
            place.lower = 0
    return part


def _can_bind(market: Market, place: Place) -> bool:
    if place.lower:
        return True
    if place.quota is None:
        return False
    most: dict[StudentId, int] = {}
    for block in place.blocks.values():
        for index in block:
            pair = market.pairs[index]
            most[pair.student] = max(most.get(pair.student, 0), place.take(pair.weight))
    return sum(most.values()) > place.quota
