"""
Student-proposing deferred acceptance for student-project allocation with ties (SPA-ST).

Students rank offers, mentors rank students, offers lie inside mentors, both have upper
quotas. Ties are broken first, by the published lottery; the matching of the strict instance
is stable for it, therefore weakly stable for the instance with ties.

Sources: Abraham, Irving & Manlove (2007), "Two algorithms for the student-project allocation
problem", J. Discrete Algorithms 5(1), 73-90, algorithm SPA-student; Cooper & Manlove (2018),
"A 3/2-approximation algorithm for the student-project allocation problem", SEA 2018, for
SPA-ST and weak stability.

Groups above mentors with an upper quota rank the applications below them by the order of the
unit (see `priority`). Offers, mentors and groups are then a laminar family of quotas whose orders
agree: what a set may hold is a matroid, and taking back the worst of the smallest set that
overflows is its greedy choice. Deferred acceptance stays student-optimal, and honest lists stay
the best ones: Fleiner (2003), "A fixed-point approach to stable matchings and some applications",
Mathematics of Operations Research 28(1), matroid kernels; Kamada & Kojima (2018), "Stability and
strategy-proofness for matching with constraints", Theoretical Economics 13(2), for hierarchies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace

from cotutelle.engines.matching.entities import GroupId, MentorId, OfferId, StudentId
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.priority import chain_of, unit_orders
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import LowerQuotaMissed, Matching, Unsupported
from cotutelle.engines.matching.shortfalls import missed_minimums

ALGORITHM = "spa-st student-proposing deferred acceptance"
ALGORITHM_VERSION = 1


@dataclass(slots=True)
class _Unit:
    """The state of a group whose quota can be reached; ranks are places in its order."""

    room: int
    held: list[int] = field(default_factory=list)  # heap of -place; may hold people who left
    sitting: dict[int, tuple[_Desk, StudentId]] = field(default_factory=dict)  # by place
    worst_welcome: int = -1


@dataclass(slots=True)
class _Desk:
    """The state of one mentor; ranks are positions in her strict order, 0 is the best."""

    order: list[StudentId]
    rank_of: dict[StudentId, int]
    room: int
    seat_of: dict[StudentId, _Seats]
    held: list[int] = field(default_factory=list)  # heap of -rank; may hold people who left
    worst_welcome: int = -1  # once full: nobody behind this rank is heard again
    units: list[tuple[_Unit, list[int]]] = field(default_factory=list)  # inner first; places


@dataclass(slots=True)
class _Seats:
    """The state of one offer. ``desk_binds`` when a quota above it can be reached."""

    desk: _Desk
    room: int
    desk_binds: bool
    held: list[int] = field(default_factory=list)  # heap of -rank, the worst on top
    worst_welcome: int = -1


def match_students(problem: MatchingProblem) -> Matching:
    """
    Return the student-optimal stable matching of the market with its ties broken.

    Parameters
    ----------
    problem
        The market. Pinned students are seated first and take their places from the quotas of
        offer, mentor and groups; banned pairs are passed over. Minimum quotas are left aside.

    Returns
    -------
    Matching
        Weakly stable; no student could do better in any matching that is stable for the
        tie-broken instance, nor by handing in another list. The same market gives the same
        result, whatever the order of keys.

    Raises
    ------
    LowerQuotaMissed
        When the matching misses a minimum quota.
    ValueError
        When an offer has a weight above 1.

    Notes
    -----
    O(L log q) time and O(L) memory, for L the total length of all lists and q the greatest
    quota. An offer that overflows gives up its worst student, a mentor the worst of all her
    offers; once full, nobody behind the worst is heard again: these are the deletions of the
    published algorithm. Groups that can fill up cost the sorting of what lies below them.
    """
    refuse_weights(problem)
    lottery = Lottery(problem.seed)
    matching = propose_all(problem, lottery, strict_lists(problem, lottery))
    missed = missed_minimums(problem, matching.offer_of)
    if missed:
        raise LowerQuotaMissed(missed)
    return matching


def refuse_weights(problem: MatchingProblem) -> None:
    """Raise the `Unsupported` of the algorithms that count every student as one place."""
    if any(offer.weight != 1 for offer in problem.offers.values()):
        raise Unsupported("offers", "weights above 1 need the exact algorithm")


def strict_lists(problem: MatchingProblem, lottery: Lottery) -> dict[MentorId, list[StudentId]]:
    """Return every mentor's list with its ties broken."""
    return {key: lottery.break_ties(one.preferences) for key, one in problem.mentors.items()}


