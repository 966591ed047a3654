"""Why somebody did not get something, in codes that pages put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cotutelle.engines.matching.entities import MentorId, OfferId, StudentId
from cotutelle.engines.matching.figures import student_rank
from cotutelle.engines.matching.preferences import listed_ids, tie_groups
from cotutelle.engines.matching.problem import MatchingProblem

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
    "lottery",
    "did_not_apply",
    "empty_list",
]

#: How close the student came, the closest last: the best single word for a whole list.
_CLOSENESS: tuple[ReasonCode, ...] = (
    "empty_list",
    "conflict",
    "policy",
    "not_accepted",
    "no_places",
    "pinned_places",
    "preferred_others",
    "lottery",
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
        preferred), ``lottery`` (tie lost); for mentors also ``did_not_apply``; for a whole
        list also ``empty_list``.
    count
        Number of places or students the code speaks of; 0 where it speaks of none.
    detail
        The reason written with the ban or pin.
    """

    code: ReasonCode
    count: int = 0
    detail: str = ""


class Explainer:
    """
    Answers for one result; makes its tables once, O(students + offers).

    Parameters
    ----------
    problem, offer_of
        The market and a stable result of it.
    """

    def __init__(self, problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]) -> None:
        self._problem = problem
        self._offer_of = offer_of
        self._at_offer: dict[OfferId, list[StudentId]] = {key: [] for key in problem.offers}
        self._at_mentor: dict[MentorId, list[StudentId]] = {key: [] for key in problem.mentors}
        self._tie_of: dict[MentorId, dict[StudentId, int]] = {}
        for student, offer_id in offer_of.items():
            self._at_offer[offer_id].append(student)
            self._at_mentor[problem.offers[offer_id].mentor_id].append(student)

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

    def _lost_place(self, student: StudentId, offer_id: OfferId) -> Reason:
        problem = self._problem
        offer = problem.offers[offer_id]
        mentor = problem.mentors[offer.mentor_id]
        ties = self._ties(offer.mentor_id)
        if student not in ties:
            return Reason("not_accepted")
        if offer.quota == 0 or mentor.quota == 0:
            return Reason("no_places")
        if len(self._at_offer[offer_id]) >= offer.quota:
            holders = self._at_offer[offer_id]
        elif len(self._at_mentor[offer.mentor_id]) >= mentor.quota:
            holders = self._at_mentor[offer.mentor_id]
        else:
            raise ValueError(f"offer_of: not stable, {student!r} could have {offer_id!r}")
        own = ties[student]
        pinned = [holder for holder in holders if holder in problem.pins]
        if len(pinned) == len(holders) or any(ties.get(p, own + 1) > own for p in pinned):
            return Reason("pinned_places", len(pinned))
        free = [ties.get(holder, own + 1) for holder in holders if holder not in problem.pins]
        if any(tie > own for tie in free):
            raise ValueError(f"offer_of: not stable, {student!r} could have {offer_id!r}")
        tied = free.count(own)
        return Reason("lottery", tied) if tied else Reason("preferred_others", len(free))

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
) -> Reason:
    """Say why ``student`` holds or does not hold ``offer``; see `Explainer.explain`."""
    return Explainer(problem, offer_of).explain(student, offer)


def explain_for_mentor(
    problem: MatchingProblem,
    offer_of: Mapping[StudentId, OfferId],
    mentor: MentorId,
    student: StudentId,
) -> Reason:
    """Say to ``mentor`` why she has or has not got ``student``; see `Explainer`."""
    return Explainer(problem, offer_of).explain_for_mentor(mentor, student)
