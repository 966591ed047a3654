"""
Independent check of a matching. Shares no code with the solver, only the plain data types.

A pair blocks when the student strictly prefers the offer to what he or she holds and

* ``both_have_room``: offer and mentor both have a place left, or
* ``mentor_full``: the offer has a place left, the mentor has none, and she already holds the
  student or strictly prefers the student to the worst she holds, or
* ``offer_full``: the offer has no place left and the mentor strictly prefers the student to the
  worst held there.

Source: Abraham, Irving & Manlove (2007), J. Discrete Algorithms 5(1), section 2.2; with ties
(strict improvement on both sides, weak stability) Cooper & Manlove (2018), SEA 2018, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from cotutelle.engines.matching.entities import MentorId, OfferId, Pin, StudentId
from cotutelle.engines.matching.preferences import Preferences
from cotutelle.engines.matching.problem import MatchingProblem

BlockingKind = Literal["both_have_room", "mentor_full", "offer_full"]

_Rank = float  # a position in the mentor's strict order, or one of the two ends:
_NOBODY_HELD = -1.0
_UNRANKED = float("inf")


@dataclass(frozen=True, slots=True)
class BlockingPair:
    """A student and an offer whose mentor would both rather have each other."""

    student: StudentId
    offer: OfferId
    mentor: MentorId
    kind: BlockingKind


@dataclass(frozen=True, slots=True)
class Tolerated:
    """
    A pair that would block, were it not for one pin or one ban.

    Attributes
    ----------
    pair
        Who would rather have each other.
    cause
        ``pin``: the student is pinned elsewhere, or a pinned student holds the place;
        ``ban``: the pair itself is banned.
    cause_student, cause_offer
        The pin or ban.
    reason
        Its reason as given.
    """

    pair: BlockingPair
    cause: Literal["pin", "ban"]
    cause_student: StudentId
    cause_offer: OfferId
    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: a stable code and a sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the verifier found.

    Attributes
    ----------
    ok
        True when ``problems`` is empty.
    problems
        Every violation, each blocking pair among them.
    blocking_pairs
        Pairs that break weak stability.
    tolerated
        Pairs that only a pin or a ban keeps apart; they are no violation.
    """

    ok: bool
    problems: tuple[Violation, ...]
    blocking_pairs: tuple[BlockingPair, ...] = ()
    tolerated: tuple[Tolerated, ...] = ()


def verify_matching(problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]) -> Verdict:
    """
    Check ``offer_of`` against the market it is said to solve.

    Parameters
    ----------
    problem
        The market.
    offer_of
        Student -> offer; unmatched are absent.

    Returns
    -------
    Verdict
        Codes: ``unknown_student``, ``unknown_offer``, ``not_acceptable_to_student``,
        ``not_acceptable_to_mentor``, ``offer_over_quota``, ``mentor_over_quota``,
        ``pin_not_honoured``, ``ban_not_honoured``, ``blocking_pair``, and ``lottery`` for
        a tie that the published lottery decides otherwise.

    Notes
    -----
    O(total length of all lists) time, and the sorting of tied groups.
    """
    unknown = _unknown_ids(problem, offer_of)
    if unknown:
        return Verdict(ok=False, problems=tuple(unknown))
    market = _Market(problem, offer_of)
    problems = _broken_rules(problem, offer_of, market)
    blocking: list[BlockingPair] = []
    tolerated: list[Tolerated] = []
    for pair in market.strict_candidates():
        finding = market.judge(pair)
        if isinstance(finding, Tolerated):
            tolerated.append(finding)
        elif finding is not None:
            problems.append(finding)
            if finding.code == "blocking_pair":
                blocking.append(pair)
    return Verdict(not problems, tuple(problems), tuple(blocking), tuple(tolerated))


@dataclass(frozen=True, slots=True)
class _Gate:
    """What a student needs to get past at one offer."""

    mentor: MentorId
    kind: BlockingKind
    worst: tuple[_Rank, StudentId]  # of everybody who holds a place that could be given up
    worst_free: _Rank  # the same, pinned students left out


