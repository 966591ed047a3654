"""The independent check: planted mistakes, and the rules once more by their definition."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.rotation import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
    check_plan,
    recompute_score,
    score_of,
)
from tests.engines.rotation.tiny import draw_problem, plans

WARDS = (
    Ward("icu", "north", upper=(1, 1, 1, 1, 1, 1)),
    Ward("er", "north", upper=(2, 2, 2, 2, 2, 2), lower=(0, 0, 1, 0, 0, 0)),
    Ward("lab", "south"),
)
ANNA = Trainee(
    "anna",
    (
        Block("a", 2, {"icu": 3, "er": 1}, earliest=0, latest=3),
        Block("b", 1, {"er": 2, "lab": 5}),
        Block("x", 1, {"lab": 1}, group="g"),
        Block("y", 1, {"lab": 2, "er": 1}, group="g"),
    ),
    groups={"g": 1},
    orders=(Order("a", "b"), Order("b", "x", needed=True)),
    away=frozenset({5}),
    most_in_hospital=2,
    idle_cost=2,
    change_cost=1,
)
BO = Trainee("bo", (Block("a", 2, {"icu": 0, "er": 0}),), pins=(Stay("a", "er", 2),))
PROBLEM = RotationProblem(6, WARDS, (ANNA, BO))
GOOD = {
    "anna": (Stay("a", "icu", 0), Stay("b", "lab", 2), Stay("x", "lab", 4)),
    "bo": (Stay("a", "er", 2),),
}


def _codes(problem: RotationProblem, **stays: tuple[Stay, ...]) -> list[str]:
    return [violation.code for violation in check_plan(problem, {**GOOD, **stays})]


def test_a_plan_that_keeps_all_rules() -> None:
    assert check_plan(PROBLEM, GOOD) == ()
    # 3 + 5 + 1 in the wards, one idle month (period 3), one change from north to south
    assert recompute_score(PROBLEM, GOOD) == 3 + 5 + 1 - 2 - 1
    assert score_of(PROBLEM, GOOD).trainees == {"anna": 6, "bo": 0}


@pytest.mark.parametrize(
    ("code", "stays"),
    [
        ("unknown_block", [*GOOD["anna"], Stay("zzz", "lab", 3)]),
        ("unknown_ward", [GOOD["anna"][0], Stay("b", "lab", 2), Stay("x", "attic", 4)]),
        ("not_allowed_ward", [GOOD["anna"][0], Stay("b", "lab", 2), Stay("x", "er", 4)]),
        ("twice", [*GOOD["anna"], Stay("b", "lab", 3)]),
        ("group_count", [*GOOD["anna"], Stay("y", "lab", 3)]),
        ("group_count", GOOD["anna"][:2]),
        ("outside_window", [Stay("a", "icu", 3), Stay("y", "lab", 0), Stay("b", "lab", -1)]),
        ("away", [*GOOD["anna"][:2], Stay("x", "lab", 5)]),
        ("overlap", [*GOOD["anna"][:2], Stay("y", "lab", 1)]),
        ("order", [Stay("b", "lab", 0), Stay("a", "icu", 1), Stay("y", "lab", 3)]),
        ("order", [Stay("x", "lab", 0), Stay("a", "icu", 1), Stay("b", "lab", 4)]),
        ("hospital_count", [Stay("a", "icu", 0), Stay("b", "er", 2), Stay("y", "er", 3)]),
    ],
)
def test_a_planted_mistake_is_found(code: str, stays: list[Stay]) -> None:
    assert code in _codes(PROBLEM, anna=tuple(stays))


def test_mistakes_that_stand_alone() -> None:
    assert _codes(PROBLEM, bo=()) == ["missing_block", "pin_ignored", "under_minimum"]
    assert _codes(PROBLEM, bo=(Stay("a", "er", 1),)) == ["pin_ignored"]
    assert _codes(PROBLEM, cleo=()) == ["unknown_trainee"]
    barred = replace(BO, forbidden=frozenset({"north"}))
    assert _codes(replace(PROBLEM, trainees=(ANNA, barred))) == ["forbidden"]
    barred = replace(BO, forbidden=frozenset({"er"}))
    assert _codes(replace(PROBLEM, trainees=(ANNA, barred))) == ["forbidden"]
    crowded = replace(BO, pins=())
    moved = check_plan(
        replace(PROBLEM, trainees=(ANNA, crowded)), {**GOOD, "bo": (Stay("a", "icu", 1),)}
    )
    assert [(v.code, v.ward, v.period) for v in moved] == [
        ("under_minimum", "er", 2),
        ("over_capacity", "icu", 1),
    ]


def test_without_the_forerunner_only_a_needed_order_is_broken() -> None:
    blocks = (Block("a", 1, {"lab": 0}, group="g"), Block("b", 1, {"lab": 0}))
    loose = Trainee("t", blocks, groups={"g": 0}, orders=(Order("a", "b"),))
    strict = replace(loose, orders=(Order("a", "b", needed=True),))
    stays = {"t": (Stay("b", "lab", 0),)}

    assert check_plan(RotationProblem(2, WARDS[2:], (loose,)), stays) == ()
    broken = check_plan(RotationProblem(2, WARDS[2:], (strict,)), stays)
    assert [violation.code for violation in broken] == ["order"]


@given(st.integers(0, 10**6))
@settings(max_examples=300, deadline=None)
def test_codes_and_score_agree_with_the_definition(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    problem = draw_problem(seed, blocks=4, horizon=6)
    stays = {t.id: _any_stays(dice, problem, t) for t in problem.trainees}

    found = {violation.code for violation in check_plan(problem, stays)}

    assert found == _broken_rules(problem, stays)
    if not found - {"over_capacity", "under_minimum"}:
        assert recompute_score(problem, stays) == score_of(problem, stays).total


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_both_scores_agree_on_every_plan(seed: int) -> None:
    problem = draw_problem(seed)
    backwards = replace(problem, wards=problem.wards[::-1], trainees=problem.trainees[::-1])

    for plan in plans(problem):
        score = score_of(problem, plan)
        assert score.total == recompute_score(problem, plan) == _score(problem, plan)
        assert score_of(backwards, plan) == score


def _any_stays(dice: random.Random, problem: RotationProblem, trainee: Trainee) -> tuple[Stay, ...]:
    """Each block mostly once and mostly somewhere sensible."""
    stays = []
    for block in trainee.blocks:
        for _ in range(dice.choice([0, 1, 1, 1, 1, 1, 2])):
            ward = dice.choice(list(block.wards) * 4 + [w.id for w in problem.wards])
            stays.append(Stay(block.id, ward, dice.randint(0, problem.horizon - block.months)))
    return tuple(stays)


def _broken_rules(problem: RotationProblem, plan: dict[str, tuple[Stay, ...]]) -> set[str]:
    """The rules one by one, as `RotationProblem` and its parts describe them."""
    hospital = {ward.id: ward.hospital for ward in problem.wards}
    load: Counter[tuple[str, int]] = Counter()
    broken = set()
    for person in problem.trainees:
        block = {b.id: b for b in person.blocks}
        own = plan[person.id]
        when = {s: set(range(s.start, s.start + block[s.block].months)) for s in own}
        times = Counter(s.block for s in own)
        load.update((s.ward, p) for s in own for p in range(s.start, s.start + len(when[s])))
        done = set(times)
        sums = Counter(block[b].group for b in done)
        per_hospital = Counter(hospital[s.ward] for s in own)
        months = [p for s in own for p in range(s.start, s.start + len(when[s]))]
        last = problem.horizon - 1
        broken |= {
            code
            for code, holds in {
                "not_allowed_ward": all(s.ward in block[s.block].wards for s in own),
                "forbidden": not any(
                    s.ward in person.forbidden or hospital[s.ward] in person.forbidden for s in own
                ),
                "twice": all(count == 1 for count in times.values()),
                "missing_block": all(b.id in done for b in person.blocks if b.group == ""),
                "group_count": all(sums[g] == n for g, n in person.groups.items()),
                "outside_window": all(
                    min(when[s]) >= block[s.block].earliest
                    and max(when[s])
                    <= (last if block[s.block].latest is None else block[s.block].latest)
                    for s in own
                ),
                "away": not any(when[s] & person.away for s in own),
                "overlap": len(set(months)) == len(months),
                "order": all(
                    max((max(when[s]) for s in own if s.block == order.before), default=-1)
                    < min(when[later])
                    and (order.before in done or not order.needed)
                    for order in person.orders
                    for later in own
                    if later.block == order.after
                ),
                "hospital_count": person.most_in_hospital is None
                or all(n <= person.most_in_hospital for n in per_hospital.values()),
                "pin_ignored": all(pin in own for pin in person.pins),
            }.items()
            if not holds
        }
    for ward in problem.wards:
        for period in range(problem.horizon):
            if ward.upper is not None and load[ward.id, period] > ward.upper[period]:
                broken.add("over_capacity")
            if ward.lower and load[ward.id, period] < ward.lower[period]:
                broken.add("under_minimum")
    return broken


def _score(problem: RotationProblem, plan: dict[str, tuple[Stay, ...]]) -> int:
    """The objective as one sum of the texts of the plan's months."""
    hospital = {ward.id: ward.hospital for ward in problem.wards}

    def months(person: Trainee, stays: tuple[Stay, ...]) -> list[str]:
        length = {b.id: b.months for b in person.blocks}
        row = [""] * problem.horizon
        for stay in stays:
            row[stay.start : stay.start + length[stay.block]] = [stay.ward] * length[stay.block]
        return row

    own = []
    rows = {person.id: months(person, plan[person.id]) for person in problem.trainees}
    for person in problem.trainees:
        block = {b.id: b for b in person.blocks}
        text = " ".join(ward or "-" for ward in rows[person.id]).rstrip("- ").split()
        seen = [hospital[ward] for ward in text if ward != "-"]
        moves = sum(seen[i] != seen[i - 1] for i in range(1, len(seen)))
        worth = sum(block[s.block].wards[s.ward] + block[s.block].score for s in plan[person.id])
        own.append(worth - person.idle_cost * text.count("-") - person.change_cost * moves)
    above = sum(
        max(0, sum(row[period] == ward.id for row in rows.values()) - target)
        for ward in problem.wards
        for period, target in enumerate(ward.target)
    )
    changed = sum(
        now != then
        for person in problem.trainees
        if person.id in problem.previous
        for now, then in zip(
            rows[person.id], months(person, problem.previous[person.id]), strict=True
        )
    )
    total = sum(own) + problem.fairness * min(own)
    return total - problem.smooth * above - problem.keep * changed
