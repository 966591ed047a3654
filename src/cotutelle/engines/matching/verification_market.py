"""
The verifier's own reading of a market: strict orders, who holds what, and who comes before whom.

A student counts one in the offer and the offer's weight in the mentor and in every group above;
these are the *places* of the offer, innermost first. A place admits a student at an offer when
the holders at least as good there, and the student, fit into its quota.

The order of a group is merged as it is defined: of the first applications left in the sequences of
its mentors and subgroups the one is taken whose student has the group's highest priority.

The student's own place counts in a group where it comes before the new one in the order of the
group: then the group would rather keep it. With the same mentor it would be given up.

Source: Goto et al. (2014), "Strategy-proof matching with regional minimum quotas", AIJ 216, for
priority lists; Kamada & Kojima (2015), AER 105(1), for caps above the mentor; Fleiner (2003),
Mathematics of Operations Research 28(1), for stability where places lie inside places.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from heapq import heappop, heappush
from itertools import accumulate

from cotutelle.engines.matching.entities import GroupId, MentorId, OfferId, StudentId
from cotutelle.engines.matching.preferences import Preferences
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.verification_verdict import Place

#: Where a holder stands whom the mentor had not listed (only a pin may do that).
UNRANKED = float("inf")
_IN_FRONT = -1.0

_Application = tuple[StudentId, MentorId]


class Tally:
    """The holders of one place by position, and how much of it the first of them take."""

    __slots__ = ("_positions", "_taken")

    def __init__(self, holders: Iterable[tuple[float, int]]) -> None:
        ordered = sorted(holders)
        self._positions = [position for position, _ in ordered]
        self._taken = [0, *accumulate(count for _, count in ordered)]

    def before(self, position: float) -> int:
        """Return what the holders in front of ``position`` take together."""
        return self._taken[bisect_left(self._positions, position)]

    def limit(self, room: int) -> float:
        """Return the first position behind which the holders in front take more than ``room``."""
        index = bisect_right(self._taken, room)
        if index == 0:
            return _IN_FRONT
        return self._positions[index - 1] if index <= len(self._positions) else UNRANKED


class Market:
    """Orders and holders, computed anew from the problem and the claimed result."""

    def __init__(self, problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]) -> None:
        self.problem = problem
        self.offer_of = offer_of
        self.rank_of: dict[MentorId, dict[StudentId, int]] = {}
        self._tie_ends: dict[MentorId, list[int]] = {}
        for mentor_id, mentor in problem.mentors.items():
            order, ends = strict_order(mentor.preferences, problem.seed)
            self.rank_of[mentor_id] = {student: rank for rank, student in enumerate(order)}
            if ends:
                self._tie_ends[mentor_id] = ends
        capped = any(group.quota is not None for group in problem.groups.values())
        self.position_of = group_orders(problem, self.rank_of) if capped else {}
        self.above = {mentor_id: self._groups_above(mentor_id) for mentor_id in problem.mentors}
        places: list[Place] = [
            *(("offer", offer_id) for offer_id in problem.offers),
            *(("mentor", mentor_id) for mentor_id in problem.mentors),
            *(("group", group_id) for group_id in problem.groups),
        ]
        self.holders: dict[Place, list[StudentId]] = {place: [] for place in places}
        self.taken = dict.fromkeys(places, 0)
        self._seat_all()
        self._tallies: dict[tuple[Place, bool], Tally] = {}

    def _groups_above(self, mentor_id: MentorId) -> tuple[Place, ...]:
        places: list[Place] = []
        group_id = self.problem.mentors[mentor_id].group_id
        while group_id is not None:
            places.append(("group", group_id))
            group_id = self.problem.groups[group_id].parent_id
        return tuple(places)

    def places(self, offer_id: OfferId) -> tuple[Place, ...]:
        """Return the offer, its mentor and her groups, innermost first."""
        mentor_id = self.problem.offers[offer_id].mentor_id
        return (("offer", offer_id), ("mentor", mentor_id), *self.above[mentor_id])

    def _seat_all(self) -> None:
        offers, above = self.problem.offers, self.above
        for student, offer_id in self.offer_of.items():
            offer = offers[offer_id]
            for place in (("mentor", offer.mentor_id), *above[offer.mentor_id]):
                self.holders[place].append(student)
                self.taken[place] += offer.weight
            place = ("offer", offer_id)
            self.holders[place].append(student)
            self.taken[place] += 1

    def count(self, place: Place, offer_id: OfferId) -> int:
        """Return how much of ``place`` a student at ``offer_id`` takes."""
        return 1 if place[0] == "offer" else self.problem.offers[offer_id].weight

    def quota(self, place: Place) -> int | None:
        """Return the upper quota of ``place``; None for none."""
        level, key = place
        if level == "offer":
            return self.problem.offers[key].quota
        return (
            self.problem.mentors[key].quota if level == "mentor" else self.problem.groups[key].quota
        )

    def lower_quota(self, place: Place) -> int:
        """Return the lower quota of ``place``."""
        level, key = place
        if level == "offer":
            return self.problem.offers[key].lower_quota
        if level == "mentor":
            return self.problem.mentors[key].lower_quota
        return self.problem.groups[key].lower_quota

    def position(self, place: Place, student: StudentId, mentor_id: MentorId) -> float:
        """Return where ``student`` with ``mentor_id`` stands in ``place``, the best first."""
        if place[0] == "group":
            return self.position_of[place[1]].get((student, mentor_id), UNRANKED)
        return self.rank_of[mentor_id].get(student, UNRANKED)

    def tally(self, place: Place, *, pinned_stay: bool = False) -> Tally:
        """Return the holders of ``place``; those who are pinned come first if they stay."""
        tally = self._tallies.get((place, pinned_stay))
        if tally is None:
            offers, offer_of = self.problem.offers, self.offer_of
            pins = self.problem.pins if pinned_stay else ()
            entries = []
            for student in self.holders[place]:
                offer = offers[offer_of[student]]
                position = _IN_FRONT
                if student not in pins:
                    position = self.position(place, student, offer.mentor_id)
                entries.append((position, 1 if place[0] == "offer" else offer.weight))
            tally = self._tallies[place, pinned_stay] = Tally(entries)
        return tally

    def limit(self, place: Place, count: int) -> float:
        """Return the position in front of which ``place`` admits ``count`` more, pins aside."""
        quota = self.quota(place)
        if quota is None or self.taken[place] + count <= quota:
            return UNRANKED
        return self.tally(place).limit(quota - count)

    def obstacle(
        self, student: StudentId, offer_id: OfferId, *, weak: bool, pinned_stay: bool
    ) -> Place | None:
        """
        Return the innermost place of ``offer_id`` that does not admit ``student``.

        ``weak`` counts a holder whom the mentor ranks equal as at least as good; otherwise the
        lottery decides.
        """
        current = self.offer_of.get(student)
        desk = None if current is None else ("mentor", self.problem.offers[current].mentor_id)
        for place in self.places(offer_id):
            quota = self.quota(place)
            if quota is None:
                continue
            ahead = self._ahead(place, student, offer_id, weak=weak, pinned_stay=pinned_stay)
            if current is not None and place == desk:  # who moves with her gives up a place of hers
                ahead -= self.count(place, current)
            if ahead + self.count(place, offer_id) > quota:
                return place
        return None

    def _ahead(
        self, place: Place, student: StudentId, offer_id: OfferId, *, weak: bool, pinned_stay: bool
    ) -> int:
        mentor_id = self.problem.offers[offer_id].mentor_id
        rank = self.rank_of[mentor_id][student]
        ends = self._tie_ends.get(mentor_id)
        end = ends[rank] if weak and ends else rank + 1
        tally = self.tally(place, pinned_stay=pinned_stay)
        if place[0] != "group":
            return tally.before(end)
        ahead = tally.before(self.position(place, student, mentor_id))
        if end > rank + 1:  # her other equals come behind the student, perhaps not next to him
            equals = self.tally(("mentor", mentor_id), pinned_stay=pinned_stay)
            ahead += equals.before(end) - equals.before(rank + 1)
        return ahead


def strict_order(preferences: Preferences, seed: str) -> tuple[Sequence[str], list[int]]:
    """Return the ids with ties broken, and behind each the end of its tie (empty without ties)."""
    if set(map(type, preferences)) <= {str}:
        return preferences, []  # type: ignore[return-value]  # a list of bare ids
    order: list[str] = []
    ends: list[int] = []
    for group in preferences:
        members = [group] if isinstance(group, str) else list(group)
        if len(members) > 1:
            members.sort(key=lambda id_: (_draw(seed, id_), id_))
        order.extend(members)
        ends.extend([len(order)] * len(members))
    return order, ends if len(order) > len(preferences) else []


def _draw(seed: str, id_: str) -> bytes:
    return sha256(b"\0".join((seed.encode(), id_.encode()))).digest()


def group_orders(
    problem: MatchingProblem, rank_of: Mapping[MentorId, Mapping[StudentId, int]]
) -> dict[GroupId, dict[_Application, int]]:
    """
    Return the position of every application in the order of every group.

    Parameters
    ----------
    problem
        The market.
    rank_of
        Every mentor's strict order.

    Notes
    -----
    O(A log A) time at every level of groups, for A the length of all mentors' lists.
    """
    mentors_of: dict[GroupId, list[MentorId]] = {key: [] for key in problem.groups}
    children_of: dict[GroupId, list[GroupId]] = {key: [] for key in problem.groups}
    for mentor_id in sorted(problem.mentors):
        group_id = problem.mentors[mentor_id].group_id
        if group_id is not None:
            mentors_of[group_id].append(mentor_id)
    for group_id in sorted(problem.groups):
        parent_id = problem.groups[group_id].parent_id
        if parent_id is not None:
            children_of[parent_id].append(group_id)
    by_lottery = sorted(
        problem.student_preferences, key=lambda id_: (_draw(problem.seed, id_), id_)
    )
    orders: dict[GroupId, list[_Application]] = {}
    for group_id in _inner_first(problem, children_of):
        listed = strict_order(problem.groups[group_id].priority, problem.seed)[0]
        priority = {
            student: place for place, student in enumerate(dict.fromkeys([*listed, *by_lottery]))
        }
        sequences = [
            [(student, mentor) for student in rank_of[mentor]] for mentor in mentors_of[group_id]
        ]
        sequences.extend(orders[child] for child in children_of[group_id])
        orders[group_id] = _merged(sequences, priority)
    return {key: {item: place for place, item in enumerate(order)} for key, order in orders.items()}


def _merged(
    sequences: Sequence[Sequence[_Application]], priority: Mapping[StudentId, int]
) -> list[_Application]:
    rests = [iter(sequence) for sequence in sequences]
    heads: list[tuple[int, int, _Application]] = []

    def draw(child: int) -> None:
        for application in rests[child]:
            heappush(heads, (priority[application[0]], child, application))
            return

    for child in range(len(rests)):
        draw(child)
    order = []
    while heads:
        _, child, application = heappop(heads)
        order.append(application)
        draw(child)
    return order


def _inner_first(
    problem: MatchingProblem, children_of: Mapping[GroupId, Sequence[GroupId]]
) -> list[GroupId]:
    outer_first = [key for key in problem.groups if problem.groups[key].parent_id is None]
    for group_id in outer_first:
        outer_first.extend(children_of[group_id])
    return outer_first[::-1]
