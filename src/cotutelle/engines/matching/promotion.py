"""
Larger stable matchings where lists have ties, by promotion.

With ties, stable matchings differ in size and the largest is NP-hard to find. This finds one of at
least two thirds of that size, most often nearly all of it, in the time of a few deferred
acceptances: students who got nothing go through their list a second time, *promoted*: among
students whom a mentor ranks equal, a promoted one comes first. Students whose own list has ties
first ask every offer of a tie as *movable*: they give way to anybody who is not, since another
offer of the tie may be as good.

It is described as deferred acceptance with three copies of every pair, each student asking in
this order: tie by tie, the movable copies and then the plain ones; at the end of the list all
promoted copies, best first. A mentor ranks, tie by tie, the promoted copies before the plain ones,
and all movable copies last. What is stable for the copies is weakly stable for the market.

It is not strategy-proof: a student who leaves an offer out exhausts the list earlier, and the
promotion may then win a tie that was lost. `deferred_acceptance` is.

Sources: Király (2013), "Linear time local approximation algorithm for maximum stable marriage",
Algorithms 6(3); Cooper & Manlove (2018), "A 3/2-approximation algorithm for the student-project
allocation problem", SEA 2018, LIPIcs 103:8, SPA-ST; Yokoi (2021), "An approximation algorithm for
maximum stable matching with ties and constraints", ISAAC 2021, LIPIcs 212:71, for the copies and
the bound for offers inside mentors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from cotutelle.engines.matching.deferred_acceptance import refuse_weights
from cotutelle.engines.matching.entities import MentorId, OfferId, StudentId
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.preferences import Preferences, is_strict
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import LowerQuotaMissed, Matching, Unsupported
from cotutelle.engines.matching.shortfalls import missed_minimums

_MOVABLE, _PLAIN, _PROMOTED = range(3)

#: Small markets are tried with several lotteries: at most so many, and so many students in all.
_MOST_DRAWS = 8
_MOST_STUDENTS_DRAWN = 2_000

#: An offer asked for, and as which copy.
_Wish = tuple[OfferId, int]


@dataclass(slots=True)
class _Desk:
    """The state of one mentor. Keys are places in her order of copies, 0 is the best."""

    rank_of: dict[StudentId, int]
    keys: tuple[list[int], list[int], list[int]]  # by copy, then by rank
    room: int
    worst_welcome: int = -1  # once full: no key behind this one is heard again
    held: list[int] = field(default_factory=list)  # heap of -key; may hold copies that left
    sitting: dict[int, tuple[StudentId, _Seats]] = field(default_factory=dict)  # by key


@dataclass(slots=True)
class _Seats:
    """The state of one offer. ``desk_binds`` when the mentor's own quota can be reached."""

    desk: _Desk
    room: int
    desk_binds: bool
    worst_welcome: int = -1
    held: list[int] = field(default_factory=list)  # heap of -key, the worst on top


def promote_students(problem: MatchingProblem) -> Matching:
    """
    Return a weakly stable matching of at least 2/3 of the greatest size.

    Parameters
    ----------
    problem
        The market. Pins and bans as in `match_students`.

    Returns
    -------
    Matching
        Without ties of mentors it is that of `match_students`. The same market gives the same
        result, whatever the order of keys; equals whom promotion does not part are parted by
        the published lottery. Up to 1,000 students the lotteries of ``seed/1``, ``seed/2``, ...
        (eight in all up to 250 students) are tried too, and the first of the largest is kept.

    Raises
    ------
    LowerQuotaMissed
        When the matching misses a minimum quota.
    ValueError
        When a group has an upper quota, or an offer a weight above 1.

    Notes
    -----
    O(L log q) time and O(L) memory, for L the total length of all lists and q the greatest
    quota.
    """
    refuse_weights(problem)
    if any(group.quota is not None for group in problem.groups.values()):
        raise Unsupported(
            "groups", "promotion knows no quotas above the mentor; use deferred-acceptance or exact"
        )
    lists = {key: mentor.preferences for key, mentor in problem.mentors.items()}
    matching = promote_all(problem, Lottery(problem.seed), lists)
    missed = missed_minimums(problem, matching.offer_of)
    if missed:
        raise LowerQuotaMissed(missed)
    return matching


