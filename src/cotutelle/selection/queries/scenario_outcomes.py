"""Two results side by side: sizes, ranks, load, who moved and why. Plain figures, nothing is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cotutelle.engines import matching
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.solving import match_by_rules

Problem = matching.MatchingProblem
Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A market and what came of it.

    Attributes
    ----------
    problem, given
        The market; student → offer.
    status, bound
        What is known of the result, as in `matching.Matching`.
    tolerated
        Pairs that only a rule keeps apart, as a run keeps them.
    """

    problem: Problem
    given: Given
    status: str = "stable"
    bound: int | None = None
    tolerated: tuple[Mapping[str, Any], ...] = ()


def solve(problem: Problem, rules: RoundRules, *, time_limit: float | None = None) -> Outcome:
    """
    Match by the rules and check independently.

    Parameters
    ----------
    time_limit
        Seconds for the exact algorithm, instead of what the rules say.

    Raises
    ------
    Infeasible, LowerQuotaMissed
        As `matching.match`.
    ValueError
        The algorithm knows no such market, or the verifier found something wrong.
    """
    return checked(problem, match_by_rules(problem, rules, time_limit=time_limit))


def checked(problem: Problem, result: matching.Matching) -> Outcome:
    """
    Return the result with the verdict of the independent verifier.

    Raises
    ------
    ValueError
        The verifier found something wrong.
    """
    verdict = matching.verify_matching(problem, result.offer_of, algorithm=result.algorithm)
    if not verdict.ok:
        raise ValueError(f"result: {'; '.join(map(str, verdict.problems[:3]))}")
    return Outcome(
        problem,
        dict(result.offer_of),
        result.status,
        result.bound,
        tuple(tolerated_json(one) for one in verdict.tolerated),
    )


def tolerated_json(one: matching.Tolerated) -> dict[str, Any]:
    """Return a tolerated pair as plain values."""
    return {
        "student": one.pair.student,
        "offer": one.pair.offer,
        "cause": one.cause,
        "binding": list(one.binding) if one.binding else None,
    }


def figures(outcome: Outcome) -> dict[str, Any]:
    """Return size, students, ranks and what is proven, as plain values."""
    return {
        "size": len(outcome.given),
        "students": len(outcome.problem.student_preferences),
        "profile": list(matching.rank_profile(outcome.problem, outcome.given)),
        "status": outcome.status,
        "bound": outcome.bound,
        "tolerated": dict(Counter(str(one["cause"]) for one in outcome.tolerated)),
    }


# ---------------------------------------------------------------- who moved, and why


def moves(before: Outcome, after: Outcome, *, same_rules: bool) -> list[dict[str, Any]]:
    """
    Return the students whose result differs, by id.

    ``move``: ``gained``, ``lost``, ``better``, ``worse`` or ``other``. ``cause``: ``left`` and
    ``joined`` (the student), ``override`` (assigned, or no longer), ``list`` (their own list),
    ``rule`` (a conflict of theirs), ``places`` and ``answer`` (at one of the two places, or above
    it), ``algorithm`` (another way of matching), ``lottery``, ``chain`` (somebody else moved).
    """
    students = {*before.problem.student_preferences, *after.problem.student_preferences}
    changed_groups = _differing(before.problem.groups, after.problem.groups)
    found = []
    for student in sorted(students):
        was, now = before.given.get(student), after.given.get(student)
        if was != now:
            ranks = _rank(before.problem, student, was), _rank(after.problem, student, now)
            found.append(
                {
                    "student": student,
                    "before": was,
                    "after": now,
                    "rank_before": ranks[0],
                    "rank_after": ranks[1],
                    "move": _move(was, now, ranks),
                    "cause": _cause(
                        student, (was, now), before.problem, after.problem, changed_groups
                    )
                    or ("chain" if same_rules else "algorithm"),
                }
            )
    return found


def _rank(problem: Problem, student: str, offer: str | None) -> int | None:
    if offer is None or student not in problem.student_preferences:
        return None
    return matching.student_rank(problem, student, offer)


