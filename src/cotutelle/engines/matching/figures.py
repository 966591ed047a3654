"""Figures that describe a result: who got which choice."""

from __future__ import annotations

from collections.abc import Mapping

from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.problem import MatchingProblem


def student_rank(problem: MatchingProblem, student: StudentId, offer: OfferId) -> int | None:
    """
    Return the place of ``offer`` on the student's list.

    Returns
    -------
    int or None
        1 + the number of offers strictly preferred, so that equals share a rank and the next
        one is counted on (1, 2, 2, 4); None when the offer is not on the list.
    """
    better = 0
    for group in problem.student_preferences[student]:
        if group == offer if isinstance(group, str) else offer in group:
            return better + 1
        better += 1 if isinstance(group, str) else len(group)
    return None


def rank_profile(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]
) -> tuple[int, ...]:
    """
    Return how many students hold their first, second, ... choice.

    Returns
    -------
    tuple of int
        Index 0 counts rank 1; it ends with the last rank that somebody holds. Students pinned
        to an offer outside their list are in no place of it.
    """
    ranks = [student_rank(problem, student, offer) for student, offer in offer_of.items()]
    counted = [rank for rank in ranks if rank is not None]
    profile = [0] * max(counted, default=0)
    for rank in counted:
        profile[rank - 1] += 1
    return tuple(profile)
