"""
Stable matchings by brute force, from the definition alone.

Written from Abraham, Irving & Manlove (2007), section 2.2, and for quotas above the mentor from
Goto et al. (2014), with plain loops and none of the product's code but its data types: the thing
the engine is compared with.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterator, Mapping

from cotutelle.engines.matching import MatchingProblem

Assignment = Mapping[str, str]
Place = tuple[str, str]


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
        self.orders = {key: self.order_of_group(key) for key in problem.groups}
        self._chains = {key: self._chain(key) for key in problem.offers}

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

    # Places: an offer, its mentor, her groups.

    def _chain(self, offer: str) -> list[Place]:
        mentor = self.problem.offers[offer].mentor_id
        places = [("offer", offer), ("mentor", mentor)]
        group = self.problem.mentors[mentor].group_id
        while group is not None:
            places.append(("group", group))
            group = self.problem.groups[group].parent_id
        return places

    def chain(self, offer: str | None) -> list[Place]:
        """The offer and everything above it; nothing for no offer."""
        return [] if offer is None else self._chains[offer]

    def places(self) -> list[Place]:
        """Every place of the market: offers, then mentors, then groups, each by id."""
        problem = self.problem
        return (
            [("offer", key) for key in sorted(problem.offers)]
            + [("mentor", key) for key in sorted(problem.mentors)]
            + [("group", key) for key in sorted(problem.groups)]
        )

    def _owner(self, place: Place) -> object:
        tables = {
            "offer": self.problem.offers,
            "mentor": self.problem.mentors,
            "group": self.problem.groups,
        }
        return tables[place[0]][place[1]]

    def lower(self, place: Place) -> int:
        return self._owner(place).lower_quota  # type: ignore[attr-defined, no-any-return]

    def upper(self, place: Place) -> float:
        quota = self._owner(place).quota  # type: ignore[attr-defined]
        return float("inf") if quota is None else quota

    def weight(self, place: Place, offer: str) -> int:
        return 1 if place[0] == "offer" else self.problem.offers[offer].weight

    def taken_places(self, held: Assignment, place: Place) -> int:
        return sum(self.weight(place, o) for o in held.values() if place in self.chain(o))

    def order_of_group(self, group: str) -> list[tuple[str, str]]:
        """The applications below, merged: of the children's heads the best by the priority."""
        problem = self.problem
        listed: list[str] = []
        for members in problem.groups[group].priority:
            ids = [members] if isinstance(members, str) else members
            listed.extend(sorted(ids, key=self._draw))
        others = set(problem.student_preferences) - set(listed)
        priority = listed + sorted(others, key=self._draw)
        queues = []
        for key in sorted(problem.mentors):
            if problem.mentors[key].group_id == group:
                levels = self._levels(problem.mentors[key].preferences, strict=True)
                queues.append(
                    [(student, key) for student in sorted(levels, key=levels.__getitem__)]
                )
        queues.extend(
            self.order_of_group(key)
            for key in sorted(problem.groups)
            if problem.groups[key].parent_id == group
        )
        order = []
        while any(queues):
            best = min(filter(None, queues), key=lambda queue: priority.index(queue[0][0]))
            order.append(best.pop(0))
        return order

    # Assignments.

    def feasible(self, *, minima: bool = True) -> Iterator[dict[str, str]]:
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
        places = self.places()
        for choice in itertools.product(*options):
            held = {s: o for s, o in zip(students, choice, strict=True) if o is not None}
            if all(
                (self.lower(place) if minima else 0)
                <= self.taken_places(held, place)
                <= self.upper(place)
                for place in places
            ):
                yield held

    def wants(self, held: Assignment, student: str, offer: str) -> bool:
        levels = self.lists["student", student]
        if offer not in levels:
            return False
        current = held.get(student)
        return current not in levels or levels[offer] < levels[current]

    def _as_good(self, place: Place, holder: str, at: str, student: str, offer: str) -> bool:
        """Whether the holder, who is ``at`` an offer, is as good as the student at ``offer``."""
        mentor, own = self.problem.offers[offer].mentor_id, self.problem.offers[at].mentor_id
        levels = self.lists["mentor", mentor]
        if place[0] != "group":
            return levels.get(holder, 10**6) <= levels[student]
        if own == mentor and levels.get(holder) == levels[student]:
            return True
        order = self.orders[place[1]]
        return (holder, own) in order and order.index((holder, own)) < order.index(
            (student, mentor)
        )

    def closed(
        self,
        held: Assignment,
        student: str,
        offer: str,
        *,
        immovable: Collection[str],
        groups: bool = True,
    ) -> list[Place]:
        """The places that would not take the student, who may displace all but ``immovable``."""
        closed = []
        for place in self.chain(offer):
            if place[0] == "group" and not groups:
                continue
            ahead = sum(
                self.weight(place, at)
                for holder, at in held.items()
                if place in self.chain(at)
                if (
                    self._kept(place, student, at, offer)
                    if holder == student
                    else holder in immovable or self._as_good(place, holder, at, student, offer)
                )
            )
            if ahead + self.weight(place, offer) > self.upper(place):
                closed.append(place)
        return closed

    def _kept(self, place: Place, student: str, at: str, offer: str) -> bool:
        """Whether a group would rather keep the student where he is than at ``offer``."""
        mentors = [self.problem.offers[key].mentor_id for key in (at, offer)]
        if place[0] != "group" or mentors[0] == mentors[1]:
            return False
        order = [mentor for other, mentor in self.orders[place[1]] if other == student]
        return mentors[0] in order and order.index(mentors[0]) < order.index(mentors[1])

    def taken(
        self, held: Assignment, student: str, offer: str, *, immovable: Collection[str]
    ) -> bool:
        """Whether the mentor and her groups would take the student."""
        if student not in self.lists["mentor", self.problem.offers[offer].mentor_id]:
            return False
        return not self.closed(held, student, offer, immovable=immovable)

    def taken_without_groups(self, held: Assignment, student: str, offer: str) -> bool:
        """The published definition for offers and mentors, students counting one each."""
        problem = self.problem
        mentor = problem.offers[offer].mentor_id
        levels = self.lists["mentor", mentor]
        if student not in levels:
            return False
        in_offer = [s for s, o in held.items() if o == offer]
        with_mentor = [s for s, o in held.items() if problem.offers[o].mentor_id == mentor]

        def some_worse(holders: list[str]) -> bool:
            return any(
                levels.get(other, 10**6) > levels[student]
                for other in holders
                if other not in problem.pins
            )

        if len(in_offer) < problem.offers[offer].quota:
            if len(with_mentor) < problem.mentors[mentor].quota:
                return True
            return student in with_mentor or some_worse(with_mentor)
        return some_worse(in_offer)

    def _pairs(self) -> Iterator[tuple[str, str]]:
        yield from itertools.product(self.problem.student_preferences, self.problem.offers)

    def _bound(self, student: str, offer: str) -> bool:
        return student in self.problem.pins or (student, offer) in self.problem.bans

    def blocking(self, held: Assignment) -> set[tuple[str, str]]:
        """Pairs that block: no pinned student moves, none is displaced, no ban is broken."""
        return {
            (student, offer)
            for student, offer in self._pairs()
            if not self._bound(student, offer)
            and self.wants(held, student, offer)
            and self.taken(held, student, offer, immovable=self.problem.pins)
        }

    def tolerated(self, held: Assignment) -> set[tuple[str, str]]:
        """Pairs that would block in a market without pins and bans, and do not block in this."""
        return {
            (student, offer)
            for student, offer in self._pairs()
            if self.wants(held, student, offer) and self.taken(held, student, offer, immovable=())
        } - self.blocking(held)

    def capped(self, held: Assignment) -> dict[tuple[str, str], Place]:
        """Pairs that would block in a market without groups, with the innermost closed one."""
        pins = self.problem.pins
        found: dict[tuple[str, str], Place] = {}
        for student, offer in self._pairs():
            mentor = self.problem.offers[offer].mentor_id
            if (
                not self._bound(student, offer)
                and self.wants(held, student, offer)
                and student in self.lists["mentor", mentor]
                and not self.closed(held, student, offer, immovable=pins, groups=False)
                and not self.taken(held, student, offer, immovable=())
            ):
                found[student, offer] = self.closed(held, student, offer, immovable=pins)[0]
        return found

    def binding(self, held: Assignment, student: str, offer: str) -> Place | None:
        """The minimum that a blocking pair would break, else the first that is just met."""
        moved = {**held, student: offer}
        for place in self.chain(held.get(student)):
            if self.taken_places(moved, place) < self.lower(place):
                return place
        for place in self.places():
            if 0 < self.lower(place) == self.taken_places(held, place):
                return place
        return None

    def stable(self) -> list[dict[str, str]]:
        return [held for held in self.feasible() if not self.blocking(held)]

    def best_of(self, held_by: list[dict[str, str]], student: str) -> int:
        """The best level the student has in any of these assignments; the last is nothing."""
        levels = self.lists["student", student]
        return min(self.level(held, student) for held in held_by) if levels else 0

    def level(self, held: Assignment, student: str) -> int:
        levels = self.lists["student", student]
        return levels.get(held.get(student, ""), len(levels))
