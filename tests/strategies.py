"""Random small markets, for exhaustive and property tests."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from cotutelle.engines.matching import (
    Ban,
    InvalidProblem,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    Preferences,
    tie_groups,
)


def random_preferences(random: Random, ids: list[str], *, ties: bool) -> Preferences:
    """A random list over some of ``ids``, each boundary a tie with probability 1/3."""
    length = max(random.randint(0, len(ids)), random.randint(0, len(ids)))
    chosen = random.sample(ids, length)
    groups: list[list[str]] = []
    for id_ in chosen:
        if ties and groups and random.random() < 1 / 3:
            groups[-1].append(id_)
        else:
            groups.append([id_])
    if all(len(group) == 1 for group in groups) and random.random() < 1 / 2:
        return [group[0] for group in groups]
    return groups


def random_market(
    random: Random, *, students: int = 3, offers: int = 3, exceptions: bool = True
) -> MatchingProblem:
    """A market of mentors and two-mentor teams; with pins and bans when ``exceptions``."""
    student_ids = [f"s{number}" for number in range(students)]
    offer_ids = [f"o{number}" for number in range(offers)]
    mentor_ids = ["m0", "m1", "m0+m1"][: random.randint(1, 3)]
    student_ties = random.random() < 1 / 3
    preferences = {
        student: random_preferences(random, offer_ids, ties=student_ties) for student in student_ids
    }
    offer_table = {
        offer: Offer(random.choice(mentor_ids), random.choice((0, 1, 1, 2))) for offer in offer_ids
    }
    mentors = {
        mentor: Mentor(
            random.choice((0, 1, 1, 2, 2, 3)), random_preferences(random, student_ids, ties=True)
        )
        for mentor in mentor_ids
    }
    pins: dict[str, Pin] = {}
    bans: dict[tuple[str, str], Ban] = {}
    if exceptions and random.random() < 1 / 2:
        for student in random.sample(student_ids, random.randint(0, 2)):
            pins[student] = Pin(random.choice(offer_ids), "minutes 7")
        for student in random.sample(student_ids, random.randint(0, 2)):
            ban = random.choice((Ban("conflict", "kin"), Ban("policy", "discipline")))
            bans[student, random.choice(offer_ids)] = ban
    seed = str(random.randint(0, 9))
    try:
        return MatchingProblem(preferences, offer_table, mentors, pins, bans, seed)
    except InvalidProblem:  # a pin that found no place: the same market without exceptions
        return MatchingProblem(preferences, offer_table, mentors, seed=seed)


def shuffled(random: Random, problem: MatchingProblem) -> MatchingProblem:
    """The same market with its keys, and the members of ties, in another order."""

    def mixed(table: dict[Any, Any]) -> dict[Any, Any]:
        return {key: table[key] for key in random.sample(list(table), len(table))}

    def retied(preferences: Preferences) -> Preferences:
        return [random.sample(group, len(group)) for group in tie_groups(preferences)]

    return MatchingProblem(
        mixed({s: retied(p) for s, p in problem.student_preferences.items()}),
        mixed(dict(problem.offers)),
        mixed(
            {m: replace(e, preferences=retied(e.preferences)) for m, e in problem.mentors.items()}
        ),
        mixed(dict(problem.pins)),
        mixed(dict(problem.bans)),
        problem.seed,
        mixed({g: replace(e, priority=retied(e.priority)) for g, e in problem.groups.items()}),
    )