class _Market:
    """Ranks and worst holders, computed anew from the problem and the claimed result."""

    def __init__(self, problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]) -> None:
        self.problem = problem
        self.offer_of = offer_of
        self.rank_of: dict[MentorId, dict[StudentId, int]] = {}
        self.tie_of: dict[MentorId, list[int]] = {}
        for mentor_id, mentor in problem.mentors.items():
            order, ties = _strict_order(mentor.preferences, problem.seed)
            self.rank_of[mentor_id] = {student: rank for rank, student in enumerate(order)}
            if ties:
                self.tie_of[mentor_id] = ties
        self.gates = self._gates()

    def _gates(self) -> dict[OfferId, _Gate]:
        problem, pins = self.problem, self.problem.pins
        nobody = (_NOBODY_HELD, "")
        at_offer: dict[OfferId, int] = dict.fromkeys(problem.offers, 0)
        at_mentor: dict[MentorId, int] = dict.fromkeys(problem.mentors, 0)
        worst: dict[tuple[str, str], tuple[_Rank, StudentId]] = {}
        worst_free: dict[tuple[str, str], _Rank] = {}
        for student, offer_id in self.offer_of.items():
            mentor_id = problem.offers[offer_id].mentor_id
            at_offer[offer_id] += 1
            at_mentor[mentor_id] += 1
            rank: _Rank = self.rank_of[mentor_id].get(student, _UNRANKED)
            for place in (("offer", offer_id), ("mentor", mentor_id)):
                worst[place] = max(worst.get(place, nobody), (rank, student))
                if student not in pins:
                    worst_free[place] = max(worst_free.get(place, _NOBODY_HELD), rank)
        gates: dict[OfferId, _Gate] = {}
        for offer_id, offer in problem.offers.items():
            mentor_id = offer.mentor_id
            if at_offer[offer_id] >= offer.quota:
                kind: BlockingKind = "offer_full"
                place = ("offer", offer_id)
            elif at_mentor[mentor_id] >= problem.mentors[mentor_id].quota:
                kind, place = "mentor_full", ("mentor", mentor_id)
            else:
                gates[offer_id] = _Gate(mentor_id, "both_have_room", (_UNRANKED, ""), _UNRANKED)
                continue
            free = worst_free.get(place, _NOBODY_HELD)
            gates[offer_id] = _Gate(mentor_id, kind, worst.get(place, nobody), free)
        return gates

    def strict_candidates(self) -> Iterator[BlockingPair]:
        """Yield every pair that blocks once ties are broken, pins and bans left aside."""
        offers, seed, offer_of = self.problem.offers, self.problem.seed, self.offer_of
        doors = {
            offer: (self.rank_of[gate.mentor].get, gate.worst[0], gate.mentor, gate.kind)
            for offer, gate in self.gates.items()
        }
        for student, preferences in self.problem.student_preferences.items():
            current = offer_of.get(student)
            own_mentor = None if current is None else offers[current].mentor_id
            for offer in _strict_order(preferences, seed)[0]:
                if offer == current:
                    break
                rank_of, worst, mentor, kind = doors[offer]
                rank = rank_of(student)
                if rank is None:
                    continue
                if rank < worst or (kind == "mentor_full" and mentor == own_mentor):
                    yield BlockingPair(student, offer, mentor, kind)

    def judge(self, pair: BlockingPair) -> Tolerated | Violation | None:
        """Say what a strict candidate is in the market with its ties, pins and bans."""
        pins, bans = self.problem.pins, self.problem.bans
        worst, holder = self.gates[pair.offer].worst
        weakly = self._weakly_preferred(pair, worst)
        if pair.student in pins:
            return _by_pin(pair, pair.student, pins[pair.student]) if weakly else None
        ban = bans.get((pair.student, pair.offer))
        if ban is not None:
            cause = Tolerated(pair, "ban", pair.student, pair.offer, ban.reason)
            return cause if weakly else None
        worst_free = self.gates[pair.offer].worst_free
        if self._weakly_preferred(pair, worst_free):
            message = (
                f"student {pair.student!r} and mentor {pair.mentor!r} would both rather have"
                f" each other at offer {pair.offer!r} ({pair.kind})"
            )
            return Violation("blocking_pair", message)
        rank = self.rank_of[pair.mentor][pair.student]
        if rank < worst_free or self._moves_within(pair):
            message = f"student {pair.student!r} won the tie for offer {pair.offer!r} and lost it"
            return Violation("lottery", message)
        return _by_pin(pair, holder, pins[holder]) if weakly else None

    def _weakly_preferred(self, pair: BlockingPair, worst: _Rank) -> bool:
        """Whether both sides strictly gain, ties counted as ties."""
        current = self.offer_of.get(pair.student)
        if current is not None:
            wanted = _tie_group(self.problem.student_preferences[pair.student], pair.offer)
            held = _tie_group(self.problem.student_preferences[pair.student], current)
            if wanted == held:
                return False
        if self._moves_within(pair) or worst == _UNRANKED:
            return True
        rank = self.rank_of[pair.mentor][pair.student]
        ties = self.tie_of.get(pair.mentor)
        if ties is None or worst == _NOBODY_HELD:
            return rank < worst
        return ties[rank] < ties[int(worst)]

    def _moves_within(self, pair: BlockingPair) -> bool:
        current = self.offer_of.get(pair.student)
        if current is None or pair.kind != "mentor_full":
            return False
        return self.problem.offers[current].mentor_id == pair.mentor


