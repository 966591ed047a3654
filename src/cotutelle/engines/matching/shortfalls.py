"""Minimum quotas that a result misses, for the algorithms that do not plan them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cotutelle.engines.matching.entities import GroupId, MentorId, OfferId, StudentId
from cotutelle.engines.matching.priority import chain_of
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Level, Shortfall


def missed_minimums(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]
) -> tuple[Shortfall, ...]:
    """
    Return every minimum quota that ``offer_of`` misses, offers first, then mentors and groups.

    Offers count students; mentors and groups count places, the weights of the offers held.
    """
    if not has_minimums(problem):
        return ()
    at_offer, at_mentor, at_group = places_taken(problem, offer_of)
    levels: tuple[tuple[Level, Mapping[str, int], Counter[str]], ...] = (
        ("offer", {key: one.lower_quota for key, one in problem.offers.items()}, at_offer),
        ("mentor", {key: one.lower_quota for key, one in problem.mentors.items()}, at_mentor),
        ("group", {key: one.lower_quota for key, one in problem.groups.items()}, at_group),
    )
    return tuple(
        Shortfall(level, key, minimums[key], got[key])
        for level, minimums, got in levels
        for key in sorted(minimums)
        if got[key] < minimums[key]
    )


def has_minimums(problem: MatchingProblem) -> bool:
    """Whether any offer, mentor or group must get a least number of students."""
    return (
        any(offer.lower_quota for offer in problem.offers.values())
        or any(mentor.lower_quota for mentor in problem.mentors.values())
        or any(group.lower_quota for group in problem.groups.values())
    )


def places_taken(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]
) -> tuple[Counter[OfferId], Counter[MentorId], Counter[GroupId]]:
    """Return the students at each offer, and the places taken at each mentor and group."""
    at_offer = Counter(offer_of.values())
    at_mentor: Counter[MentorId] = Counter()
    at_group: Counter[GroupId] = Counter()
    for offer_id, count in at_offer.items():
        offer = problem.offers[offer_id]
        at_mentor[offer.mentor_id] += count * offer.weight
    for mentor_id, count in at_mentor.items():
        for group_id in chain_of(problem.mentors[mentor_id], problem.groups):
            at_group[group_id] += count
    return at_offer, at_mentor, at_group
