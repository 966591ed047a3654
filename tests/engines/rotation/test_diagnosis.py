"""Conflicts and repairs against trying everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.diagnosis import (
    Diagnosis,
    Rule,
    apply_repair,
    diagnose,
)
from cotutelle.engines.rotation.diagnosis.findings import least_missing
from cotutelle.engines.rotation.generate import CONFLICTS, planted_conflict
from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward
from tests.engines.rotation.tiny import draw_problem, plans


def _can_keep(problem: RotationProblem, rules: Sequence[Rule]) -> bool:
    """Try everything: can these rules, and no others, be kept together?"""
    cells = [
        (rule, period)
        for rule in rules
        if rule.kind in ("capacity", "minimum") and rule.periods
        for period in range(rule.periods[0], rule.periods[1] + 1)
    ]
    loads = {(0,) * len(cells)}
    for trainee in problem.trainees:
        mine = [r for r in rules if trainee.id in r.trainees or r.kind == "horizon"]
        ways = {
            tuple(_stands(trainee, stays, rule.subjects[0], period) for rule, period in cells)
            for stays in _ways(problem, trainee)
            if all(_keeps(problem, trainee, stays, rule) for rule in mine)
        }
        loads = {
            tuple(a + b for a, b in zip(load, way, strict=True)) for load in loads for way in ways
        }
    return any(
        all(
            count <= (rule.amount or 0) if rule.kind == "capacity" else count >= (rule.amount or 0)
            for count, (rule, _) in zip(load, cells, strict=True)
        )
        for load in loads
    )


def _ways(problem: RotationProblem, trainee: Trainee) -> Iterator[tuple[Stay, ...]]:
    """Yield what one person can do, all rules aside; a start at the horizon means afterwards."""
    months = {block.id: block.months for block in trainee.blocks}
    ways = [
        [
            None,
            *(
                Stay(block.id, ward, start)
                for ward in block.wards
                for start in [*range(problem.horizon - block.months + 1), problem.horizon]
            ),
        ]
        for block in trainee.blocks
    ]
    for choice in product(*ways):
        stays = tuple(stay for stay in choice if stay is not None)
        busy = [
            period
            for stay in stays
            if stay.start < problem.horizon
            for period in range(stay.start, stay.start + months[stay.block])
        ]
        if len(busy) == len(set(busy)):
            yield stays


def _stands(trainee: Trainee, stays: Sequence[Stay], ward: str, period: int) -> int:
    months = {block.id: block.months for block in trainee.blocks}
    return sum(s.ward == ward and s.start <= period < s.start + months[s.block] for s in stays)


def _keeps(problem: RotationProblem, trainee: Trainee, stays: Sequence[Stay], rule: Rule) -> bool:  # noqa: PLR0911
    blocks = {block.id: block for block in trainee.blocks}
    hospital = {ward.id: ward.hospital for ward in problem.wards}
    done = {stay.block: stay for stay in stays}
    first, *more = (*rule.subjects, "")
    if rule.kind == "horizon":
        return all(stay.start < problem.horizon for stay in stays)
    if rule.kind == "length":
        return first in done
    if rule.kind == "elective":
        return sum(blocks[stay.block].group == first for stay in stays) == rule.amount
    if rule.kind == "forbidden":
        return all(first not in {stay.ward, hospital[stay.ward]} for stay in stays)
    if rule.kind == "away":
        low, high = rule.periods or (0, 0)
        span = range(low, high + 1)
        return not any(_stands(trainee, stays, s.ward, p) for s in stays for p in span)
    if rule.kind == "hospital_count":
        where = [hospital[stay.ward] for stay in stays]
        return all(where.count(each) <= (rule.amount or 0) for each in where)
    if rule.kind == "window":
        block, stay = blocks[first], done.get(first)
        end = None if block.latest is None else block.latest - block.months + 1
        return stay is None or (block.earliest <= stay.start and (end is None or stay.start <= end))
    if rule.kind == "pin":
        return any(pin.block == first and pin in stays for pin in trainee.pins)
    assert rule.kind == "order"
    order = next(o for o in trainee.orders if (o.before, o.after) == (first, more[0]))
    if order.after not in done:
        return True
    if order.before not in done:
        return not order.needed
    before, after = done[order.before], done[order.after]
    is_late = after.start == before.start == problem.horizon
    return is_late or before.start + blocks[order.before].months <= after.start


def _assert_holds(problem: RotationProblem, found: Diagnosis) -> None:
    assert found.core
    assert found.is_irreducible
    assert not _can_keep(problem, found.core)
    for rule in found.core:
        assert _can_keep(problem, [other for other in found.core if other != rule]), rule
    for repair in found.repairs:
        assert not check_plan(apply_repair(problem, repair), repair.stays)
        assert all(change.waiver != "nobody" for change in repair.changes)


def test_tiny_problems_are_diagnosed_as_trying_everything_does() -> None:
    seen = {True: 0, False: 0}
    for seed in range(40):
        problem = draw_problem(seed)
        found = diagnose(problem, time_limit=10)
        assert found.is_feasible is any(True for _ in plans(problem)), seed
        seen[bool(found.is_feasible)] += 1
        if found.is_feasible:
            assert found.elastic is not None
            assert not check_plan(problem, found.elastic.stays)
            assert not found.core
        else:
            _assert_holds(problem, found)
    assert min(seen.values()) >= 8


@pytest.mark.parametrize("kind", CONFLICTS)
def test_a_planted_cause_is_named_and_repaired(kind: str) -> None:
    problem, cause = planted_conflict(kind, seed=5)
    found = diagnose(problem, time_limit=120)
    assert found.is_feasible is False
    assert found.is_irreducible
    assert any(rule.touches(cause) for rule in found.core)
    for repair in found.repairs:
        assert not check_plan(apply_repair(problem, repair), repair.stays)
    if kind == "window":
        assert found.is_beyond_waiving
        assert not found.repairs
    else:
        assert found.repairs


def _crowded_unit() -> RotationProblem:
    """Three must be in the intensive-care unit in the same month; it has two places."""
    ward = Ward("icu", "h", upper=(3, 2, 3), department="ICU")
    other = Ward("surgery", "h")
    block = Block("icu", 1, {"icu": 0}, earliest=1, latest=1)
    rest = Block("surgery", 1, {"surgery": 0})
    people = tuple(Trainee(f"t{i}", (block, rest)) for i in range(3))
    return RotationProblem(3, (ward, other), people)


def test_arithmetic_names_the_ward_the_month_and_the_places() -> None:
    found = diagnose(_crowded_unit(), time_limit=60)
    (finding,) = found.findings
    assert (finding.code, finding.wards, finding.periods) == ("places", ("icu",), (1, 1))
    assert (finding.needed, finding.has) == (3, 2)
    assert least_missing(found.findings) == 1
    (repair,) = found.repairs
    assert repair.changes == (Rule("capacity", ("icu",), (), (1, 1), 1),)
    assert repair.who == ("department",)
    assert {rule.kind for rule in found.core} == {"capacity", "window", "length"}


def test_repairs_differ_in_whom_to_ask() -> None:
    """Away in one month, and in the other somebody is pinned to the only place."""
    ward = Ward("a", "h", upper=(1, 1))
    block = Block("x", 1, {"a": 0})
    pinned = Trainee("pinned", (block,), pins=(Stay("x", "a", 1),))
    away = Trainee("away", (block,), away=frozenset({0}))
    problem = RotationProblem(2, (ward,), (pinned, away))
    found = diagnose(problem, time_limit=60)
    _assert_holds(problem, found)
    assert [repair.who for repair in found.repairs] == [("officer",), ("department",), ("trainee",)]
    assert [repair.size for repair in found.repairs] == [1, 1, 1]


def test_too_much_curriculum_is_beyond_waiving() -> None:
    ward = Ward("a", "h")
    blocks = (Block("x", 2, {"a": 0}), Block("y", 2, {"a": 0}))
    found = diagnose(RotationProblem(3, (ward,), (Trainee("t", blocks),)), time_limit=60)
    assert found.is_beyond_waiving
    assert not found.repairs
    assert found.findings[0].code == "months"
    assert {rule.kind for rule in found.core} == {"length", "horizon"}


def test_a_repair_of_the_curriculum_is_refused() -> None:
    problem = _crowded_unit()
    (repair,) = diagnose(problem, time_limit=60).repairs
    wrong = type(repair)((Rule("window", ("icu",), ("t0",)),), 1, repair.stays)
    with pytest.raises(ValueError, match="nobody may waive"):
        apply_repair(problem, wrong)
