"""
The public medical-student-scheduling format: reading, translating, and its own check.

Zanazzo, Ceschia, Dovier, Schaerf, "Solving the medical student scheduling problem using
simulated annealing", Journal of Scheduling 2024, doi 10.1007/s10951-024-00806-z.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation import Block, Order, RotationProblem, Stay, Trainee, Ward

Row = tuple[int, int, int, int]
"""Student, period, hospital, discipline of one occupied period, all from 0."""

_STATEMENT = re.compile(r"(\w+)\s*=\s*([^;]*);")
_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Instance:
    """The arrays of a file; the letters are student, hospital, discipline, period, group."""

    duration: int
    most: int
    group: NDArray[Any]  # d
    count: NDArray[Any]  # s g
    allowed: NDArray[Any]  # s d
    before: NDArray[Any]  # d d': d' comes before d
    available: NDArray[Any]  # s t
    able: NDArray[Any]  # s h d
    upper: NDArray[Any]  # h d t
    lower: NDArray[Any]  # h d t
    weight: NDArray[Any]  # s 4: disciplines, hospitals, changes, idle periods
    likes: NDArray[Any]  # s d
    likes_hospital: NDArray[Any]  # s h
    manager: NDArray[Any]  # d


def read_instance(path: Path) -> Instance:
    """Return the instance in ``path``; raises ValueError naming the field that is wrong."""
    text = re.sub(r"%.*", "", path.read_text(encoding="utf-8"))
    fields = dict(_STATEMENT.findall(text))

    def number(name: str) -> int:
        if name not in fields:
            raise ValueError(f"{path}: {name} is missing")
        return int(fields[name])

    def array(name: str, *shape: int) -> NDArray[Any]:
        if name not in fields:
            raise ValueError(f"{path}: {name} is missing")
        inside = fields[name][fields[name].index("[") :]
        values = np.array([int(value) for value in _NUMBER.findall(inside)])
        if values.size != np.prod(shape):
            raise ValueError(f"{path}: {name} has {values.size} numbers, not {shape}")
        return values.reshape(shape)

    s, d, h = number("Students"), number("Disciplines"), number("Hospitals")
    t, g = number("Horizon"), number("Groups")
    return Instance(
        duration=number("Duration"),
        most=number("MaxDiscPerHosp"),
        group=array("DiscGroup", d),
        count=array("StudDiscGroup", s, g),
        allowed=array("AllowedDisc", s, d),
        before=array("Precededby", d, d),
        available=array("Availability", s, t),
        able=array("Ability", s, h, d),
        upper=array("MaxPosHosp", h, d, t),
        lower=array("MinPosHosp", h, d, t),
        weight=array("WeightPref", s, 4),
        likes=array("PrefStudDisc", s, d),
        likes_hospital=array("PrefStudHosp", s, h),
        manager=array("ManPref", d),
    )


def to_problem(instance: Instance) -> RotationProblem:
    """Return the same as a problem of ours: a ward for each hospital and discipline."""
    hospitals, disciplines, horizon = instance.upper.shape
    wards = tuple(
        Ward(
            id=f"{h}-{d}",
            hospital=f"h{h}",
            upper=tuple(instance.upper[h, d].tolist()),
            lower=tuple(instance.lower[h, d].tolist()) if instance.lower[h, d].any() else (),
        )
        for h in range(hospitals)
        for d in range(disciplines)
    )
    trainees = tuple(_trainee(instance, s) for s in range(len(instance.count)))
    return RotationProblem(horizon=horizon, wards=wards, trainees=trainees, fairness=1)


def _trainee(instance: Instance, s: int) -> Trainee:
    by_discipline, by_hospital, change, idle = instance.weight[s].tolist()
    offered = _offered(instance, s)
    blocks = tuple(
        Block(
            id=f"d{d}",
            months=instance.duration,
            wards={
                f"{h}-{d}": by_hospital * int(instance.likes_hospital[s, h])
                for h in np.flatnonzero(instance.able[s, :, d]).tolist()
            },
            score=int(by_discipline * instance.likes[s, d] + instance.manager[d]),
            group=f"g{instance.group[d]}",
        )
        for d in offered
    )
    orders = tuple(
        Order(f"d{first}", f"d{d}", needed=True)
        for d in offered
        for first in np.flatnonzero(instance.before[d]).tolist()
    )
    return Trainee(
        id=f"s{s:04d}",
        blocks=blocks,
        groups={f"g{g + 1}": n for g, n in enumerate(instance.count[s].tolist())},
        orders=orders,
        away=frozenset(np.flatnonzero(instance.available[s] == 0).tolist()),
        most_in_hospital=instance.most,
        idle_cost=-idle,
        change_cost=-change,
    )


def _offered(instance: Instance, s: int) -> list[int]:
    """Disciplines the student can do at all: allowed, in a wanted group, and so their forerunners."""
    offered = {
        d
        for d in np.flatnonzero(instance.allowed[s]).tolist()
        if instance.able[s, :, d].any() and instance.count[s, instance.group[d] - 1] > 0
    }
    while True:
        stuck = {d for d in offered if not offered.issuperset(np.flatnonzero(instance.before[d]))}
        if not stuck:
            return sorted(offered)
        offered -= stuck


def rows_of(instance: Instance, stays: dict[str, Sequence[Stay]]) -> list[Row]:
    """Return a plan for `to_problem`'s problem in the format of the solution files."""
    rows = []
    for student, own in stays.items():
        for stay in own:
            hospital, discipline = (int(part) for part in stay.ward.split("-"))
            periods = range(stay.start, stay.start + instance.duration)
            rows += [(int(student[1:]), period, hospital, discipline) for period in periods]
    return sorted(rows)


