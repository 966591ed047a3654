"""Tiny markets drawn from a seed, with everything that a market may have."""

from __future__ import annotations

import random
from collections.abc import Sequence

from cotutelle.engines.matching import (
    Ban,
    Group,
    InvalidProblem,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
)

KINDS = ("plain", "groups", "lower", "weights", "all")


def tiny_market(seed: int, kind: str, *, pins: bool = True) -> MatchingProblem | None:
    """Two to five students, one to three mentors; None when the draw is no valid market."""
    draw = random.Random(f"{kind} {seed}")  # noqa: S311
    students = [f"s{number}" for number in range(draw.randint(2, 5))]
    mentors = [f"m{number}" for number in range(draw.randint(1, 3))]
    offers = _offers(draw, mentors, kind)
    groups = _groups(draw, students, kind)
    lists = {
        student: _ties(draw, draw.sample(list(offers), draw.randint(1, min(4, len(offers)))))
        for student in students
    }
    desks = {key: _mentor(draw, students, [None, *groups], kind) for key in mentors}
    bans, pinned = {}, {}
    if draw.random() < 0.3:
        bans[draw.choice(students), draw.choice(list(offers))] = Ban()
    if pins and draw.random() < 0.3:
        pinned[draw.choice(students)] = Pin(draw.choice(list(offers)))
    try:
        return MatchingProblem(lists, offers, desks, pinned, bans, str(seed), groups)
    except InvalidProblem:
        return None


def _offers(draw: random.Random, mentors: Sequence[str], kind: str) -> dict[str, Offer]:
    offers = {}
    for mentor in mentors:
        for number in range(draw.randint(1, 2)):
            quota = draw.choice([0, 1, 1, 1, 2, 2, 2])
            least = min(1, quota) if kind in ("lower", "all") and draw.random() < 0.3 else 0
            weight = draw.choice([1, 1, 2, 3]) if kind in ("weights", "all") else 1
            offers[f"{mentor}o{number}"] = Offer(mentor, quota, least, weight)
    return offers


def _mentor(
    draw: random.Random, students: Sequence[str], groups: Sequence[str | None], kind: str
) -> Mentor:
    quota = draw.randint(1, 3) * (2 if kind in ("weights", "all") and draw.random() < 0.5 else 1)
    least = draw.randint(0, 1) if kind in ("lower", "all") and draw.random() < 0.3 else 0
    known = draw.sample(students, draw.randint(max(1, len(students) - 2), len(students)))
    return Mentor(quota, _ties(draw, known), least, draw.choice(groups))


def _groups(draw: random.Random, students: Sequence[str], kind: str) -> dict[str, Group]:
    if kind not in ("groups", "all") and not (kind == "lower" and draw.random() < 0.5):
        return {}
    groups = {}
    for name in ("g0", "g1")[: draw.randint(1, 2)]:
        quota = draw.choice([None, 0, 1, 2, 3, 3])
        most = 2 if quota is None else min(2, quota)
        least = draw.randint(0, most) if kind != "groups" and draw.random() < 0.5 else 0
        parent = "g0" if name == "g1" and draw.random() < 0.7 else None
        priority = _ties(draw, draw.sample(students, draw.randint(0, len(students))))
        groups[name] = Group(quota, least, parent, priority)
    return groups


def _ties(draw: random.Random, ids: Sequence[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for id_ in ids:
        if groups and draw.random() < 0.4:
            groups[-1].append(id_)
        else:
            groups.append([id_])
    return groups
