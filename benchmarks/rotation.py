"""
Measure planning of rotations on problems with a known optimum, and a CP-SAT model beside it.

    python benchmarks/rotation.py [--trainees 100 300 1000] [--time-limit S] [--seed N]
        [--without-rival]

Both get the same CPU seconds in the same run, building the model included; the rival is the
block-start model of `_rotation_rival`, with eight workers. Costs are divided by the cost of the
optimum (1.0 is optimal). The bars are for 300 s; shorter runs show less. What was measured so far
stands in ``docs/explanation/rotation.md``.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from typing import Any

from _rotation_rival import BlockStartModel

from cotutelle.engines.rotation import RotationProblem, Stay, check_plan, plan_rotations, score_of
from cotutelle.engines.rotation.generate import planted, planted_cost

FIRST_FEASIBLE = {100: (10, 3), 300: (30, 10), 1000: (120, 40)}
COST_RATIO = (1.15, 1.03)
RIVAL_RATIO = (1.0, 0.5)
ENDLESS = 1e6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one program reached."""

    first: float | None
    cost: int | None
    cpu_seconds: float
    note: str


def run_ours(problem: RotationProblem, cpu_seconds: float, seed: int) -> Outcome:
    """Plan until the CPU seconds are used up."""
    began = time.process_time()
    first: list[float] = []

    def report(progress: Any) -> bool:
        spent = time.process_time() - began
        if progress.score is not None and not first:
            first.append(spent)
        return spent < cpu_seconds

    plan = plan_rotations(problem, time_limit=ENDLESS, seed=seed, report=report)
    spent = time.process_time() - began
    note = f"{plan.status}, bound {plan.bound}"
    if plan.status == "elastic":
        return Outcome(None, None, spent, note)
    return Outcome(first[0] if first else spent, _cost(problem, plan.stays), spent, note)


def run_rival(problem: RotationProblem, cpu_seconds: float) -> Outcome:
    """Build the model and let CP-SAT search until the CPU seconds are used up."""
    began = time.process_time()
    first: list[float] = []
    model = BlockStartModel(problem)
    built = time.process_time() - began
    status, stays = model.solve(
        began + cpu_seconds, lambda _: first.append(time.process_time() - began)
    )
    spent = time.process_time() - began
    note = f"{status.lower()}, model built in {built:.0f} s"
    if stays is None:
        return Outcome(None, None, spent, note)
    return Outcome(first[0], _cost(problem, stays), spent, note)


def _cost(problem: RotationProblem, stays: Any) -> int:
    plan: dict[str, tuple[Stay, ...]] = dict(stays)
    violations = check_plan(problem, plan)
    if violations:
        raise SystemExit(f"hard rules broken: {violations[:3]}")
    return planted_cost(problem, score_of(problem, plan).total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--trainees", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--time-limit", type=float, default=300.0, help="CPU seconds for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-rival", action="store_true")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    plan_rotations(planted(2, 12, 8)[0], time_limit=1.0)  # so that nothing is compiled below
    for trainees in options.trainees:
        problem, optimum, _ = planted(trainees, seed=options.seed)
        least = planted_cost(problem, optimum)
        print(f"\n{trainees} trainees, {problem.horizon} months, {len(problem.wards)} wards")
        ours = run_ours(problem, options.time_limit, options.seed)
        _line("ours", ours, least)
        floor, aim = FIRST_FEASIBLE.get(trainees, (None, None))
        print(
            f"    bars: first feasible {floor} s (aim {aim}); cost {COST_RATIO[0]} ({COST_RATIO[1]})"
        )
        if options.without_rival:
            continue
        rival = run_rival(problem, options.time_limit)
        _line("rival", rival, least)
        if ours.cost is not None and rival.cost is not None:
            ratio = ours.cost / rival.cost
            print(f"    ours ÷ rival: {ratio:.3f} (bar {RIVAL_RATIO[0]}, aim {RIVAL_RATIO[1]})")


def _line(name: str, outcome: Outcome, least: int) -> None:
    first = "never" if outcome.first is None else f"{outcome.first:.1f} s"
    ratio = "-" if outcome.cost is None else f"{outcome.cost / least:.4f}"
    print(
        f"  {name:<6} first feasible {first:>8}, cost ÷ optimum {ratio:>7},"
        f" {outcome.cpu_seconds:.0f} CPU s ({outcome.note})",
        flush=True,
    )


if __name__ == "__main__":
    main()
