"""
Independent check of a matching. Shares no code with the solvers, only the plain data types.

A pair blocks when the student strictly prefers the offer to what he or she holds and every place
of the offer, innermost first the offer, its mentor and her groups, admits the student: those who
are at least as good there, and the student, fit into its quota. At least as good is in an offer or
with a mentor whom the mentor does not rank behind the student; in a group who comes first in the
order of the group, and whom the same mentor ranks equal. The student's own place counts only in a
group whose order puts it before the new one. The kind of the pair says what has to make room:

* ``offer_full``: the offer; ``mentor_full``: the offer has room, the mentor has none, and she
  holds the student already or strictly prefers the student to somebody she holds;
* ``group_full``: offer and mentor have room, a group above has none, and it holds the student
  already or somebody who comes behind in its order;
* ``both_have_room``: nobody.

Sources: Abraham, Irving & Manlove (2007), J. Discrete Algorithms 5(1), section 2.2; with ties
(strict improvement on both sides, weak stability) Cooper & Manlove (2018), SEA 2018, section 2;
caps with priorities above the mentor Goto et al. (2014), AIJ 216.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from cotutelle.engines.matching.entities import OfferId, Pin, StudentId
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Algorithm
from cotutelle.engines.matching.verification_bound import size_bound
from cotutelle.engines.matching.verification_market import Market, strict_order
from cotutelle.engines.matching.verification_rules import broken_rules, tie_group, unknown_ids
from cotutelle.engines.matching.verification_verdict import (
    BlockingKind,
    BlockingPair,
    Place,
    Tolerated,
    Verdict,
    Violation,
)

__all__ = ["BlockingPair", "Tolerated", "Verdict", "Violation", "verify_matching"]

_LEVELS = ("offer", "mentor", "group")


def verify_matching(
    problem: MatchingProblem,
    offer_of: Mapping[StudentId, OfferId],
    *,
    algorithm: Algorithm = "deferred-acceptance",
) -> Verdict:
    """
    Check ``offer_of`` against the market it is said to solve.

    Parameters
    ----------
    problem
        The market.
    offer_of
        Student -> offer; unmatched are absent.
    algorithm
        What found it. ``deferred-acceptance`` must also have broken every tie by the lottery;
        ``exact`` may leave blocking pairs, each named as tolerated, where the market has
        minimum quotas or weights above 1.

    Returns
    -------
    Verdict
        Codes: ``unknown_student``, ``unknown_offer``, ``not_acceptable_to_student``,
        ``not_acceptable_to_mentor``, ``offer_over_quota``, ``mentor_over_quota``,
        ``group_over_quota``, ``lower_quota_missed``, ``pin_not_honoured``,
        ``ban_not_honoured``, ``blocking_pair``, and ``lottery`` for a tie that the published
        lottery decides otherwise.

    Raises
    ------
    ValueError
        When ``algorithm`` is unknown.

    Notes
    -----
    O(total length of all lists) time, and the sorting of tied groups; with groups
    O(A log A) for every level of them, A the length of all mentors' lists.
    """
    if algorithm not in get_args(Algorithm):
        raise ValueError(f"algorithm: {algorithm!r} is unknown")
    unknown = unknown_ids(problem, offer_of)
    if unknown:
        return Verdict(ok=False, problems=tuple(unknown))
    market = Market(problem, offer_of)
    problems = broken_rules(market)
    judge = _Judge(market, algorithm)
    blocking: list[BlockingPair] = []
    tolerated: list[Tolerated] = []
    for student, offer_id in _candidates(market):
        finding = judge.judge(student, offer_id)
        if isinstance(finding, BlockingPair):
            blocking.append(finding)
            excuse = judge.excuse(finding)
            if excuse is None:
                problems.append(_blocks(finding))
            else:
                tolerated.append(excuse)
        elif isinstance(finding, Violation):
            problems.append(finding)
        elif finding is not None:
            tolerated.append(finding)
    admits = size_bound(problem) if algorithm == "exact" else None
    return Verdict(not problems, tuple(problems), tuple(blocking), tuple(tolerated), admits)


def _candidates(market: Market) -> Iterator[tuple[StudentId, OfferId]]:
    """Yield every pair that blocks with ties broken and pins, bans and groups left aside."""
    problem, offer_of = market.problem, market.offer_of
    offers, seed = problem.offers, problem.seed
    doors = {}
    for offer_id, offer in offers.items():
        inside = market.limit(("offer", offer_id), 1)
        desk = market.limit(("mentor", offer.mentor_id), offer.weight)
        rank_of = market.rank_of[offer.mentor_id].get
        doors[offer_id] = (rank_of, min(inside, desk), inside, offer.mentor_id)
    for student, preferences in problem.student_preferences.items():
        current = offer_of.get(student)
        own_mentor = None if current is None else offers[current].mentor_id
        for offer_id in strict_order(preferences, seed)[0]:
            if offer_id == current:
                break
            rank_of, outside, inside, mentor_id = doors[offer_id]
            rank = rank_of(student)
            if rank is None:
                continue
            if rank < outside or (mentor_id == own_mentor and rank < inside):
                yield student, offer_id


class _Judge:
    """Says what a candidate is in the market with its ties, pins, bans, groups and minima."""

    def __init__(self, market: Market, algorithm: Algorithm) -> None:
        self._market = market
        self._by_lottery = algorithm == "deferred-acceptance"
        self._has_minima = any(map(market.lower_quota, market.holders))
        weights = any(offer.weight != 1 for offer in market.problem.offers.values())
        self._may_block = algorithm == "exact" and (self._has_minima or weights)
        self._tight: Place | None = None
        if self._may_block:
            self._tight = next(filter(self._is_tight, sorted(market.holders, key=_by_level)), None)

    def _is_tight(self, place: Place) -> bool:
        lower_quota = self._market.lower_quota(place)
        return lower_quota > 0 and self._market.taken[place] == lower_quota

    def judge(
        self, student: StudentId, offer_id: OfferId
    ) -> BlockingPair | Tolerated | Violation | None:
        """Return the blocking pair, why it does not block, a lost tie, or None."""
        market = self._market
        gains = self._gains(student, offer_id)
        obstacle = market.obstacle(student, offer_id, weak=True, pinned_stay=True)
        weak = gains and (
            obstacle is None
            or (
                bool(market.problem.pins)
                and market.obstacle(student, offer_id, weak=True, pinned_stay=False) is None
            )
        )
        rule = self._own_rule(student, offer_id)
        if rule is not None:
            return rule if weak else None
        if gains and obstacle is None:
            return self._pair(student, offer_id)
        if self._by_lottery and not market.obstacle(
            student, offer_id, weak=False, pinned_stay=True
        ):
            message = f"student {student!r} won the tie for offer {offer_id!r} and lost it"
            return Violation("lottery", message)
        return (
            self._kept_apart(student, offer_id, obstacle, weak=weak) if gains and obstacle else None
        )

    def _own_rule(self, student: StudentId, offer_id: OfferId) -> Tolerated | None:
        problem = self._market.problem
        if student in problem.pins:
            return self._by_pin(student, offer_id, student)
        ban = problem.bans.get((student, offer_id))
        if ban is None:
            return None
        return Tolerated(self._pair(student, offer_id), "ban", student, offer_id, ban.reason)

    def _kept_apart(
        self, student: StudentId, offer_id: OfferId, obstacle: Place, *, weak: bool
    ) -> Tolerated | None:
        if weak:
            return self._by_pin(student, offer_id, self._worst_pinned(obstacle))
        if obstacle[0] == "group":
            pair = self._pair(student, offer_id)
            return Tolerated(pair, "group_cap", student, offer_id, "", obstacle)
        return None

    def excuse(self, pair: BlockingPair) -> Tolerated | None:
        """Return what lets a blocking pair stand; None when nothing does."""
        if not self._may_block:
            return None
        if not self._has_minima:
            return Tolerated(pair, "weight", pair.student, pair.offer, "")
        binding = self._missed_by_moving(pair) or self._tight
        return Tolerated(pair, "lower_quota", pair.student, pair.offer, "", binding)

    def _missed_by_moving(self, pair: BlockingPair) -> Place | None:
        market = self._market
        current = market.offer_of.get(pair.student)
        if current is None:
            return None
        wanted = market.places(pair.offer)
        for place in market.places(current):
            left = market.taken[place] - market.count(place, current)
            if place in wanted:
                left += market.count(place, pair.offer)
            if left < market.lower_quota(place):
                return place
        return None

    def _gains(self, student: StudentId, offer_id: OfferId) -> bool:
        """Whether the student strictly prefers the offer, ties counted as ties."""
        current = self._market.offer_of.get(student)
        if current is None:
            return True
        preferences = self._market.problem.student_preferences[student]
        wanted, held = tie_group(preferences, offer_id), tie_group(preferences, current)
        return wanted != held

    def _pair(self, student: StudentId, offer_id: OfferId) -> BlockingPair:
        market = self._market
        mentor_id = market.problem.offers[offer_id].mentor_id
        kinds: tuple[BlockingKind, ...] = ("offer_full", "mentor_full", "group_full")
        for place in market.places(offer_id):
            quota = market.quota(place)
            if quota is not None and market.taken[place] + market.count(place, offer_id) > quota:
                return BlockingPair(student, offer_id, mentor_id, kinds[_LEVELS.index(place[0])])
        return BlockingPair(student, offer_id, mentor_id, "both_have_room")

    def _worst_pinned(self, place: Place) -> StudentId:
        market = self._market
        offers, offer_of = market.problem.offers, market.offer_of

        def key(holder: StudentId) -> tuple[float, StudentId]:
            return market.position(place, holder, offers[offer_of[holder]].mentor_id), holder

        return max((h for h in market.holders[place] if h in market.problem.pins), key=key)

    def _by_pin(self, student: StudentId, offer_id: OfferId, pinned: StudentId) -> Tolerated:
        pin: Pin = self._market.problem.pins[pinned]
        pair = self._pair(student, offer_id)
        return Tolerated(pair, "pin", pinned, pin.offer_id, pin.reason)


def _by_level(place: Place) -> tuple[int, str]:
    return _LEVELS.index(place[0]), place[1]


def _blocks(pair: BlockingPair) -> Violation:
    message = (
        f"student {pair.student!r} and mentor {pair.mentor!r} would both rather have"
        f" each other at offer {pair.offer!r} ({pair.kind})"
    )
    return Violation("blocking_pair", message)
