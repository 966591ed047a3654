"""Small markets drawn with everything a market can have."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from cotutelle.engines.matching import Group, InvalidProblem, MatchingProblem
from tests.strategies import random_market, random_preferences


def random_unit_market(
    random: Random,
    *,
    students: int = 3,
    offers: int = 3,
    minima: bool = False,
    weights: bool = False,
    exceptions: bool = True,
) -> MatchingProblem:
    """
    A market whose mentors lie in units, up to three deep, some of them capped.

    With ``minima`` some offers, mentors and units have lower quotas, with ``weights`` some
    offers take two places.
    """
    plain = random_market(random, students=students, offers=offers, exceptions=exceptions)
    for pins in (plain.pins, {}):  # a pin that finds no place below its unit: without pins
        try:
            return _with_units(random, replace(plain, pins=pins), minima=minima, weights=weights)
        except InvalidProblem:
            continue
    raise AssertionError("a market without pins is valid")


def _with_units(
    random: Random, plain: MatchingProblem, *, minima: bool, weights: bool
) -> MatchingProblem:
    def minimum(quota: int | None) -> int:
        return (
            min(random.choice((0,) * 10 + (1, 1, 2)), 9 if quota is None else quota)
            if minima
            else 0
        )

    students = list(plain.student_preferences)
    parents = {"school": None, "clinic": "school", "ward": "clinic", "institute": "school"}
    groups = {}
    for key, parent in parents.items():
        quota = random.choice((None, 0, 1, 1, 2, 2, 3))
        groups[key] = Group(
            quota, minimum(quota), parent, random_preferences(random, students, ties=True)
        )
    return replace(
        plain,
        offers={
            key: replace(
                offer,
                lower_quota=minimum(offer.quota),
                weight=random.choice((1, 1, 2)) if weights else 1,
            )
            for key, offer in plain.offers.items()
        },
        mentors={
            key: replace(
                mentor,
                lower_quota=minimum(mentor.quota),
                group_id=random.choice((None, "school", "clinic", "ward", "ward", "institute")),
            )
            for key, mentor in plain.mentors.items()
        },
        groups=groups,
    )
