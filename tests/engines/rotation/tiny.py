"""Problems small enough to try every plan, and the trying."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product

from cotutelle.engines.rotation.checking import check_plan, recompute_score
from cotutelle.engines.rotation.problem import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
)


def draw_problem(
    seed: int, *, trainees: int = 2, blocks: int = 3, horizon: int = 5
) -> RotationProblem:
    """Return a random problem with every kind of rule in it, often with a plan."""
    dice = random.Random(seed)  # noqa: S311
    wards = tuple(_ward(dice, f"w{i}", f"h{i % 2}", trainees, horizon) for i in range(3))
    people = tuple(
        _trainee(dice, f"t{i}", wards, dice.randint(1, blocks), horizon) for i in range(trainees)
    )
    problem = RotationProblem(
        horizon,
        wards,
        people,
        fairness=dice.choice([0, 1, 3]),
        smooth=dice.choice([0, 2]),
    )
    if dice.random() < 0.5:
        before = {
            person.id: dice.choice(plans)
            for person in people
            if (plans := schedules(problem, person))
        }
        problem = replace(problem, previous=before, keep=dice.choice([0, 1, 4]))
    return problem


def _ward(dice: random.Random, name: str, hospital: str, trainees: int, horizon: int) -> Ward:
    upper = tuple(dice.choice([1, 1, trainees]) for _ in range(horizon))
    lower = tuple(int(dice.random() < 0.12) for _ in range(horizon))
    target = tuple(dice.choice([0, 1]) for _ in range(horizon))
    return Ward(
        name,
        hospital,
        upper=None if dice.random() < 0.2 else upper,
        lower=lower if dice.random() < 0.4 else (),
        target=target if dice.random() < 0.5 else (),
    )


def _trainee(
    dice: random.Random, name: str, wards: Sequence[Ward], blocks: int, horizon: int
) -> Trainee:
    chosen = tuple(
        Block(
            f"b{i}",
            dice.choice([1, 1, 2]),
            {w.id: dice.randint(0, 6) for w in dice.sample(wards, dice.randint(1, 3))},
            score=dice.randint(-2, 4),
            group=dice.choice(["", "", "g"]),
            earliest=dice.choice([0, 0, 1]),
            latest=dice.choice([None, None, horizon - 2]),
        )
        for i in range(blocks)
    )
    size = sum(block.group == "g" for block in chosen)
    pairs = [pair for pair in combinations([b.id for b in chosen], 2) if dice.random() < 0.25]
    return Trainee(
        name,
        chosen,
        groups={"g": dice.randint(0, size)} if size else {},
        orders=tuple(Order(a, b, needed=dice.random() < 0.5) for a, b in pairs),
        away=frozenset(t for t in range(horizon) if dice.random() < 0.1),
        forbidden=frozenset(["h1"] if dice.random() < 0.1 else []),
        most_in_hospital=dice.choice([None, None, 1, 2]),
        idle_cost=dice.randint(0, 2),
        change_cost=dice.randint(0, 3),
    )


def schedules(problem: RotationProblem, person: Trainee) -> list[tuple[Stay, ...]]:
    """Return every schedule that keeps the person's own rules."""
    free = tuple(Ward(ward.id, ward.hospital) for ward in problem.wards)
    alone = RotationProblem(problem.horizon, free, (person,))
    ways = [
        [None]
        + [
            Stay(block.id, ward, start)
            for ward in block.wards
            for start in range(problem.horizon - block.months + 1)
        ]
        for block in person.blocks
    ]
    found = (tuple(s for s in choice if s is not None) for choice in product(*ways))
    return [stays for stays in found if not check_plan(alone, {person.id: stays})]


def plans(problem: RotationProblem) -> Iterator[dict[str, tuple[Stay, ...]]]:
    """Yield every plan that keeps all rules."""
    ways = [
        [(stays, _cells(person, stays)) for stays in schedules(problem, person)]
        for person in problem.trainees
    ]
    for choice in product(*ways):
        load = Counter(cell for _, cells in choice for cell in cells)
        if all(_fits(ward, load, problem.horizon) for ward in problem.wards):
            yield {
                person.id: stays
                for person, (stays, _) in zip(problem.trainees, choice, strict=True)
            }


def best_score(problem: RotationProblem) -> int | None:
    """Return the score of the best plan, or ``None`` where there is no plan."""
    return max((recompute_score(problem, plan) for plan in plans(problem)), default=None)


def _cells(person: Trainee, stays: Sequence[Stay]) -> list[tuple[str, int]]:
    months = {block.id: block.months for block in person.blocks}
    return [(s.ward, p) for s in stays for p in range(s.start, s.start + months[s.block])]


def _fits(ward: Ward, load: Counter[tuple[str, int]], horizon: int) -> bool:
    return all(
        (not ward.lower or load[ward.id, period] >= ward.lower[period])
        and (ward.upper is None or load[ward.id, period] <= ward.upper[period])
        for period in range(horizon)
    )