def propose_all(
    problem: MatchingProblem, lottery: Lottery, lists: Mapping[MentorId, list[StudentId]]
) -> Matching:
    """
    Return the matching of `match_students` for mentors who rank by ``lists``.

    Parameters
    ----------
    problem, lottery
        The market, without weights, and the lottery of its seed.
    lists
        Mentor -> her strict list; those of ``problem`` are not read.
    """
    seats = _open_seats(problem, lottery, lists)
    choices = _choices(problem, lottery)
    held: dict[StudentId, OfferId] = {s: pin.offer_id for s, pin in problem.pins.items()}
    proposals = 0
    for first in choices:
        student: StudentId | None = first
        while student is not None:
            student, tried = _seat(student, choices[student], seats, held)
            proposals += tried
    return Matching(
        offer_of=dict(sorted(held.items())),
        proposals=proposals,
        pinned=frozenset(problem.pins),
    )


def _seat(
    student: StudentId,
    wanted: Iterator[OfferId],
    seats: Mapping[OfferId, _Seats],
    held: dict[StudentId, OfferId],
) -> tuple[StudentId | None, int]:
    """Let one student propose until seated or done; return who was displaced, and the tries."""
    tried = 0
    for offer in wanted:
        tried += 1
        rejected = _propose(seats[offer], student)
        if rejected != student:
            held[student] = offer
            return rejected, tried
    held.pop(student, None)
    return None, tried


def _propose(seats: _Seats, student: StudentId) -> StudentId | None:
    """Return who goes away without a place: nobody, the student, or somebody displaced."""
    desk = seats.desk
    rank = desk.rank_of.get(student)
    if rank is None:
        return student
    if seats.desk_binds:
        return _propose_shared(seats, student, rank)
    if seats.room:
        seats.room -= 1
        heappush(seats.held, -rank)
        return None
    if not seats.held or rank > -seats.held[0]:
        return student
    return desk.order[-heapreplace(seats.held, -rank)]


def _propose_shared(seats: _Seats, student: StudentId, rank: int) -> StudentId | None:
    desk = seats.desk
    if desk.units:
        return _propose_in_units(seats, student, rank)
    if rank > desk.worst_welcome or rank > seats.worst_welcome:
        return student
    heappush(seats.held, -rank)
    heappush(desk.held, -rank)
    seats.room -= 1
    desk.room -= 1
    desk.seat_of[student] = seats
    displaced: StudentId | None = None
    if seats.room < 0:
        displaced = desk.order[-seats.held[0]]
    elif desk.room < 0:
        displaced = desk.order[_worst_rank(desk)]
    if displaced is not None:
        # The worst of a desk is the worst of its own offer too, hence on top of that heap.
        left = desk.seat_of.pop(displaced)
        heappop(left.held)
        left.room += 1
        desk.room += 1
    if seats.room == 0:
        seats.worst_welcome = -seats.held[0]
    if desk.room == 0:
        desk.worst_welcome = _worst_rank(desk)
    return displaced


def _propose_in_units(seats: _Seats, student: StudentId, rank: int) -> StudentId | None:
    desk = seats.desk
    if rank > min(desk.worst_welcome, seats.worst_welcome):
        return student
    for unit, places in desk.units:
        if places[rank] > unit.worst_welcome:
            return student
    heappush(seats.held, -rank)
    heappush(desk.held, -rank)
    seats.room -= 1
    desk.room -= 1
    desk.seat_of[student] = seats
    for unit, places in desk.units:
        heappush(unit.held, -places[rank])
        unit.room -= 1
        unit.sitting[places[rank]] = (desk, student)
    displaced = _worst_of_smallest(seats)
    if displaced is not None:
        _unseat(*displaced)
    if seats.room == 0:
        seats.worst_welcome = -seats.held[0]
    if desk.room == 0:
        desk.worst_welcome = _worst_rank(desk)
    for unit, _ in desk.units:
        if unit.room == 0:
            unit.worst_welcome = _worst_place(unit)
    return None if displaced is None else displaced[1]


def _worst_of_smallest(overflowing: _Seats) -> tuple[_Desk, StudentId] | None:
    """Return the worst of the smallest set that overflows, of those an offer lies in."""
    desk = overflowing.desk
    if overflowing.room < 0:
        return desk, desk.order[-overflowing.held[0]]
    if desk.room < 0:
        return desk, desk.order[_worst_rank(desk)]
    for unit, _ in desk.units:
        if unit.room < 0:
            return unit.sitting[_worst_place(unit)]
    return None


