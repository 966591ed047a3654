"""
Large-neighbourhood search from a plan that breaks rules: fewer broken places, then fewer changes.

A dozen trainees around a broken place (or around a change that may be undone) are placed again,
exactly, while the others stay; the circle widens when that brings nothing.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from cotutelle.engines.rotation.checking import Violation, check_plan
from cotutelle.engines.rotation.placement import (
    Cell,
    Goal,
    Limits,
    Placed,
    allowed_stays,
    loads,
    place,
)
from cotutelle.engines.rotation.problem import RotationProblem, Stay

Stays = dict[str, tuple[Stay, ...]]

CIRCLE = 10
"""Trainees placed again at first."""

PATIENCE = 12
"""Steps without gain after which the plan is left as it is."""

WIDEST = 60
"""Trainees placed again at most, beyond those whose own stays are impossible."""


def mend(
    problem: RotationProblem,
    stays: Mapping[str, Sequence[Stay]],
    *,
    seed: int,
    workers: int,
    going: Callable[[Stays], float],
    only_feasible: bool = False,
) -> Stays:
    """
    Search from ``stays`` for a plan with fewer places over or under, then fewer changes.

    Parameters
    ----------
    problem
        A valid problem in which every trainee alone has a plan.
    stays
        Any stays of its blocks.
    seed, workers
        Of the search.
    going
        Told the best plan before every step; returns the seconds left, 0 to stop.
    only_feasible
        Stop at the first plan that keeps all rules.

    Returns
    -------
    The best plan found.
    """
    best: Stays = {trainee.id: tuple(stays.get(trainee.id, ())) for trainee in problem.trainees}
    chance = random.Random(seed)  # noqa: S311 - a search, not a secret
    width, idle = CIRCLE, 0
    while (seconds := going(best)) > 0:
        broken = check_plan(problem, best)
        if (only_feasible and not broken) or idle > PATIENCE:
            break
        free = _circle(problem, best, broken, width, chance)
        if not free:
            break
        goal = Goal(slack=10_000, change=1)
        limits = Limits(min(seconds, 4.0 + width / 5), chance.randrange(2**30), workers)
        placed = place(problem, free, best, goal, limits)
        tried = {**best, **placed.stays} if isinstance(placed, Placed) else best
        whole = len(free) == len(problem.trainees)
        if whole and isinstance(placed, Placed) and placed.is_optimal:
            return tried
        if _merit(problem, tried) < _merit(problem, best):
            best, width, idle = tried, CIRCLE, 0
        else:
            width, idle = min(WIDEST, width + width // 2), idle + 1
    return best


def _merit(problem: RotationProblem, stays: Stays) -> tuple[int, int, int]:
    """Return own rules broken, places over or under, and changed periods: less is better."""
    own = sum(1 for each in check_plan(problem, stays) if each.trainee is not None)
    load = loads(problem, stays)
    places = 0
    for ward in problem.wards:
        for period in range(problem.horizon):
            here = load[ward.id, period]
            if ward.upper is not None:
                places += max(0, here - ward.upper[period])
            if ward.lower:
                places += max(0, ward.lower[period] - here)
    return own, places, len(_changed_cells(problem, stays))


def _changed_cells(problem: RotationProblem, stays: Stays) -> list[tuple[str, Cell]]:
    """Return trainee and cell of every period that was left."""
    known = {trainee: stays[trainee] for trainee in problem.previous}
    now, then = _cells(problem, known), _cells(problem, problem.previous)
    return [
        (trainee, cell) for trainee in sorted(then) for cell in sorted(then[trainee] ^ now[trainee])
    ]


def _cells(problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]) -> dict[str, set[Cell]]:
    found: dict[str, set[Cell]] = defaultdict(set)
    for trainee in problem.trainees:
        months = {block.id: block.months for block in trainee.blocks}
        for stay in stays.get(trainee.id, ()):
            periods = range(stay.start, stay.start + months[stay.block])
            found[trainee.id].update((stay.ward, period) for period in periods)
    return found


def _circle(
    problem: RotationProblem,
    stays: Stays,
    broken: Sequence[Violation],
    width: int,
    chance: random.Random,
) -> set[str]:
    """Choose whom to place again: around what is broken, else around what has changed."""
    own = {each.trainee for each in broken if each.trainee is not None}
    focus: list[Cell] = [(v.ward, v.period) for v in broken if v.ward and v.period is not None]
    changed = [] if focus else _changed_cells(problem, stays)
    if not focus and changed:
        somebody = chance.choice(changed)[0]
        own.add(somebody)
        focus = [cell for trainee, cell in changed if trainee == somebody]
    if not focus:
        return own
    near = _near(problem, stays, set(chance.sample(focus, min(3, len(focus)))))
    ranked = sorted(near, key=lambda trainee: (-near[trainee], chance.random()))
    others = sorted({trainee for trainee, _ in changed} - own)
    extra = chance.sample(others, min(len(others), width // 3))
    free = {*own, *extra}
    for trainee in ranked:
        if len(free) >= max(width, len(own) + width // 2):
            break
        free.add(trainee)
    return free


def _near(problem: RotationProblem, stays: Stays, focus: set[Cell]) -> dict[str, float]:
    """Weigh trainees: there now, or able to be there, or where those there could go instead."""
    wards = {ward.id: ward for ward in problem.wards}
    now = _cells(problem, stays)
    weight: dict[str, float] = {}
    asked = {ward for ward, _ in focus}
    akin = set(asked)
    for trainee in problem.trainees:
        for block in trainee.blocks:
            if asked & set(block.wards):
                akin |= set(block.wards)
    months = {period + shift for _, period in focus for shift in range(-3, 4)}
    for trainee in problem.trainees:
        mine = now[trainee.id]
        value = 4.0 * len(mine & focus)
        value += sum(0.5 for ward, period in mine if ward in akin and period in months)
        if value == 0.0 and any(asked & set(block.wards) for block in trainee.blocks):
            length = {block.id: block.months for block in trainee.blocks}
            value += 0.2 * any(
                (stay.ward, period) in focus
                for _, stay in allowed_stays(trainee, wards, problem.horizon)
                for period in range(stay.start, stay.start + length[stay.block])
            )
        if value:
            weight[trainee.id] = value
    return weight
