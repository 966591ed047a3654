"""
Stable matchings by brute force, from the definition alone.

Written from Abraham, Irving & Manlove (2007), section 2.2, with plain loops and none of the
product's code but its data types: the thing the engine is compared with.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping

from cotutelle.engines.matching import MatchingProblem

Assignment = Mapping[str, str]


class Oracle:
    """``strict=True`` reads every list with its ties broken by the published lottery."""

    def __init__(self, problem: MatchingProblem, *, strict: bool) -> None:
        self.problem = problem
        self.lists = {
            ("student", key): self._levels(value, strict)
            for key, value in problem.student_preferences.items()
        } | {
            ("mentor", key): self._levels(value.preferences, strict)
            for key, value in problem.mentors.items()
        }

    def _levels(self, preferences: object, strict: bool) -> dict[str, int]:
        levels: dict[str, int] = {}
        for group in preferences:  # type: ignore[attr-defined]
            members = [group] if isinstance(group, str) else sorted(group, key=self._draw)
            start = len(levels)
            for place, member in enumerate(members):
                levels[member] = start + (place if strict else 0)
        return levels

    def _draw(self, id_: str) -> str:
        return hashlib.sha256(f"{self.problem.seed}\0{id_}".encode()).hexdigest()

    def feasible(self) -> Iterator[dict[str, str]]:
        """Every assignment that keeps lists, quotas, pins and bans."""
        problem = self.problem
        students = list(problem.student_preferences)
        options: list[list[str | None]] = []
        for student in students:
            if student in problem.pins:
                options.append([problem.pins[student].offer_id])
                continue
            allowed = [
                offer
                for offer in problem.offers
                if offer in self.lists["student", student]
                and student in self.lists["mentor", problem.offers[offer].mentor_id]
                and (student, offer) not in problem.bans
            ]
            options.append([None, *allowed])
        for choice in itertools.product(*options):
            held = {s: o for s, o in zip(students, choice, strict=True) if o is not None}
            if self._within_quotas(held):
                yield held

    def _within_quotas(self, held: Assignment) -> bool:
        return all(
            sum(o == key for o in held.values()) <= offer.quota
            for key, offer in self.problem.offers.items()
        ) and all(
            len(self._with_mentor(held, key)) <= mentor.quota
            for key, mentor in self.problem.mentors.items()
        )

    def _with_mentor(self, held: Assignment, mentor: str) -> list[str]:
        return [s for s, o in held.items() if self.problem.offers[o].mentor_id == mentor]

    def wants(self, held: Assignment, student: str, offer: str) -> bool:
        levels = self.lists["student", student]
        if offer not in levels:
            return False
        current = held.get(student)
        return current not in levels or levels[offer] < levels[current]

    def taken(
        self, held: Assignment, student: str, offer: str, *, immovable: frozenset[str] | set[str]
    ) -> bool:
        """Whether the mentor would take the student, who may displace all but ``immovable``."""
        problem = self.problem
        mentor = problem.offers[offer].mentor_id
        levels = self.lists["mentor", mentor]
        if student not in levels:
            return False
        in_offer = [s for s, o in held.items() if o == offer]
        with_mentor = self._with_mentor(held, mentor)

        def some_worse(group: list[str]) -> bool:
            return any(
                levels.get(other, 10**6) > levels[student]
                for other in group
                if other not in immovable
            )

        if len(in_offer) < problem.offers[offer].quota:
            if len(with_mentor) < problem.mentors[mentor].quota:
                return True
            return student in with_mentor or some_worse(with_mentor)
        return some_worse(in_offer)

    def blocking(self, held: Assignment) -> set[tuple[str, str]]:
        """Pairs that block: no pinned student moves, none is displaced, no ban is broken."""
        problem = self.problem
        return {
            (student, offer)
            for student in problem.student_preferences
            for offer in problem.offers
            if student not in problem.pins
            and (student, offer) not in problem.bans
            and self.wants(held, student, offer)
            and self.taken(held, student, offer, immovable=set(problem.pins))
        }

    def tolerated(self, held: Assignment) -> set[tuple[str, str]]:
        """Pairs that would block in a market without pins and bans, and do not block in this."""
        problem = self.problem
        return {
            (student, offer)
            for student in problem.student_preferences
            for offer in problem.offers
            if self.wants(held, student, offer)
            and self.taken(held, student, offer, immovable=frozenset())
        } - self.blocking(held)

    def stable(self) -> list[dict[str, str]]:
        return [held for held in self.feasible() if not self.blocking(held)]

    def best_of(self, held_by: list[dict[str, str]], student: str) -> int:
        """The best level the student has in any of these assignments; the last is nothing."""
        levels = self.lists["student", student]
        return min(self.level(held, student) for held in held_by) if levels else 0

    def level(self, held: Assignment, student: str) -> int:
        levels = self.lists["student", student]
        return levels.get(held.get(student, ""), len(levels))
