"""The best schedule of one trainee, against the enumeration of all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from cotutelle.engines.rotation import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
    check_plan,
    score_of,
)
from cotutelle.engines.rotation import oracle as oracle_module
from cotutelle.engines.rotation.oracle import Oracle

HORIZON = 6
WARDS = (Ward("a1", "A"), Ward("a2", "A"), Ward("b1", "B"), Ward("c1", "C"))


def _block(number: int, draw: random.Random) -> Block:
    wards = draw.sample(WARDS, draw.randint(1, 3))
    earliest = draw.choice((0, 0, 1))
    return Block(
        id=f"b{number}",
        months=draw.choice((1, 1, 2)),
        wards={ward.id: draw.randint(-4, 6) for ward in wards},
        score=draw.randint(-2, 5),
        group=draw.choice(("", "", "g", "g", "h")),
        earliest=earliest,
        latest=draw.choice((None, HORIZON - 2)),
    )


def _problem(seed: int) -> RotationProblem:
    draw = random.Random(seed)  # noqa: S311
    blocks = tuple(_block(number, draw) for number in range(draw.randint(2, 4)))
    groups = {
        group: draw.randint(0, sum(block.group == group for block in blocks))
        for group in {block.group for block in blocks} - {""}
    }
    first, second = sorted(draw.sample([block.id for block in blocks], 2))
    orders = draw.choice(((), (Order(first, second, draw.random() < 0.5),)))
    pinned = draw.choice(blocks)
    pins = (Stay(pinned.id, min(pinned.wards), draw.randint(0, 3)),)
    trainee = Trainee(
        id="t",
        blocks=blocks,
        groups=groups,
        orders=orders,
        away=frozenset(draw.sample(range(HORIZON), draw.randint(0, 1))),
        forbidden=frozenset(draw.choice(((), (), ("C",), ("a1",)))),
        pins=draw.choice(((), (), pins)),
        most_in_hospital=draw.choice((None, None, 1, 2)),
        idle_cost=draw.randint(0, 3),
        change_cost=draw.randint(0, 3),
    )
    previous = draw.choice(({}, {"t": (Stay(blocks[0].id, min(blocks[0].wards), 0),)}))
    return RotationProblem(HORIZON, WARDS, (trainee,), previous=previous, keep=draw.randint(0, 2))


def _selections(blocks: tuple[Block, ...], taken: frozenset[int]) -> Iterator[tuple[Stay, ...]]:
    if not blocks:
        yield ()
        return
    yield from _selections(blocks[1:], taken)
    block = blocks[0]
    for start in range(HORIZON - block.months + 1):
        periods = frozenset(range(start, start + block.months))
        if periods & taken:
            continue
        for rest in _selections(blocks[1:], taken | periods):
            yield from ((Stay(block.id, ward, start), *rest) for ward in block.wards)


def _worth(problem: RotationProblem, stays: tuple[Stay, ...], prices: np.ndarray) -> float:
    score = score_of(problem, {"t": stays})
    months = {block.id: block.months for block in problem.trainees[0].blocks}
    names = [ward.id for ward in WARDS]
    paid = sum(
        prices[names.index(stay.ward), stay.start : stay.start + months[stay.block]].sum()
        for stay in stays
    )
    return float(1.5 * score.trainees["t"] - problem.keep * score.changed - paid)


@pytest.mark.parametrize("way", ["table", "labels", "followed"])
def test_best_is_the_best_of_all_schedules(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way != "table":
        monkeypatch.setattr(oracle_module, "_MOST_BLOCKS", -1)
    if way == "followed":
        stages = ((0, 1, 1), (1, 2, 1), (3, 3, 1), (3, 10, 16_000))
        monkeypatch.setattr(oracle_module, "_STAGES", stages)
    impossible = 0
    for seed in range(40):
        problem = _problem(seed)
        prices = np.random.default_rng(seed).normal(0, 3, (len(WARDS), HORIZON))
        allowed = [
            stays
            for stays in _selections(problem.trainees[0].blocks, frozenset())
            if not check_plan(problem, {"t": stays})
        ]
        oracle = Oracle(problem)
        rough = oracle.best(0, np.zeros(prices.shape), width=1)
        assert rough.upper >= rough.value
        rough = oracle.best(0, prices, 1.5, width=1)
        found = oracle.best(0, prices, 1.5)
        if not allowed:
            impossible += 1
            assert found.value == -np.inf
            continue
        best = max(_worth(problem, stays, prices) for stays in allowed)
        assert rough.upper >= best - 1e-9, seed
        assert found.value == pytest.approx(best), seed
        assert found.upper == pytest.approx(best), seed
        assert not check_plan(problem, {"t": found.stays})
        assert _worth(problem, found.stays, prices) == pytest.approx(best)
        assert found.score == score_of(problem, {"t": found.stays}).trainees["t"]
        assert found.keep == problem.keep * score_of(problem, {"t": found.stays}).changed
    assert 3 < impossible < 35


@pytest.mark.parametrize("names", [("a", "x", "y"), ("x", "a", "y"), ("y", "x", "a")])
def test_among_equals_an_elective_still_comes_before_its_follower(
    names: tuple[str, str, str],
) -> None:
    elective, other, follower = names
    blocks = (
        Block(elective, 1, {"a1": 5}, group="g"),
        Block(other, 1, {"a1": 0}, group="g"),
        Block(follower, 1, {"a1": 5}),
    )
    trainee = Trainee("t", blocks, groups={"g": 1}, orders=(Order(elective, follower),))
    problem = RotationProblem(2, WARDS[:1], (trainee,))
    found = Oracle(problem).best(0, np.zeros((1, 2)))
    assert [stay.block for stay in found.stays] == [elective, follower]


def test_trainees_with_few_and_many_blocks_share_an_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = tuple(
        Block(f"b{n}", 1, {ward.id: (7 * n + 3 * w) % 5 for w, ward in enumerate(WARDS)})
        for n in range(5)
    )
    many = Trainee("a", blocks, idle_cost=1, change_cost=2)
    few = Trainee("b", blocks[:3], idle_cost=1, change_cost=2)
    problem = RotationProblem(HORIZON, WARDS, (many, few))
    prices = np.random.default_rng(1).normal(0, 3, (len(WARDS), HORIZON))
    exact = [Oracle(problem).best(trainee, prices).value for trainee in (0, 1)]
    monkeypatch.setattr(oracle_module, "_MOST_BLOCKS", 3)
    oracle = Oracle(problem)
    for _ in range(3):
        assert [oracle.best(i, prices).value for i in (0, 1)] == pytest.approx(exact)
