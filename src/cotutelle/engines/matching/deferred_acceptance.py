"""
Student-proposing deferred acceptance for student-project allocation with ties (SPA-ST).

Students rank offers, mentors rank students, offers lie inside mentors, both have upper
quotas. Ties are broken first, by the published lottery; the matching of the strict instance
is stable for it, therefore weakly stable for the instance with ties.

Sources: Abraham, Irving & Manlove (2007), "Two algorithms for the student-project allocation
problem", J. Discrete Algorithms 5(1), 73-90, algorithm SPA-student; Cooper & Manlove (2018),
"A 3/2-approximation algorithm for the student-project allocation problem", SEA 2018, for
SPA-ST and weak stability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace

from cotutelle.engines.matching.entities import MentorId, OfferId, StudentId
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Matching

ALGORITHM = "spa-st student-proposing deferred acceptance"
ALGORITHM_VERSION = 1


@dataclass(slots=True)
class _Desk:
    """The state of one mentor; ranks are positions in her strict order, 0 is the best."""

    order: list[StudentId]
    rank_of: dict[StudentId, int]
    room: int
    seat_of: dict[StudentId, _Seats]
    held: list[int] = field(default_factory=list)  # heap of -rank; may hold people who left
    worst_welcome: int = -1  # once full: nobody behind this rank is heard again


@dataclass(slots=True)
class _Seats:
    """The state of one offer. ``desk_binds`` when the mentor's own quota can be reached."""

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
        offer and mentor; banned pairs are passed over.

    Returns
    -------
    Matching
        Weakly stable; no student could do better in any matching that is stable for the
        tie-broken instance, nor by handing in another list. The same market gives the same
        result, whatever the order of keys.

    Notes
    -----
    O(L log q) time and O(L) memory, for L the total length of all lists and q the greatest
    quota. An offer that overflows gives up its worst student, a mentor the worst of all her
    offers; once full, nobody behind the worst is heard again: these are the deletions of the
    published algorithm.
    """
    lottery = Lottery(problem.seed)
    seats = _open_seats(problem, lottery)
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


def _open_seats(problem: MatchingProblem, lottery: Lottery) -> dict[OfferId, _Seats]:
    pinned_at_offer = Counter(pin.offer_id for pin in problem.pins.values())
    pinned_at_mentor: Counter[MentorId] = Counter()
    for offer_id, count in pinned_at_offer.items():
        pinned_at_mentor[problem.offers[offer_id].mentor_id] += count
    places: Counter[MentorId] = Counter()
    for offer_id, offer in problem.offers.items():
        places[offer.mentor_id] += offer.quota - pinned_at_offer[offer_id]
    desks: dict[MentorId, _Desk] = {}
    for mentor_id, mentor in problem.mentors.items():
        order = lottery.break_ties(mentor.preferences)
        room = mentor.quota - pinned_at_mentor[mentor_id]
        desk = _Desk(order, dict(zip(order, range(len(order)), strict=True)), room, {})
        desk.worst_welcome = len(order) if room else -1
        desks[mentor_id] = desk
    seats: dict[OfferId, _Seats] = {}
    for offer_id, offer in problem.offers.items():
        desk = desks[offer.mentor_id]
        room = offer.quota - pinned_at_offer[offer_id]
        entry = _Seats(desk, room, desk_binds=places[offer.mentor_id] > desk.room)
        entry.worst_welcome = len(desk.order) if room else -1
        seats[offer_id] = entry
    return seats