def promote_all(
    problem: MatchingProblem, lottery: Lottery, lists: Mapping[MentorId, Preferences]
) -> Matching:
    """
    Return the matching of `promote_students` for mentors who rank by ``lists``.

    Parameters
    ----------
    problem, lottery
        The market, without quotas of groups and weights, and the lottery of its seed.
    lists
        Mentor -> her list with its ties; those of ``problem`` are not read.
    """
    largest = _promote(problem, lottery, lists)
    students = len(problem.student_preferences)
    for draw in range(1, min(_MOST_DRAWS, _MOST_STUDENTS_DRAWN // max(students, 1))):
        if len(largest.offer_of) == students:
            break
        other = _promote(problem, Lottery(f"{problem.seed}/{draw}"), lists)
        if len(other.offer_of) > len(largest.offer_of):
            largest = other
    return largest


def _promote(
    problem: MatchingProblem, lottery: Lottery, lists: Mapping[MentorId, Preferences]
) -> Matching:
    """Let everybody propose, with whom promotion does not part parted by one lottery."""
    seats = _open_seats(problem, lottery, lists)
    held: dict[StudentId, OfferId] = {s: pin.offer_id for s, pin in problem.pins.items()}
    wishes = {s: _wishes(problem, s, lottery) for s in problem.student_preferences if s not in held}
    proposals = 0
    for first in wishes:
        student: StudentId | None = first
        while student is not None:
            asking, student = student, None
            for offer, copy in wishes[asking]:
                proposals += 1
                student = _propose(seats[offer], asking, copy)
                if student != asking:
                    held[asking] = offer
                    break
            else:
                held.pop(asking, None)
                student = None
    pinned = frozenset(problem.pins)
    return Matching(dict(sorted(held.items())), proposals, pinned, algorithm="promotion")


def _propose(seats: _Seats, student: StudentId, copy: int) -> StudentId | None:
    """Return who goes away without a place: nobody, the student, or somebody displaced."""
    desk = seats.desk
    rank = desk.rank_of.get(student)
    if rank is None:
        return student
    key = desk.keys[copy][rank]
    if key > seats.worst_welcome or key > desk.worst_welcome:
        return student
    heappush(seats.held, -key)
    seats.room -= 1
    desk.sitting[key] = (student, seats)
    displaced = -1
    if seats.room < 0:
        displaced = -seats.held[0]
    if seats.desk_binds:
        heappush(desk.held, -key)
        desk.room -= 1
        if displaced < 0 and desk.room < 0:
            displaced = _worst_key(desk)
    leaving = None
    if displaced >= 0:
        # The worst of a desk is the worst of its own offer too, hence on top of that heap.
        leaving, left = desk.sitting.pop(displaced)
        heappop(left.held)
        left.room += 1
        desk.room += seats.desk_binds
    if seats.room == 0:
        seats.worst_welcome = -seats.held[0]
    if seats.desk_binds and desk.room == 0:
        desk.worst_welcome = _worst_key(desk)
    return leaving


def _worst_key(desk: _Desk) -> int:
    while -desk.held[0] not in desk.sitting:
        heappop(desk.held)
    return -desk.held[0]


def _wishes(problem: MatchingProblem, student: StudentId, lottery: Lottery) -> Iterator[_Wish]:
    """Yield the offers in the order in which a student asks for them, and as which copy."""
    ties: list[list[OfferId]] = []
    for group in problem.student_preferences[student]:
        members = [group] if isinstance(group, str) else list(group)
        if problem.bans:
            members = [offer for offer in members if (student, offer) not in problem.bans]
        if len(members) > 1:
            members.sort(key=lottery.draw)
            yield from ((offer, _MOVABLE) for offer in members)
        yield from ((offer, _PLAIN) for offer in members)
        ties.append(members)
    yield from ((offer, _PROMOTED) for members in ties for offer in members)


def _open_seats(
    problem: MatchingProblem, lottery: Lottery, lists: Mapping[MentorId, Preferences]
) -> dict[OfferId, _Seats]:
    pinned_at_offer = Counter(pin.offer_id for pin in problem.pins.values())
    pinned_at_mentor: Counter[MentorId] = Counter()
    places: Counter[MentorId] = Counter()
    for offer_id, offer in problem.offers.items():
        pinned_at_mentor[offer.mentor_id] += pinned_at_offer[offer_id]
        places[offer.mentor_id] += offer.quota - pinned_at_offer[offer_id]
    desks = {
        key: _open_desk(lists[key], mentor.quota - pinned_at_mentor[key], lottery)
        for key, mentor in problem.mentors.items()
    }
    seats: dict[OfferId, _Seats] = {}
    for offer_id, offer in problem.offers.items():
        desk = desks[offer.mentor_id]
        room = offer.quota - pinned_at_offer[offer_id]
        entry = _Seats(desk, room, desk_binds=places[offer.mentor_id] > desk.room)
        entry.worst_welcome = 3 * len(desk.rank_of) if room else -1
        seats[offer_id] = entry
    return seats


def _open_desk(preferences: Preferences, room: int, lottery: Lottery) -> _Desk:
    """Number the copies: of every tie the promoted and then the plain ones; the movable last."""
    order = lottery.break_ties(preferences)
    ranks = range(len(order))
    if is_strict(preferences):
        promoted, plain = list(ranks), list(ranks)
    else:
        promoted, plain = [], []
        for group in preferences:
            start, size = len(plain), 1 if isinstance(group, str) else len(group)
            promoted.extend(range(2 * start, 2 * start + size))
            plain.extend(range(2 * start + size, 2 * start + 2 * size))
    movable = list(range(2 * len(order), 3 * len(order)))
    desk = _Desk(dict(zip(order, ranks, strict=True)), (movable, plain, promoted), room)
    desk.worst_welcome = 3 * len(order) if room else -1
    return desk
