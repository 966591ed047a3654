"""The public medical-student-scheduling format against our problem."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from cotutelle.engines.rotation import (
    Evidence,
    RotationProblem,
    Stay,
    check_bound,
    check_plan,
    recompute_score,
    validate_problem,
)

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))

from _rotation_dzn import Instance, judge, read_instance, rows_of, to_problem  # noqa: E402

DATA = Path(os.environ.get("COTUTELLE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "rotation"
BEST_KNOWN = {"I40_12_1": 4127, "I40_12_2": 3920, "I80_12_2": 7206}

TEXT = """% two students, two hospitals, three disciplines
Students=2; Disciplines=3; Hospitals=2; Duration=2; Horizon=6; Groups=2; MaxDiscPerHosp=2;
DiscGroup = [1,1,2];
StudDiscGroup =[| 2, 0 | 1, 1 |];
AllowedDisc =[| 1, 1, 1 | 1, 0, 1 |];
Precededby =[| 0, 0, 0 | 1, 0, 0 | 0, 0, 0 |];
Availability =[| 1, 1, 0, 1, 1, 1 | 1, 1, 1, 1, 1, 1 |];
Ability =
 array3d(1..Students,1..Hospitals,1..Disciplines,[ 1,1,1, 0,1,1, 1,1,1, 1,1,0 ]);
MaxPosHosp =
 array3d(1..Hospitals, 1..Disciplines, 1..Horizon,[
2,2,2,2,2,2, 1,1,1,1,1,1, 1,1,1,1,1,1, 2,2,2,2,2,2, 2,2,2,2,2,2, 2,2,2,2,2,2 ]);
MinPosHosp =
 array3d(1..Hospitals, 1..Disciplines, 1..Horizon,[
1,0,0,0,0,0, 0,0,0,0,0,0, 0,0,0,0,0,0, 0,0,0,0,0,0, 0,0,0,0,0,0, 0,0,0,0,0,0 ]);
WeightPref=[| 3,2,-1,-2 | 1,1,-3,-1 |];
PrefStudDisc =[| 4, 1, 2 | 5, 5, 3 |];
PrefStudHosp =[| 4, 2 | 1, 3 |];
ManPref=[0,4,1];
"""
PLAN = {
    "s0000": (Stay("d0", "0-0", 0), Stay("d1", "1-1", 3)),
    "s0001": (Stay("d0", "1-0", 0), Stay("d2", "0-2", 4)),
}


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    (tmp_path / "tiny.dzn").write_text(TEXT, encoding="utf-8")
    return read_instance(tmp_path / "tiny.dzn")


def test_an_instance_counted_by_hand(instance: Instance) -> None:
    problem = to_problem(instance)
    validate_problem(problem)
    # student 0: 3·(4+1) + 2·(4+2) + (0+4), one idle period, one change
    # student 1: 1·(5+3) + 1·(3+1) + (0+1), two idle periods, one change
    first, second = 15 + 12 + 4 - 2 - 1, 8 + 4 + 1 - 2 - 3

    rows = rows_of(instance, PLAN)

    assert check_plan(problem, PLAN) == ()
    assert recompute_score(problem, PLAN) == first + second + min(first, second)
    assert judge(instance, rows) == (first + second + min(first, second), [])
    assert rows[:3] == [(0, 0, 0, 0), (0, 1, 0, 0), (0, 3, 1, 1)]
    assert len(rows) == 8


@pytest.mark.parametrize(
    ("student", "stays"),
    [
        ("s0000", (Stay("d1", "1-1", 0), Stay("d0", "0-0", 3))),  # order
        ("s0000", (Stay("d0", "0-0", 1), Stay("d1", "1-1", 3))),  # not available in period 2
        ("s0000", (Stay("d0", "0-0", 0),)),  # one of two
        ("s0001", (Stay("d0", "0-0", 3), Stay("d2", "0-2", 1))),  # nobody else in 0-0: fine
        ("s0001", (Stay("d0", "1-0", 0), Stay("d2", "1-2", 4))),  # not able there
        ("s0000", (Stay("d0", "1-0", 0), Stay("d1", "1-1", 3))),  # minimum, not able there
    ],
)
def test_both_checks_agree(instance: Instance, student: str, stays: tuple[Stay, ...]) -> None:
    plan = {**PLAN, student: stays}

    broken = judge(instance, rows_of(instance, plan))[1]

    assert bool(check_plan(to_problem(instance), plan)) == bool(broken)
    assert bool(broken) != ("0-2" in {stay.ward for stay in stays})


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.dzn"
    path.write_text(TEXT[: TEXT.index("ManPref")], encoding="utf-8")
    with pytest.raises(ValueError, match="ManPref is missing"):
        read_instance(path)
    path.write_text(TEXT.replace("ManPref=[0,4,1]", "ManPref=[0,4]"), encoding="utf-8")
    with pytest.raises(ValueError, match="ManPref has 2 numbers"):
        read_instance(path)


def _haphazard(problem: RotationProblem, seed: int) -> dict[str, tuple[Stay, ...]]:
    """One discipline after the other, as they come; rules are broken here and there."""
    dice = random.Random(seed)  # noqa: S311
    plan = {}
    for trainee in problem.trainees:
        months, stays = iter(range(problem.horizon)), []
        for block in dice.sample(trainee.blocks, len(trainee.blocks)):
            chosen = sum(stay.block in _group(trainee.blocks, block.group) for stay in stays)
            if chosen == trainee.groups[block.group]:
                continue
            start = next((t for t in months if t not in trainee.away), None)
            if start is None or start + block.months > problem.horizon:
                break
            for _ in range(block.months - 1):
                next(months, None)
            stays.append(Stay(block.id, dice.choice(list(block.wards)), start))
        plan[trainee.id] = tuple(stays)
    return plan


def _group(blocks: tuple, group: str) -> set[str]:  # type: ignore[type-arg]
    return {block.id for block in blocks if block.group == group}


@pytest.mark.external
@pytest.mark.parametrize("path", sorted(DATA.glob("*.dzn")), ids=lambda path: path.stem)
def test_both_objectives_agree_on_the_public_instances(path: Path) -> None:
    instance = read_instance(path)
    problem = to_problem(instance)
    validate_problem(problem)

    for seed in range(3):
        plan = _haphazard(problem, seed)
        objective, broken = judge(instance, rows_of(instance, plan))
        assert recompute_score(problem, plan) == objective
        assert bool(check_plan(problem, plan)) == bool(broken)


@pytest.mark.external
@pytest.mark.parametrize("name", BEST_KNOWN)
def test_what_each_would_reach_alone_is_no_less_than_the_best_known(name: str) -> None:
    path = DATA / f"{name}.dzn"
    if not path.exists():
        pytest.skip("shared data are not here")
    problem = to_problem(read_instance(path))

    alone = check_bound(problem, Evidence({}, {problem.trainees[0].id: 1.0}))

    assert BEST_KNOWN[name] <= alone <= 1.2 * BEST_KNOWN[name]