def _by_pin(pair: BlockingPair, student: StudentId, pin: Pin) -> Tolerated:
    return Tolerated(pair, "pin", student, pin.offer_id, pin.reason)


def _strict_order(preferences: Preferences, seed: str) -> tuple[list[str], list[int]]:
    """Return the ids with ties broken, and the tie group of each (empty without ties)."""
    if set(map(type, preferences)) <= {str}:
        return preferences, []  # type: ignore[return-value]  # a list of bare ids
    order: list[str] = []
    groups: list[int] = []
    for number, group in enumerate(preferences):
        members = [group] if isinstance(group, str) else list(group)
        if len(members) > 1:
            members.sort(key=lambda id_: (_draw(seed, id_), id_))
        order.extend(members)
        groups.extend([number] * len(members))
    return order, groups if len(order) > len(preferences) else []


def _draw(seed: str, id_: str) -> bytes:
    return sha256(b"\0".join((seed.encode(), id_.encode()))).digest()


def _tie_group(preferences: Preferences, id_: str) -> int | None:
    for number, group in enumerate(preferences):
        if group == id_ if isinstance(group, str) else id_ in group:
            return number
    return None


def _unknown_ids(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]
) -> list[Violation]:
    students = sorted(offer_of.keys() - problem.student_preferences.keys())
    offers = sorted(set(offer_of.values()) - problem.offers.keys())
    return [
        *(Violation("unknown_student", f"no student is called {id_!r}") for id_ in students),
        *(Violation("unknown_offer", f"no offer is called {id_!r}") for id_ in offers),
    ]


def _broken_rules(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId], market: _Market
) -> list[Violation]:
    return [
        *_unacceptable_pairs(problem, offer_of, market),
        *_overfull(problem, offer_of),
        *_broken_pins_and_bans(problem, offer_of),
    ]


def _unacceptable_pairs(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId], market: _Market
) -> Iterator[Violation]:
    for student, offer_id in offer_of.items():
        pin = problem.pins.get(student)
        if pin is not None and pin.offer_id == offer_id:
            continue
        preferences = problem.student_preferences[student]
        if offer_id not in preferences and _tie_group(preferences, offer_id) is None:
            message = f"student {student!r} did not list offer {offer_id!r}"
            yield Violation("not_acceptable_to_student", message)
        mentor_id = problem.offers[offer_id].mentor_id
        if student not in market.rank_of[mentor_id]:
            message = f"mentor {mentor_id!r} did not list student {student!r}"
            yield Violation("not_acceptable_to_mentor", message)


def _overfull(
    problem: MatchingProblem, offer_of: Mapping[StudentId, OfferId]
) -> Iterator[Violation]:
    at_offer: dict[OfferId, int] = {}
    at_mentor: dict[MentorId, int] = {}
    for offer_id in offer_of.values():
        mentor_id = problem.offers[offer_id].mentor_id
        at_offer[offer_id] = at_offer.get(offer_id, 0) + 1
        at_mentor[mentor_id] = at_mentor.get(mentor_id, 0) + 1
    for offer_id, count in at_offer.items():
        quota = problem.offers[offer_id].quota
        if count > quota:
            message = f"offer {offer_id!r} holds {count} students, its quota is {quota}"
            yield Violation("offer_over_quota", message)
    for mentor_id, count in at_mentor.items():
        quota = problem.mentors[mentor_id].quota
        if count > quota:
            message = f"mentor {mentor_id!r} holds {count} students, the quota is {quota}"
            yield Violation("mentor_over_quota", message)


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
