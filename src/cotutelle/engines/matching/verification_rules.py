"""The rules that need no comparison: lists, quotas above and below, pins and bans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.preferences import Preferences
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.verification_market import Market
from cotutelle.engines.matching.verification_verdict import Place, Violation


def unknown_ids(problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]) -> list[Violation]:
    """Return what the result names and the market does not know."""
    students = sorted(offer_of.keys() - problem.student_preferences.keys())
    offers = sorted(set(offer_of.values()) - problem.offers.keys())
    return [
        *(Violation("unknown_student", f"no student is called {id_!r}") for id_ in students),
        *(Violation("unknown_offer", f"no offer is called {id_!r}") for id_ in offers),
    ]


def broken_rules(market: Market) -> list[Violation]:
    """Return every broken rule of the market but stability."""
    return [
        *_unacceptable_pairs(market),
        *_missed_quotas(market),
        *_broken_pins_and_bans(market.problem, market.offer_of),
    ]


def tie_group(preferences: Preferences, id_: str) -> int | None:
    """Return the number of the tie group that holds ``id_``; None when none does."""
    for number, group in enumerate(preferences):
        if group == id_ if isinstance(group, str) else id_ in group:
            return number
    return None


def _unacceptable_pairs(market: Market) -> Iterator[Violation]:
    problem = market.problem
    for student, offer_id in market.offer_of.items():
        pin = problem.pins.get(student)
        if pin is not None and pin.offer_id == offer_id:
            continue
        preferences = problem.student_preferences[student]
        if offer_id not in preferences and tie_group(preferences, offer_id) is None:
            message = f"student {student!r} did not list offer {offer_id!r}"
            yield Violation("not_acceptable_to_student", message)
        mentor_id = problem.offers[offer_id].mentor_id
        if student not in market.rank_of[mentor_id]:
            message = f"mentor {mentor_id!r} did not list student {student!r}"
            yield Violation("not_acceptable_to_mentor", message)


def _missed_quotas(market: Market) -> Iterator[Violation]:
    for place, taken in market.taken.items():
        quota = market.quota(place)
        if quota is not None and taken > quota:
            sentence = f"{_held(place, taken)}, the quota is {quota}"
            yield Violation(f"{place[0]}_over_quota", sentence)
        lower_quota = market.lower_quota(place)
        if taken < lower_quota:
            sentence = f"{_held(place, taken)}, the minimum is {lower_quota}"
            yield Violation("lower_quota_missed", sentence)


def _held(place: Place, taken: int) -> str:
    level, key = place
    return f"{level} {key!r} holds {taken} {'students' if level == 'offer' else 'places'}"


def _broken_pins_and_bans(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]
) -> Iterator[Violation]:
    for student, pin in problem.pins.items():
        if offer_of.get(student) != pin.offer_id:
            message = f"student {student!r} is pinned to offer {pin.offer_id!r} and not there"
            yield Violation("pin_not_honoured", message)
    for student, offer_id in problem.bans:
        if offer_of.get(student) == offer_id:
            message = f"student {student!r} holds offer {offer_id!r}, which is banned"
            yield Violation("ban_not_honoured", message)
