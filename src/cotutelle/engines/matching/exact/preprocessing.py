"""
Take away pairs that no stable matching holds, until nothing changes.

Two rules, for students and offers in turn. A student whom an offer, its mentor and its groups
can never be full without is *safe* there: all the student likes less goes. Students who are
sure to be at a place as long as somebody worse is there *claim* it: once the claims fill it,
everybody worse goes.

Both keep every stable matching, hence every optimum of every objective.

Source: Irving & Manlove (2009), "Finding large stable matchings", ACM JEA 14, section 3
("hospitals-offer" and "residents-offer"); Delorme et al. (2019), "Mathematical models for stable
matching problems with ties and incomplete lists", EJOR 277(2), 426-441, section 5; here with
places inside places.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from cotutelle.engines.matching.entities import StudentId
from cotutelle.engines.matching.exact.pairs import Market, Place


def reduce_market(market: Market) -> Market:
    """
    Return the market without pairs that no stable matching holds.

    Notes
    -----
    O(rounds x pairs x depth) time; a handful of rounds is usual.
    """
    while True:
        fill = Fill(market)
        kept = set(_without_worse_than_safe(market, fill))
        market, fewer = _narrow(market, kept)
        kept = set(range(len(market.pairs))) - set(_crowded_out(market, Fill(market)))
        market, fewer_still = _narrow(market, kept)
        if not fewer and not fewer_still:
            return market


def _narrow(market: Market, kept: set[int]) -> tuple[Market, bool]:
    if len(kept) == len(market.pairs):
        return market, False
    return market.restricted(kept), True


class Fill:
    """Upper bounds on how much of every place can be taken by people at least as good."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._upto: list[dict[int, int]] = []
        self._own: list[dict[tuple[int, str], int]] = []
        for place in market.places:
            upto, own = self._read(place)
            self._upto.append(upto)
            self._own.append(own)

    def _read(self, place: Place) -> tuple[dict[int, int], dict[tuple[int, str], int]]:
        pairs = self.market.pairs
        taken: dict[str, int] = {}
        total = 0
        upto: dict[int, int] = {}
        own: dict[tuple[int, str], int] = {}
        for position in sorted(place.blocks):
            seen = {s for s in map(self._student, place.blocks[position]) if s in taken}
            for index in place.blocks[position]:
                pair = pairs[index]
                weight = place.take(pair.weight)
                before = taken.get(pair.student, 0)
                if weight > before:
                    taken[pair.student] = weight
                    total += weight - before
            equal = self._equals(place, position, taken)
            upto[position] = total + equal
            for student in map(self._student, place.blocks[position]):
                own[position, student] = 0 if student in seen else taken[student]
        return upto, own

    def _student(self, index: int) -> StudentId:
        return self.market.pairs[index].student

    def _equals(self, place: Place, position: int, taken: dict[str, int]) -> int:
        equal = 0
        for later in place.equals.get(position, ()):
            block = place.blocks.get(later)
            if block:
                student = self.market.pairs[block[0]].student
                weight = max(place.take(self.market.pairs[p].weight) for p in block)
                equal += max(0, weight - taken.get(student, 0))
        return equal

    def can_refuse(self, index: int, seat: int) -> bool:
        """Whether place ``seat`` of the pair's chain may be full of others as good."""
        pair = self.market.pairs[index]
        number, position = pair.seats[seat]
        place = self.market.places[number]
        if place.quota is None:
            return False
        others = self._upto[number][position] - self._own[number][position, pair.student]
        return others + place.take(pair.weight) > place.quota


def _without_worse_than_safe(market: Market, fill: Fill) -> Iterator[int]:
    for listed in market.of_student.values():
        safe = None
        for index in listed:
            pair = market.pairs[index]
            if safe is not None and pair.tier > safe:
                break
            yield index
            if safe is None and not any(
                fill.can_refuse(index, seat) for seat in range(len(pair.seats))
            ):
                safe = pair.tier


def _crowded_out(market: Market, fill: Fill) -> Iterator[int]:
    """Yield the pairs at places that the claims of better students fill."""
    claims: dict[int, dict[StudentId, int]] = defaultdict(dict)
    for student, listed in market.of_student.items():
        for number, position in _claims(market, fill, listed):
            best = claims[number].get(student, position)
            claims[number][student] = min(best, position)
    for number, place in enumerate(market.places):
        if place.quota is not None and len(claims[number]) >= place.quota:
            yield from _worse_than_claims(market, place, place.quota, claims[number])


def _claims(market: Market, fill: Fill, listed: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the places where the student will be as long as anybody behind the position is."""
    inside: dict[int, int] | None = None  # place that holds all choices so far -> worst position
    for _, tied in groupby(listed, key=lambda index: market.pairs[index].tier):
        tier = list(tied)
        for index in tier:
            inside = _still_inside(market, inside, index)
        if not inside:
            return
        for index in tier:
            for seat, (number, _) in enumerate(market.pairs[index].seats):
                if number in inside:
                    yield number, inside[number]
                if not market.unit or fill.can_refuse(index, seat):
                    break


def _still_inside(market: Market, inside: dict[int, int] | None, index: int) -> dict[int, int]:
    left: dict[int, int] = {}
    for number, position in market.pairs[index].seats:
        if inside is None or number in inside:
            equals = market.places[number].equals.get(position, (position,))
            worst = -1 if inside is None else inside[number]
            left[number] = max(worst, position, equals[-1])
    return left


def _worse_than_claims(
    market: Market, place: Place, quota: int, claims: dict[StudentId, int]
) -> Iterator[int]:
    positions = sorted(claims.values())
    for position, block in place.blocks.items():
        better = bisect_left(positions, position)
        for index in block:
            own = claims.get(market.pairs[index].student, position)
            if better - (own < position) >= quota:
                yield index
