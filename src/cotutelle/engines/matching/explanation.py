"""Why somebody did not get something, in codes that pages put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cotutelle.engines.matching.deferred_acceptance import propose_all, strict_lists
from cotutelle.engines.matching.entities import GroupId, MentorId, OfferId, StudentId
from cotutelle.engines.matching.figures import student_rank
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.preferences import Preferences, listed_ids, tie_groups
from cotutelle.engines.matching.priority import UnitOrder, unit_orders
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.promotion import promote_all
from cotutelle.engines.matching.result import Algorithm, Level
from cotutelle.engines.matching.shortfalls import binding_minimum, has_minimums, places_of
from cotutelle.engines.matching.sufficiency import Sufficient, lowest_place

ReasonCode = Literal[
    "assigned",
    "conflict",
    "policy",
    "holds_better",
    "pinned_elsewhere",
    "not_accepted",
    "no_places",
    "pinned_places",
    "preferred_others",
    "group_cap",
    "lottery",
    "tie",
    "lower_quota",
    "did_not_apply",
    "empty_list",
]

#: Reasons that another place on the mentor's list might have changed.
_DECIDED_BY_RANK: frozenset[ReasonCode] = frozenset(
    ("not_accepted", "pinned_places", "preferred_others", "group_cap", "lottery", "tie")
)

#: How close the student came, the closest last: the best single word for a whole list.
_CLOSENESS: tuple[ReasonCode, ...] = (
    "empty_list",
    "conflict",
    "policy",
    "not_accepted",
    "no_places",
    "pinned_places",
    "preferred_others",
    "group_cap",
    "lottery",
    "tie",
    "lower_quota",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """
    The first reason that holds.

    Attributes
    ----------
    code
        ``assigned``, or why not: ``conflict`` (ban for a conflict of interest), ``policy``
        (other ban), ``holds_better`` (the student holds a choice at least as good),
        ``pinned_elsewhere`` (the student was placed before the run), ``not_accepted`` (the
        mentor did not list the student), ``no_places`` (quota 0), ``pinned_places`` (places
        assigned before the run), ``preferred_others`` (places went to students whom the mentor
        preferred), ``group_cap`` (the places of a group went to applications that come before
        this one in the order of the unit), ``lottery`` (tie lost), ``tie`` (the mentor ranked
        others equal; promotion and the exact model decide that so that more students get a
        place), ``lower_quota`` (exact: the pair is kept apart for a minimum quota); for mentors
        also ``did_not_apply``; for a whole list also ``empty_list``.
    count
        Number of places or students the code speaks of; 0 where it speaks of none.
    detail
        The reason written with the ban or pin; the id of the group, or of whatever has the
        minimum quota.
    level
        What ``detail`` is the id of; None where it is no id.
    """

    code: ReasonCode
    count: int = 0
    detail: str = ""
    level: Level | None = None


class Explainer:
    """
    Answers for one result; makes its tables once, O(students + offers).

    Parameters
    ----------
    problem, offer_of
        The market and a result of it.
    algorithm
        How the result was found.
    """

    def __init__(
        self,
        problem: MatchingProblem,
        offer_of: Mapping[StudentId, OfferId],
        *,
        algorithm: Algorithm = "deferred-acceptance",
    ) -> None:
        self._problem = problem
        self._offer_of = offer_of
        self._algorithm = algorithm
        self._tie_of: dict[MentorId, dict[StudentId, int]] = {}
        self._lottery = Lottery(problem.seed)
        self._lists: dict[MentorId, list[StudentId]] = {}
        self._orders: dict[GroupId, UnitOrder] = {}
        self._holders: defaultdict[tuple[Level, str], list[StudentId]] = defaultdict(list)
        for student, offer_id in offer_of.items():
            for level, key, _ in places_of(problem, offer_id):
                self._holders[level, key].append(student)

    def explain(self, student: StudentId, offer: OfferId) -> Reason:
        """
        Say why ``student`` holds or does not hold ``offer``.

        Raises
        ------
        ValueError
            When an argument is unknown, the offer is not on the student's list (and not held),
            or the result is not stable, so that no true reason exists.
        """
        problem = self._problem
        if student not in problem.student_preferences:
            raise ValueError(f"student: {student!r} is unknown")
        if offer not in problem.offers:
            raise ValueError(f"offer: {offer!r} is unknown")
        if self._offer_of.get(student) == offer:
            return Reason("assigned")
        wanted = student_rank(problem, student, offer)
        if wanted is None:
            raise ValueError(f"offer: {offer!r} is not on the list of {student!r}")
        ban = problem.bans.get((student, offer))
        if ban is not None:
            return Reason("conflict" if ban.kind == "conflict" else "policy", detail=ban.reason)
        current = self._offer_of.get(student)
        held = None if current is None else student_rank(problem, student, current)
        if held is not None and held <= wanted:
            return Reason("holds_better")
        if student in problem.pins:
            return Reason("pinned_elsewhere", detail=problem.pins[student].reason)
        return self._lost_place(student, offer)

    def explain_for_mentor(self, mentor: MentorId, student: StudentId) -> Reason:
        """
        Say to a mentor why she has or has not got ``student``, without any rank of the student.

        Of several offers of hers on the list the one the student likes best is explained.

        Raises
        ------
        ValueError
            As `explain`.
        """
        problem = self._problem
        if mentor not in problem.mentors:
            raise ValueError(f"mentor: {mentor!r} is unknown")
        if student not in problem.student_preferences:
            raise ValueError(f"student: {student!r} is unknown")
        current = self._offer_of.get(student)
        if current is not None and problem.offers[current].mentor_id == mentor:
            return Reason("assigned")
        for offer in listed_ids(problem.student_preferences[student]):
            if problem.offers[offer].mentor_id == mentor:
                return self.explain(student, offer)
        return Reason("did_not_apply")

    def explain_unmatched(self, student: StudentId) -> Reason:
        """Say in one code why ``student`` holds nothing: how far the closest choice came."""
        if student in self._offer_of:
            return Reason("assigned")
        reasons = [
            self.explain(student, offer)
            for offer in listed_ids(self._problem.student_preferences[student])
        ]
        return max(
            reasons, key=lambda reason: _CLOSENESS.index(reason.code), default=Reason("empty_list")
        )

    def sufficient_place(self, student: StudentId, offer: OfferId) -> Sufficient | None:
        """
        Return the lowest place on the mentor's list that would have been enough.

        The student is taken off that list and put back in front of the others, place by place,
        all other lists as they are. Deferred acceptance and promotion are run again; for the
        exact model a place is enough when the result as it stands would not be stable with it.

        Returns
        -------
        Sufficient or None
            At this place the student gets the offer or one he or she likes better, at the next
            lower place not. None where no place would have been enough (a ban, no places, only
            pinned students, the order of a unit), or where none is missing (the student holds
            the offer or a better one).

        Raises
        ------
        ValueError
            As `explain`.

        Notes
        -----
        As many runs as the length of the mentor's list has binary digits, and two.
        """
        reason = self.explain(student, offer)
        if reason.code not in _DECIDED_BY_RANK:
            return None
        mentor_id = self._problem.offers[offer].mentor_id
        ties = tie_groups(self._problem.mentors[mentor_id].preferences)
        found = lowest_place(ties, student, lambda changed: self._gets(student, offer, changed))
        if found is None:
            return None
        if reason.code != "group_cap":
            return found.at(mentor_id)
        before = self._place_in_unit(reason.detail, mentor_id, student, ties)
        after = self._place_in_unit(reason.detail, mentor_id, student, found.preferences)
        return found.at(mentor_id, reason.detail, after, before)

    def _gets(self, student: StudentId, offer: OfferId, changed: Preferences) -> bool:
        """Whether the student gets the offer or a better one where the mentor ranks so."""
        problem = self._problem
        mentor_id = problem.offers[offer].mentor_id
        if self._algorithm == "exact":
            mentors = {
                **problem.mentors,
                mentor_id: replace(problem.mentors[mentor_id], preferences=changed),
            }
            other = Explainer(replace(problem, mentors=mentors), self._offer_of)
            return other._barrier(student, offer) is None
        if self._algorithm == "promotion":
            tied = {key: mentor.preferences for key, mentor in problem.mentors.items()}
            matching = promote_all(problem, self._lottery, {**tied, mentor_id: changed})
        else:
            lists = {**self._strict_lists(), mentor_id: self._lottery.break_ties(changed)}
            matching = propose_all(problem, self._lottery, lists)
        got = matching.offer_of.get(student)
        if got is None:
            return False
        rank, wanted = student_rank(problem, student, got), student_rank(problem, student, offer)
        return rank is not None and wanted is not None and rank <= wanted

    def _strict_lists(self) -> Mapping[MentorId, list[StudentId]]:
        if not self._lists:
            self._lists = strict_lists(self._problem, self._lottery)
        return self._lists

    def _place_in_unit(
        self, group: GroupId, mentor: MentorId, student: StudentId, preferences: Preferences
    ) -> int | None:
        """Return the place, from 1, of an application in the order of a group."""
        lists = {**self._strict_lists(), mentor: self._lottery.break_ties(preferences)}
        if student not in lists[mentor]:
            return None
        order = unit_orders(self._problem, self._lottery, lists, [group])[group]
        return order[mentor][lists[mentor].index(student)] + 1

    def _lost_place(self, student: StudentId, offer_id: OfferId) -> Reason:
        problem = self._problem
        offer = problem.offers[offer_id]
        if student not in self._ties(offer.mentor_id):
            return Reason("not_accepted")
        if offer.quota == 0 or problem.mentors[offer.mentor_id].quota == 0:
            return Reason("no_places")
        barrier = self._barrier(student, offer_id)
        if barrier is None:
            return self._kept_for_a_minimum(student, offer_id)
        level, key = barrier
        if level == "group":
            return Reason("group_cap", problem.groups[key].quota or 0, key, "group")
        return self._beaten(student, offer.mentor_id, self._holders[barrier])

    def _beaten(self, student: StudentId, mentor: MentorId, holders: Sequence[StudentId]) -> Reason:
        """Say why those who hold the places of a full offer or mentor hold them."""
        ties, pins = self._ties(mentor), self._problem.pins
        own = ties[student]
        pinned = [holder for holder in holders if holder in pins]
        if len(pinned) == len(holders) or any(ties.get(p, own + 1) > own for p in pinned):
            return Reason("pinned_places", len(pinned))
        free = [ties[holder] for holder in holders if holder not in pins and holder != student]
        tied = free.count(own)
        if tied:
            return Reason("lottery" if self._algorithm == "deferred-acceptance" else "tie", tied)
        return Reason("preferred_others", len([tie for tie in free if tie < own]))

    def _barrier(self, student: StudentId, offer_id: OfferId) -> tuple[Level, str] | None:
        """Return the smallest set that would not let the student in, of those above an offer."""
        for level, key, quota in places_of(self._problem, offer_id):
            if quota is None:
                continue
            taken = self._count(offer_id, level)
            holders = self._holders.get((level, key), ())
            if taken + sum(self._count(self._offer_of[h], level) for h in holders) <= quota:
                continue
            for holder in holders:
                if self._stays(holder, level, key, student, offer_id):
                    taken += self._count(self._offer_of[holder], level)
            if taken > quota:
                return level, key
        return None

    def _stays(
        self, holder: StudentId, level: Level, key: str, student: StudentId, offer_id: OfferId
    ) -> bool:
        """Whether a holder is at least as good in a set as the student would be there."""
        problem = self._problem
        if holder in problem.pins:
            return True
        mentor = problem.offers[offer_id].mentor_id
        other = problem.offers[self._offer_of[holder]].mentor_id
        if mentor == other:
            ties = self._ties(mentor)
            return holder != student and ties[holder] <= ties[student]
        order = self._unit_order(key)
        lists = self._strict_lists()
        return (
            order[other][lists[other].index(holder)] < order[mentor][lists[mentor].index(student)]
        )

    def _unit_order(self, group: GroupId) -> UnitOrder:
        if group not in self._orders:
            lists = self._strict_lists()
            self._orders.update(unit_orders(self._problem, self._lottery, lists, [group]))
        return self._orders[group]

    def _count(self, offer_id: OfferId, level: Level) -> int:
        """Return how many places one student of an offer takes at a level."""
        return 1 if level == "offer" else self._problem.offers[offer_id].weight

    def _kept_for_a_minimum(self, student: StudentId, offer_id: OfferId) -> Reason:
        if self._algorithm != "exact" or not has_minimums(self._problem):
            raise ValueError(f"offer_of: not stable, {student!r} could have {offer_id!r}")
        binding = binding_minimum(self._problem, self._offer_of, student, offer_id)
        if binding is None:
            return Reason("lower_quota")
        return Reason("lower_quota", binding.minimum, binding.key, binding.level)

    def _ties(self, mentor_id: MentorId) -> dict[StudentId, int]:
        ties = self._tie_of.get(mentor_id)
        if ties is None:
            groups = tie_groups(self._problem.mentors[mentor_id].preferences)
            ties = {student: tie for tie, group in enumerate(groups) for student in group}
            self._tie_of[mentor_id] = ties
        return ties


def explain(
    problem: MatchingProblem,
    offer_of: Mapping[StudentId, OfferId],
    student: StudentId,
    offer: OfferId,
    *,
    algorithm: Algorithm = "deferred-acceptance",
) -> Reason:
    """Say why ``student`` holds or does not hold ``offer``; see `Explainer.explain`."""
    return Explainer(problem, offer_of, algorithm=algorithm).explain(student, offer)


def explain_for_mentor(
    problem: MatchingProblem,
    offer_of: Mapping[StudentId, OfferId],
    mentor: MentorId,
    student: StudentId,
    *,
    algorithm: Algorithm = "deferred-acceptance",
) -> Reason:
    """Say to ``mentor`` why she has or has not got ``student``; see `Explainer`."""
    return Explainer(problem, offer_of, algorithm=algorithm).explain_for_mentor(mentor, student)