def _move(was: str | None, now: str | None, ranks: tuple[int | None, int | None]) -> str:
    if was is None:
        return "gained"
    if now is None:
        return "lost"
    if ranks[0] is None or ranks[1] is None or ranks[0] == ranks[1]:
        return "other"
    return "better" if ranks[1] < ranks[0] else "worse"


def _cause(  # noqa: PLR0911  one return a cause
    student: str,
    places: tuple[str | None, str | None],
    old: Problem,
    new: Problem,
    changed_groups: frozenset[str],
) -> str:
    if student not in new.student_preferences:
        return "left"
    if student not in old.student_preferences:
        return "joined"
    if old.pins.get(student) != new.pins.get(student):
        return "override"
    if _listed(old, student) != _listed(new, student):
        return "list"
    if any(old.bans.get((student, o)) != new.bans.get((student, o)) for o in _offers(old, student)):
        return "rule"
    for offer in filter(None, places):
        one, other = old.offers.get(offer), new.offers.get(offer)
        if one != other or one is None:
            return "places"
        was, now = old.mentors[one.mentor_id], new.mentors[one.mentor_id]
        if replace(was, preferences=()) != replace(now, preferences=()):
            return "places"
        if changed_groups.intersection(_groups_above(new, now.group_id)):
            return "places"
        if matching.tie_groups(was.preferences) != matching.tie_groups(now.preferences):
            return "answer"
    return "lottery" if old.seed != new.seed else ""


def _listed(problem: Problem, student: str) -> list[tuple[str, ...]]:
    return matching.tie_groups(problem.student_preferences[student])


def _offers(problem: Problem, student: str) -> list[str]:
    return matching.listed_ids(problem.student_preferences[student])


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(key for key in {*old, *new} if old.get(key) != new.get(key))


def _groups_above(problem: Problem, group: str | None) -> list[str]:
    found: list[str] = []
    while group is not None:
        found.append(group)
        group = problem.groups[group].parent_id
    return found


# ---------------------------------------------------------------- load and single assignments


def load(outcome: Outcome, unit_of: Mapping[str, int]) -> dict[int, tuple[int, int]]:
    """
    Return unit → (places, students).

    Places count once per mentor and unit, within what the mentor takes.

    Parameters
    ----------
    unit_of
        Offer → key of its unit; offers without one are left out.
    """
    places: Counter[tuple[int, str]] = Counter()
    for key, offer in outcome.problem.offers.items():
        if key in unit_of:
            node = unit_of[key], offer.mentor_id
            most = outcome.problem.mentors[offer.mentor_id].quota
            places[node] = min(most, places[node] + offer.quota)
    total: Counter[int] = Counter()
    for (unit, _mentor), count in places.items():
        total[unit] += count
    taken = Counter(unit_of[offer] for offer in outcome.given.values() if offer in unit_of)
    return {unit: (total[unit], taken[unit]) for unit in {*total, *taken}}


def cost_of_pin(
    outcome: Outcome, student: str, again: Callable[[Problem], Outcome]
) -> dict[str, Any]:
    """
    Return what one assignment costs: the same market without it, and who would gain there.

    Parameters
    ----------
    again
        Solves a market by the same rules.
    """
    pins = {key: pin for key, pin in outcome.problem.pins.items() if key != student}
    without = again(replace(outcome.problem, pins=pins))
    others = [one for one in moves(outcome, without, same_rules=True) if one["student"] != student]
    counts = Counter(one["move"] for one in others)
    return {
        "student": student,
        "offer": outcome.problem.pins[student].offer_id,
        "size": len(without.given) - len(outcome.given),
        "profile": list(matching.rank_profile(without.problem, without.given)),
        "own": without.given.get(student),
        "gain": counts["gained"] + counts["better"],
        "lose": counts["lost"] + counts["worse"],
        "gainers": [one["student"] for one in others if one["move"] in {"gained", "better"}],
    }
