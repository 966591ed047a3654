"""
Measure the weekly engine: CPU seconds, what is placed, what is proven.

    python benchmarks/weekly.py [--teams 1000] [--seeds N] [--time-limit S] [--only NAME]

A team is a clinical mentor, one to three research mentors and two to five students; mentors are
shared across teams. A week has 40 one-hour slots or 60 half-hour slots; joint rounds last two
hours (or one and a half, or one) in one of 60 rooms. Duty, teaching and operating lists take
half-days. All names and numbers are drawn; the seeds are printed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cotutelle.engines.weekly import (
    Activity,
    Party,
    Placement,
    Room,
    WeeklyProblem,
    check_week,
    plan_week,
)


@dataclass(frozen=True)
class Shape:
    """What a drawn week looks like; shares are from 0 to 1."""

    slots_per_day: int
    slots_per_half_day: int
    lengths: tuple[int, ...]
    busy_share: float = 0.2
    room_busy_share: float = 0.0
    hospitals: int = 1
    bedside_share: float = 0.0
    unwanted_share: float = 0.15
    wished_share: float = 0.0
    replan: bool = False


SHAPES: Mapping[str, Shape] = {
    "hours": Shape(8, 4, (2,)),
    "hours, rooms taken": Shape(8, 4, (2,), room_busy_share=0.1, bedside_share=0.25),
    "hours, busy people": Shape(8, 4, (2,), busy_share=0.35),
    "hours, six hospitals": Shape(8, 4, (2,), hospitals=6),
    "hours, bedside only": Shape(8, 4, (2,), bedside_share=1.0),
    "half-hours": Shape(12, 6, (2, 3, 4)),
    "half-hours, wished": Shape(12, 6, (2, 3), wished_share=0.5, room_busy_share=0.1),
    "re-plan": Shape(8, 4, (2,), replan=True),
}


def draw_week(shape: Shape, teams: int, seed: int) -> WeeklyProblem:
    """Draw ``teams`` teams in a week of this shape, 60 rooms for 1000 teams."""
    draw = random.Random(seed)  # noqa: S311
    slots = 5 * shape.slots_per_day
    halves = range(0, slots, shape.slots_per_half_day)

    def taken(share: float) -> frozenset[int]:
        busy = [half for half in halves if draw.random() < share]
        return frozenset(s for half in busy for s in range(half, half + shape.slots_per_half_day))

    rooms = [
        Room(f"r{n:02}", taken(shape.room_busy_share), draw.choice((8, 10, 12, 20)))
        for n in range(max(shape.hospitals, teams * 60 // 1000))
    ]
    clinicians = [f"c{n}" for n in range(teams * 9 // 10)]
    researchers = [f"m{n}" for n in range(teams * 7 // 10)]
    secretaries = [f"s{n}" for n in range(max(1, teams // 20))]
    activities = []
    students = []
    for team in range(teams):
        own = [f"t{team}.{n}" for n in range(draw.randint(2, 5))]
        students += own
        mentors = draw.sample(researchers, draw.randint(1, 3))
        clinician = clinicians[team] if team < len(clinicians) else draw.choice(clinicians)
        hospital = team % shape.hospitals
        usable = frozenset(room.id for room in rooms[hospital :: shape.hospitals])
        activities.append(
            Activity(
                f"round {team}",
                draw.choice(shape.lengths),
                frozenset([clinician, *mentors, *own]),
                remote=frozenset(mentors),
                wished={draw.choice(secretaries): 3} if draw.random() < shape.wished_share else {},
                rooms=frozenset() if draw.random() < shape.bedside_share else usable,
            )
        )
    parties = []
    for id_ in [*clinicians, *researchers, *secretaries, *students]:
        busy = taken(shape.busy_share)
        movable = frozenset(slot for slot in busy if draw.random() < 0.5)
        unwanted = {s: draw.randint(1, 3) for s in sorted(taken(shape.unwanted_share) - busy)}
        parties.append(Party(id_, busy, movable, unwanted))
    days = tuple(slot // shape.slots_per_day for slot in range(slots))
    breaks = frozenset(half for half in halves if half % shape.slots_per_day)
    return WeeklyProblem(days, tuple(parties), tuple(rooms), tuple(activities), breaks)


def disturb(problem: WeeklyProblem, previous: Mapping[str, Placement], seed: int) -> WeeklyProblem:
    """Return the same week with a previous plan, five rooms closed and new duties for some."""
    draw = random.Random(seed)  # noqa: S311
    every = frozenset(range(len(problem.day_of_slot)))
    closed = {room.id for room in draw.sample(problem.rooms, max(1, len(problem.rooms) // 12))}
    parties = [
        replace(party, busy=party.busy | {*draw.sample(sorted(every), 4)}, unwanted={})
        if draw.random() < 0.05
        else party
        for party in problem.parties
    ]
    rooms = [replace(room, busy=every) if room.id in closed else room for room in problem.rooms]
    return replace(problem, parties=tuple(parties), rooms=tuple(rooms), previous=previous)


def measure(name: str, teams: int, seed: int, time_limit: float) -> None:
    """Plan one drawn week and print a line."""
    problem = draw_week(SHAPES[name], teams, seed)
    if SHAPES[name].replan:
        first = plan_week(problem, time_limit=time_limit)
        problem = disturb(problem, first.placements, seed)
    start = time.process_time()
    plan = plan_week(problem, time_limit=time_limit)
    cpu = time.process_time() - start
    faults = check_week(problem, plan)
    helped = sum(bool(plan.fixes.get(id_)) for id_ in plan.unplaced)
    print(
        f"{name:22} seed {seed}: {len(plan.placements)}/{len(problem.activities)} placed "
        f"(bound {plan.bound_placed}), {plan.unchanged} unchanged, cost {plan.cost}, "
        f"{helped}/{len(plan.unplaced)} with a fix, "
        f"{'optimal' if plan.is_optimal else 'not proven'}, {cpu:.1f} s CPU, "
        f"{len(faults)} violations"
    )


def main() -> None:
    """Measure every shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--only", choices=SHAPES)
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else SHAPES:
        for seed in range(arguments.seeds):
            measure(name, arguments.teams, seed, arguments.time_limit)


if __name__ == "__main__":
    main()