def _unseat(desk: _Desk, student: StudentId) -> None:
    """Free the place of somebody who is the worst of a set, hence of all smaller ones too."""
    rank = desk.rank_of[student]
    seats = desk.seat_of.pop(student)
    heappop(seats.held)
    seats.room += 1
    desk.room += 1
    for unit, places in desk.units:
        unit.room += 1
        del unit.sitting[places[rank]]


def _worst_place(unit: _Unit) -> int:
    while -unit.held[0] not in unit.sitting:
        heappop(unit.held)
    return -unit.held[0]


def _worst_rank(desk: _Desk) -> int:
    while desk.order[-desk.held[0]] not in desk.seat_of:
        heappop(desk.held)
    return -desk.held[0]


def _choices(problem: MatchingProblem, lottery: Lottery) -> dict[StudentId, Iterator[OfferId]]:
    banned_students = {student for student, _ in problem.bans}
    choices: dict[StudentId, Iterator[OfferId]] = {}
    for student, preferences in problem.student_preferences.items():
        if student in problem.pins:
            continue
        order = lottery.break_ties(preferences)
        if student in banned_students:
            order = [offer for offer in order if (student, offer) not in problem.bans]
        choices[student] = iter(order)
    return choices


def _open_seats(
    problem: MatchingProblem, lottery: Lottery, lists: Mapping[MentorId, list[StudentId]]
) -> dict[OfferId, _Seats]:
    pinned_at_offer = Counter(pin.offer_id for pin in problem.pins.values())
    pinned_at_mentor: Counter[MentorId] = Counter()
    for offer_id, count in pinned_at_offer.items():
        pinned_at_mentor[problem.offers[offer_id].mentor_id] += count
    places: Counter[MentorId] = Counter()
    for offer_id, offer in problem.offers.items():
        places[offer.mentor_id] += offer.quota - pinned_at_offer[offer_id]
    desks: dict[MentorId, _Desk] = {}
    for mentor_id, mentor in problem.mentors.items():
        order = lists[mentor_id]
        room = mentor.quota - pinned_at_mentor[mentor_id]
        desk = _Desk(order, dict(zip(order, range(len(order)), strict=True)), room, {})
        desk.worst_welcome = len(order) if room else -1
        desks[mentor_id] = desk
    if problem.groups:
        _open_units(problem, lottery, lists, desks, places)
    seats: dict[OfferId, _Seats] = {}
    for offer_id, offer in problem.offers.items():
        desk = desks[offer.mentor_id]
        room = offer.quota - pinned_at_offer[offer_id]
        entry = _Seats(desk, room, desk_binds=places[offer.mentor_id] > desk.room)
        if desk.units:
            entry.desk_binds = True
        entry.worst_welcome = len(desk.order) if room else -1
        seats[offer_id] = entry
    return seats


def _open_units(
    problem: MatchingProblem,
    lottery: Lottery,
    lists: Mapping[MentorId, list[StudentId]],
    desks: Mapping[MentorId, _Desk],
    places: Mapping[MentorId, int],
) -> None:
    """Give the desks the groups they lie in, of those whose quota can be reached."""
    rooms = _binding_rooms(problem, desks, places)
    orders = unit_orders(problem, lottery, lists, rooms)
    units = {key: _Unit(room) for key, room in rooms.items()}
    for key, unit in units.items():
        unit.worst_welcome = sum(map(len, orders[key].values())) if unit.room else -1
    for mentor_id, desk in desks.items():
        if desk.order:
            for key in chain_of(problem.mentors[mentor_id], problem.groups):
                if key in units:
                    desk.units.append((units[key], orders[key][mentor_id]))


def _binding_rooms(
    problem: MatchingProblem, desks: Mapping[MentorId, _Desk], places: Mapping[MentorId, int]
) -> dict[GroupId, int]:
    """Return the free places of every group that has fewer than its mentors together."""
    below: Counter[GroupId] = Counter()
    pinned: Counter[GroupId] = Counter()
    for mentor_id, desk in desks.items():
        mentor = problem.mentors[mentor_id]
        for key in chain_of(mentor, problem.groups):
            below[key] += min(desk.room, places[mentor_id])
            pinned[key] += mentor.quota - desk.room
    rooms: dict[GroupId, int] = {}
    for key, group in problem.groups.items():
        if group.quota is not None and group.quota - pinned[key] < below[key]:
            rooms[key] = group.quota - pinned[key]
    return rooms
