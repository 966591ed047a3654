"""
Planted events on a plan in force, and planted conflicts: how well each is answered.

Events: how many person-months a re-planning changes, against how many had to change. What had to
change is counted without the solver: months in which a place is gone under somebody's feet
(people above the places left, months in a closed ward, months of new leave, months of who left).
Conflicts: whether the planted cause is among the rules named, and the repairs really solve.

    python benchmarks/rotation_replan.py --trainees 100 --time-limit 60
    python benchmarks/rotation_replan.py --conflicts 3
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator

from cotutelle.engines.rotation import (
    Infeasible,
    Plan,
    RotationProblem,
    agreement_ends,
    apply_repair,
    check_plan,
    diagnose,
    freeze_past,
    replan,
    trainee_away,
    trainee_leaves,
    ward_closes,
    ward_loses_places,
)
from cotutelle.engines.rotation.generate import CONFLICTS, planted, planted_conflict

NOW = 14
Event = tuple[str, RotationProblem]


def events(problem: RotationProblem, plan: Plan, seed: int) -> Iterator[Event]:
    """Yield named problems as they are after an event in month ``NOW``."""
    dice = random.Random(seed)  # noqa: S311 - a draw, not a secret
    load: dict[str, int] = {}
    for trainee in problem.trainees:
        months = {block.id: block.months for block in trainee.blocks}
        for stay in plan.stays[trainee.id]:
            if stay.start + months[stay.block] > NOW:
                load[stay.ward] = load.get(stay.ward, 0) + months[stay.block]
    bounded = {ward.id: ward for ward in problem.wards if ward.upper is not None}
    busy = sorted(bounded, key=lambda ward: -load.get(ward, 0))
    yield "half the places of the busiest ward", ward_loses_places(problem, busy[0], NOW, share=0.5)
    ward = dice.choice(busy[: len(busy) // 2])
    yield "half the places of a ward", ward_loses_places(problem, ward, NOW, share=0.5)
    yield "a ward closes", ward_closes(problem, dice.choice(busy[len(busy) // 2 :]), NOW)
    yield "an agreement ends", agreement_ends(problem, busy[-2:], NOW)
    person = dice.choice(problem.trainees).id
    yield "a trainee is away for four months", trainee_away(problem, person, range(NOW, NOW + 4))
    yield "a trainee is away for a month", trainee_away(problem, person, [NOW + 3])
    quarter = dice.choice(busy[len(busy) // 3 :])
    yield "a quarter of a ward", ward_loses_places(problem, quarter, NOW, share=0.25)
    yield "a trainee leaves", trainee_leaves(problem, plan.stays, person, NOW)


def had_to_change(problem: RotationProblem) -> int:
    """Count the months of the plan in force that cannot stay, one by one."""
    present: dict[tuple[str, int], int] = {}
    gone = 0
    for trainee in problem.trainees:
        months = {block.id: block.months for block in trainee.blocks}
        dropped = {b.id for b in trainee.blocks if b.group and not trainee.groups.get(b.group)}
        for stay in problem.previous[trainee.id]:
            for period in range(stay.start, stay.start + months[stay.block]):
                if period in trainee.away or stay.block in dropped:
                    gone += 1
                else:
                    present[stay.ward, period] = present.get((stay.ward, period), 0) + 1
    for ward in problem.wards:
        for period, places in enumerate(ward.upper or ()):
            gone += max(0, present.get((ward.id, period), 0) - places)
    return gone


def run_events(trainees: int, seeds: int, time_limit: float) -> None:
    """Print one line for each event and the ratio over all."""
    changed = needed = proven = 0
    for seed in range(seeds):
        problem, _, plan = planted(trainees, seed=seed)
        for name, shaken in events(problem, plan, seed):
            frozen = freeze_past(shaken, plan.stays, NOW)
            had = had_to_change(frozen)
            began, cpu = time.monotonic(), time.process_time()
            try:
                found = replan(frozen, frozen.previous, time_limit=time_limit)
            except Infeasible as error:
                print(json.dumps({"event": name, "seed": seed, "no plan alone": str(error)}))
                continue
            line = {
                "event": name,
                "seed": seed,
                "had_to_change": had,
                "least_proven": found.least_changed_months,
                "changed": found.changed_months,
                "status": found.plan.status,
                "impossible": found.is_impossible,
                "violations": len(check_plan(frozen, found.plan.stays)),
                "cpu_seconds": round(time.process_time() - cpu, 1),
                "wall_seconds": round(time.monotonic() - began, 1),
            }
            print(json.dumps(line), flush=True)
            if found.plan.status != "elastic":
                changed, needed = changed + found.changed_months, needed + had
                proven += found.least_changed_months
    print(
        json.dumps(
            {
                "changed / had to change": round(changed / max(1, needed), 3),
                "changed / least proven": round(changed / max(1, proven), 3),
            }
        )
    )


def run_conflicts(seeds: int, time_limit: float) -> None:
    """Print one line for each planted conflict and the shares over all."""
    named = irreducible = total = repairs = solved = 0
    for kind in CONFLICTS:
        for seed in range(seeds):
            problem, cause = planted_conflict(kind, seed)
            began, cpu = time.monotonic(), time.process_time()
            found = diagnose(problem, time_limit=time_limit)
            seconds = time.process_time() - cpu
            is_named = any(rule.touches(cause) for rule in found.core)
            works = [not check_plan(apply_repair(problem, r), r.stays) for r in found.repairs]
            line = {
                "kind": kind,
                "seed": seed,
                "named": is_named,
                "irreducible": found.is_irreducible,
                "rules": len(found.core),
                "repairs": [f"{'+'.join(r.who)} {r.size}" for r in found.repairs],
                "repairs_solve": all(works),
                "cpu_seconds": round(seconds, 1),
                "wall_seconds": round(time.monotonic() - began, 1),
            }
            print(json.dumps(line), flush=True)
            total, named = total + 1, named + is_named
            irreducible += found.is_irreducible
            repairs, solved = repairs + len(works), solved + sum(works)
    print(
        json.dumps(
            {
                "named": named / total,
                "irreducible": irreducible / total,
                "repairs that solve": solved / max(1, repairs),
                "repairs": repairs,
            }
        )
    )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainees", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--conflicts", type=int, default=0, metavar="SEEDS")
    options = parser.parse_args()
    if options.conflicts:
        run_conflicts(options.conflicts, min(options.time_limit, 10.0))
    else:
        run_events(options.trainees, options.seeds, options.time_limit)


if __name__ == "__main__":
    main()