def judge(instance: Instance, rows: Iterable[Row]) -> tuple[int, list[str]]:
    """Return objective and broken rules of a solution, from the arrays of the file alone."""
    hospitals, disciplines, horizon = instance.upper.shape
    load = np.zeros((hospitals, disciplines, horizon), dtype=int)
    by_student: dict[int, list[Row]] = {s: [] for s in range(len(instance.count))}
    for row in sorted(rows):
        by_student[row[0]].append(row)
        load[row[2], row[3], row[1]] += 1
    broken = [f"over {cell}" for cell in np.argwhere(load > instance.upper).tolist()]
    broken += [f"under {cell}" for cell in np.argwhere(load < instance.lower).tolist()]
    scores = []
    for s, own in by_student.items():
        broken += [f"student {s}: {rule}" for rule in _broken(instance, s, own)]
        scores.append(_score(instance, s, own))
    return sum(scores) + min(scores), broken


def _broken(instance: Instance, s: int, own: list[Row]) -> list[str]:
    periods = [row[1] for row in own]
    runs: dict[int, list[int]] = {}
    for _, period, _, discipline in own:
        runs.setdefault(discipline, []).append(period)
    broken = []
    if len(set(periods)) != len(periods):
        broken.append("two at once")
    if not instance.available[s, periods].all():
        broken.append("not available")
    if not all(instance.allowed[s, d] and instance.able[s, h, d] for _, _, h, d in own):
        broken.append("not allowed or not able")
    whole = all(r == list(range(r[0], r[0] + instance.duration)) for r in runs.values())
    if not whole or len({row[2:] for row in own}) != len(runs):
        broken.append("not one stay for each discipline")
    done = Counter(int(instance.group[d]) for d in runs)
    if [done[g + 1] for g in range(instance.count.shape[1])] != instance.count[s].tolist():
        broken.append("not as many of each group as demanded")
    if max(Counter(h for h, _ in {row[2:] for row in own}).values(), default=0) > instance.most:
        broken.append("too many in one hospital")
    for d, run in runs.items():
        broken += [
            f"{d} without {first} before"
            for first in np.flatnonzero(instance.before[d]).tolist()
            if first not in runs or runs[first][-1] > run[0]
        ]
    return broken


def _score(instance: Instance, s: int, own: list[Row]) -> int:
    weight = instance.weight[s]
    done = {row[2:] for row in own}
    score = sum(
        weight[0] * instance.likes[s, d]
        + weight[1] * instance.likes_hospital[s, h]
        + instance.manager[d]
        for h, d in done
    )
    hospitals = [row[2] for row in own]
    idle = own[-1][1] + 1 - len(own) if own else 0
    changes = sum(a != b for a, b in pairwise(hospitals))
    return int(score + weight[2] * changes + weight[3] * idle)
