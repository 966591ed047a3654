"""The sets an offer counts in, and minimum quotas: missed ones, and tight ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

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


def places_of(
    problem: MatchingProblem, offer_id: OfferId
) -> Iterator[tuple[Level, str, int | None]]:
    """Yield what an offer counts in, the smallest first: level, id and upper quota of each."""
    offer = problem.offers[offer_id]
    mentor = problem.mentors[offer.mentor_id]
    yield "offer", offer_id, offer.quota
    yield "mentor", offer.mentor_id, mentor.quota
    for group_id in chain_of(mentor, problem.groups):
        yield "group", group_id, problem.groups[group_id].quota


def binding_minimum(
    problem: MatchingProblem,
    offer_of: Mapping[StudentId, OfferId],
    student: StudentId,
    offer_id: OfferId,
) -> Shortfall | None:
    """
    Return the minimum quota that keeps a student from an offer.

    It is the smallest one of the present place that the move would miss, with what it would get;
    where the move itself would miss none, the first minimum that is met exactly (offers, then
    mentors, then groups, by id); None where there is none.
    """
    taken: dict[Level, Counter[str]] = dict(
        zip(("offer", "mentor", "group"), places_taken(problem, offer_of), strict=True)
    )
    present = offer_of.get(student)
    new = {(level, key) for level, key, _ in places_of(problem, offer_id)}
    if present is not None:
        for level, key, _ in places_of(problem, present):
            left = taken[level][key] - (1 if level == "offer" else problem.offers[present].weight)
            if (level, key) in new:
                left += 1 if level == "offer" else problem.offers[offer_id].weight
            minimum = _minimum(problem, level, key)
            if left < minimum:
                return Shortfall(level, key, minimum, left)
    for level, counts in taken.items():
        for key in sorted(counts):
            if counts[key] == _minimum(problem, level, key) > 0:
                return Shortfall(level, key, counts[key], counts[key])
    return None


def _minimum(problem: MatchingProblem, level: Level, key: str) -> int:
    if level == "offer":
        return problem.offers[key].lower_quota
    if level == "mentor":
        return problem.mentors[key].lower_quota
    return problem.groups[key].lower_quota
