"""Small markets with units above mentors, and what is stable in them, by the definition alone."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from cotutelle.engines.matching import Group, InvalidProblem, MatchingProblem
from tests.strategies import random_market, random_preferences

Assignment = Mapping[str, str]


def grouped_market(random: Random, **sizes: Any) -> MatchingProblem:
    """A random market whose mentors lie in up to three units, nested or not."""
    problem = random_market(random, **sizes)
    names = ["g0", "g1", "g2"][: random.randint(1, 3)]
    students = list(problem.student_preferences)
    groups = {
        name: Group(
            random.choice((None, 0, 1, 1, 2, 2, 3)),
            parent_id=random.choice([None, *names[:at]]),
            priority=random_preferences(random, students, ties=True),
        )
        for at, name in enumerate(names)
    }
    mentors = {
        key: replace(mentor, group_id=random.choice([None, *names, *names]))
        for key, mentor in problem.mentors.items()
    }
    try:
        return replace(problem, mentors=mentors, groups=groups)
    except InvalidProblem:  # a pin that found no place in a unit
        return replace(problem, mentors=mentors, groups=groups, pins={})


def grouped_markets(count: int, **sizes: Any) -> Iterator[MatchingProblem]:
    """The same ``count`` markets every time."""
    random = Random(20263)  # noqa: S311
    return (grouped_market(random, **sizes) for _ in range(count))


class Units:
    """Plain loops over a market read with its ties broken by the published lottery."""

    def __init__(self, problem: MatchingProblem) -> None:
        self.problem = problem
        self.lists = {
            key: self._strict(value) for key, value in problem.student_preferences.items()
        }
        self.mentor_lists = {
            key: self._strict(mentor.preferences) for key, mentor in problem.mentors.items()
        }
        self.order_of = {group: self._order(group) for group in problem.groups}

    def _draw(self, id_: str) -> str:
        return hashlib.sha256(f"{self.problem.seed}\0{id_}".encode()).hexdigest()

    def _strict(self, preferences: Any) -> list[str]:
        groups = [[group] if isinstance(group, str) else group for group in preferences]
        return [id_ for group in groups for id_ in sorted(group, key=self._draw)]

    def _order(self, group: str) -> list[tuple[str, str]]:
        """Take, of the heads of the children, the one whose student has the most priority."""
        problem = self.problem
        listed = self._strict(problem.groups[group].priority)
        others = sorted(set(problem.student_preferences) - set(listed), key=self._draw)
        place = {student: at for at, student in enumerate([*listed, *others])}
        queues = {
            (0, key): [(key, student) for student in self.mentor_lists[key]]
            for key, mentor in problem.mentors.items()
            if mentor.group_id == group
        } | {
            (1, key): self._order(key)
            for key, child in problem.groups.items()
            if child.parent_id == group
        }
        order: list[tuple[str, str]] = []
        while any(queues.values()):
            heads = [(place[queue[0][1]], key) for key, queue in queues.items() if queue]
            order.append(queues[min(heads)[1]].pop(0))
        return order

    def _chain(self, offer: str) -> list[tuple[str, str]]:
        mentor = self.problem.offers[offer].mentor_id
        chain = [("offer", offer), ("mentor", mentor)]
        group = self.problem.mentors[mentor].group_id
        while group is not None:
            chain.append(("group", group))
            group = self.problem.groups[group].parent_id
        return chain

    def _quota(self, level: str, key: str) -> int:
        if level == "offer":
            return self.problem.offers[key].quota
        if level == "mentor":
            return self.problem.mentors[key].quota
        quota = self.problem.groups[key].quota
        return 10**6 if quota is None else quota

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
                for offer in self.lists[student]
                if student in self.mentor_lists[problem.offers[offer].mentor_id]
                and (student, offer) not in problem.bans
            ]
            options.append([None, *allowed])
        for choice in itertools.product(*options):
            held = {s: o for s, o in zip(students, choice, strict=True) if o is not None}
            if self._within(held):
                yield held

    def _within(self, held: Assignment) -> bool:
        sets = {place for offer in self.problem.offers for place in self._chain(offer)}
        return all(
            sum(place in self._chain(o) for o in held.values()) <= self._quota(*place)
            for place in sets
        )

    def level(self, held: Assignment, student: str) -> int:
        order = self.lists[student]
        current = held.get(student)
        return order.index(current) if current in order else len(order)

    def _better(self, place: tuple[str, str], one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether the set ranks one (student, offer) before another of its own."""
        mentors = [self.problem.offers[offer].mentor_id for _, offer in (one, other)]
        if place[0] == "group":
            order = self.order_of[place[1]]
            return order.index((mentors[0], one[0])) < order.index((mentors[1], other[0]))
        order_of_mentor = self.mentor_lists[mentors[0]]
        return order_of_mentor.index(one[0]) < order_of_mentor.index(other[0])

    def blocking(self, held: Assignment) -> list[tuple[str, str]]:
        """
        Pairs that every set of the offer's chain would let in.

        The student's present place counts against the pair where a unit holds it and ranks it
        before the new application; else it would be given up.
        """
        problem = self.problem
        found = []
        for student, order in self.lists.items():
            if student in problem.pins:
                continue
            for offer in order[: self.level(held, student)]:
                mentor = problem.offers[offer].mentor_id
                if student not in self.mentor_lists[mentor] or (student, offer) in problem.bans:
                    continue
                if all(
                    self._at_least_as_good(held, place, student, offer) < self._quota(*place)
                    for place in self._chain(offer)
                ):
                    found.append((student, offer))
        return found

    def _at_least_as_good(
        self, held: Assignment, place: tuple[str, str], student: str, offer: str
    ) -> int:
        return sum(
            other in self.problem.pins or self._better(place, (other, there), (student, offer))
            for other, there in held.items()
            if place in self._chain(there)
        )
