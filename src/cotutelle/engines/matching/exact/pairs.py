"""
The market in the form the model reads: pairs that may be matched, and the places they take.

A *place* is anything with a quota: an offer, a mentor, a group. Pinned students are constants:
their pairs are left out and every place is smaller by what they take.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cotutelle.engines.matching.entities import MentorId, OfferId, StudentId
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.preferences import tie_groups
from cotutelle.engines.matching.priority import chain_of as chain_of_mentor
from cotutelle.engines.matching.priority import unit_orders
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Level


@dataclass(frozen=True, slots=True)
class Pair:
    """
    A student and an offer who accept each other.

    Attributes
    ----------
    tier
        Number of the student's tie group, 0 the best.
    rank
        1 + the number of offers the student strictly prefers.
    seats
        (place, position in its order), innermost place first.
    """

    student: StudentId
    offer: OfferId
    tier: int
    rank: int
    weight: int
    seats: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Place:
    """
    An offer, mentor or group.

    Attributes
    ----------
    quota, lower
        What is left for students who are not pinned; ``quota`` None for no limit, ``lower``
        never below 0.
    blocks
        Position -> pairs there, the best first; a tie of the mentor is one position in her
        order and in those of her offers. In the order of a group everybody has one.
    equals
        Position -> later positions that are at least as good all the same (groups only: the
        same mentor ranks them equal).
    """

    level: Level
    key: str
    quota: int | None
    lower: int
    blocks: dict[int, list[int]] = field(default_factory=dict)
    equals: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def take(self, weight: int) -> int:
        """How much a student at an offer of this weight takes here."""
        return 1 if self.level == "offer" else weight


@dataclass(slots=True)
class Market:
    """
    Everything the preprocessing and the model need.

    Attributes
    ----------
    pairs
        All pairs of students who are not pinned, bans left out.
    places
        Offers, mentors, groups.
    of_student
        Student -> pairs, best first.
    pinned
        Student -> offer.
    unit
        Whether every weight is 1.
    """

    pairs: list[Pair]
    places: list[Place]
    of_student: dict[StudentId, list[int]]
    pinned: dict[StudentId, OfferId]
    unit: bool

    def restricted(self, alive: Iterable[int]) -> Market:
        """Return the market with only these pairs, numbered anew, and all places."""
        kept = sorted(alive)
        number = {old: new for new, old in enumerate(kept)}
        places = [
            Place(
                place.level,
                place.key,
                place.quota,
                place.lower,
                {
                    position: left
                    for position, block in place.blocks.items()
                    if (left := [number[pair] for pair in block if pair in number])
                },
                place.equals,
            )
            for place in self.places
        ]
        of_student = {
            student: left
            for student, listed in self.of_student.items()
            if (left := [number[pair] for pair in listed if pair in number])
        }
        return Market([self.pairs[p] for p in kept], places, of_student, self.pinned, self.unit)


def read_market(problem: MatchingProblem) -> Market:
    """Return the pairs and places of ``problem``, the same whatever the order of its keys."""
    places = _places(problem)
    number = {(place.level, place.key): index for index, place in enumerate(places)}
    ties = {
        mentor: {s: tie for tie, group in enumerate(tie_groups(m.preferences)) for s in group}
        for mentor, m in problem.mentors.items()
    }
    orders = _group_orders(problem)
    market = Market([], places, {}, {s: p.offer_id for s, p in problem.pins.items()}, unit=True)
    chains = {offer: list(chain_of(problem, offer)) for offer in problem.offers}
    for student in sorted(problem.student_preferences):
        if student in problem.pins:
            continue
        for tier, rank, offer in _choices(problem, student):
            chosen = problem.offers[offer]
            tie = ties[chosen.mentor_id].get(student)
            if tie is None:
                continue
            positions = (
                orders[key][chosen.mentor_id, student]
                if level == "group" and key in orders
                else tie
                for level, key in chains[offer]
            )
            seats = tuple(
                (number[link], position)
                for link, position in zip(chains[offer], positions, strict=True)
            )
            _add(market, Pair(student, offer, tier, rank, chosen.weight, seats))
    _mark_equals(problem, market, orders, number)
    return market


def chain_of(problem: MatchingProblem, offer_id: OfferId) -> Iterator[tuple[Level, str]]:
    """Yield the offer, its mentor, the mentor's group, its parent, ..."""
    offer = problem.offers[offer_id]
    yield "offer", offer_id
    yield "mentor", offer.mentor_id
    for group_id in chain_of_mentor(problem.mentors[offer.mentor_id], problem.groups):
        yield "group", group_id


def _add(market: Market, pair: Pair) -> None:
    index = len(market.pairs)
    market.pairs.append(pair)
    market.of_student.setdefault(pair.student, []).append(index)
    market.unit = market.unit and pair.weight == 1
    for place, position in pair.seats:
        market.places[place].blocks.setdefault(position, []).append(index)


def _choices(problem: MatchingProblem, student: StudentId) -> Iterator[tuple[int, int, OfferId]]:
    rank = 1
    for tier, group in enumerate(tie_groups(problem.student_preferences[student])):
        for offer in sorted(group):
            if (student, offer) not in problem.bans:
                yield tier, rank, offer
        rank += len(group)


def _places(problem: MatchingProblem) -> list[Place]:
    pinned: dict[tuple[Level, str], int] = defaultdict(int)
    for pin in problem.pins.values():
        weight = problem.offers[pin.offer_id].weight
        for level, key in chain_of(problem, pin.offer_id):
            pinned[level, key] += 1 if level == "offer" else weight
    owners: list[tuple[Level, Mapping[str, object]]] = [
        ("offer", problem.offers),
        ("mentor", problem.mentors),
        ("group", problem.groups),
    ]
    places = []
    for level, table in owners:
        for key in sorted(table):
            owner = table[key]
            quota: int | None = getattr(owner, "quota")  # noqa: B009
            lower: int = getattr(owner, "lower_quota")  # noqa: B009
            taken = pinned[level, key]
            left = None if quota is None else quota - taken
            places.append(Place(level, key, left, max(0, lower - taken)))
    return places


def _group_orders(
    problem: MatchingProblem,
) -> dict[str, dict[tuple[MentorId, StudentId], int]]:
    """Return the order of every capped group: application (mentor, student) -> position."""
    lottery = Lottery(problem.seed)
    capped = [name for name, group in problem.groups.items() if group.quota is not None]
    if not capped:
        return {}
    lists = {key: lottery.break_ties(mentor.preferences) for key, mentor in problem.mentors.items()}
    return {
        name: {
            (mentor, student): position
            for mentor, positions in order.items()
            for student, position in zip(lists[mentor], positions, strict=True)
        }
        for name, order in unit_orders(problem, lottery, lists, capped).items()
    }


def _mark_equals(
    problem: MatchingProblem,
    market: Market,
    orders: Mapping[str, Mapping[tuple[MentorId, StudentId], int]],
    number: Mapping[tuple[Level, str], int],
) -> None:
    """Note for every capped group who comes later in its order and is as good to the mentor."""
    for mentor, data in problem.mentors.items():
        tied = [group for group in tie_groups(data.preferences) if len(group) > 1]
        for group_id in chain_of_mentor(data, problem.groups):
            if group_id not in orders:
                continue
            place = market.places[number["group", group_id]]
            for students in tied:
                positions = sorted(orders[group_id][mentor, student] for student in students)
                for index, position in enumerate(positions[:-1]):
                    place.equals[position] = tuple(positions[index + 1 :])
