"""
Plan one instance of the public medical-student-scheduling format.

    python benchmarks/rotation_mss.py FILE.dzn --time-limit S --solution OUT.json --json

OUT holds ``[student, period, hospital, discipline]`` for every occupied period, all from 0, and
is renewed whenever a better plan is found. The last line of standard output is a JSON object
(without ``--json`` the same in words). The limit is wall time, reading and writing included.
Interrupted (Ctrl-C, SIGTERM), it keeps the best. Exit status 1: no plan was found.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

STARTED = time.monotonic()


class Solution:
    """The best plan so far, in a file."""

    def __init__(self, instance: Any, path: Path) -> None:
        self.instance = instance
        self.path = path
        self.score: int | None = None
        self.bound: int | None = None
        self.stopped = False

    def offer(self, score: int | None, bound: float | None, plan: Any) -> None:
        """Take note of a plan; write it when it keeps all rules and is better than the last."""
        from _rotation_dzn import judge, rows_of

        if bound is not None:
            whole = math.floor(bound + 1e-6)  # scores are whole
            self.bound = whole if self.bound is None else min(self.bound, whole)
        if plan is None or plan.status == "elastic" or score is None:
            return
        if self.score is not None and score <= self.score:
            return
        rows = rows_of(self.instance, plan.stays)
        objective, broken = judge(self.instance, rows)
        if not broken:
            self.score = objective
            draft = self.path.with_name(self.path.name + ".part")
            draft.write_text(json.dumps(rows), encoding="utf-8")
            draft.replace(self.path)

    def report(self, progress: Any) -> bool:
        """Hear what the solver says; ``False`` stops it."""
        self.offer(progress.score, progress.bound, progress.plan)
        score, bound = progress.score, progress.bound
        print(f"{progress.seconds:7.1f} s  {progress.stage}  {score}  {bound}", file=sys.stderr)
        return not self.stopped

    def stop(self, *_: object) -> None:
        """Ask the solver to end."""
        self.stopped = True


def main() -> int:
    options = _options()
    from _rotation_dzn import judge, read_instance, to_problem

    from cotutelle.engines.rotation import check_plan, plan_rotations

    instance = read_instance(options.file)
    problem = to_problem(instance)
    solution = Solution(instance, options.solution)
    options.solution.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, solution.stop)
    signal.signal(signal.SIGINT, solution.stop)
    spent = time.monotonic() - STARTED
    plan = plan_rotations(
        problem,
        time_limit=max(0.1, options.time_limit - spent - 0.3),
        seed=options.seed,
        report=solution.report,
        workers=options.workers,
    )
    solution.offer(plan.score, plan.bound, plan)
    found = solution.score is not None
    broken: list[Any] = list(check_plan(problem, plan.stays))
    if found:
        rows = [tuple(row) for row in json.loads(options.solution.read_text(encoding="utf-8"))]
        broken = judge(instance, rows)[1]
    _say(solution, broken, plan.status if found else "elastic", as_json=options.json)
    return 0 if found else 1


def _say(solution: Solution, broken: list[Any], status: str, *, as_json: bool) -> None:
    gap = None
    if solution.score is not None and solution.bound is not None:
        gap = max(0.0, solution.bound - solution.score) / max(1, abs(solution.score))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "feasible": solution.score is not None,
        "status": status,
        "score": solution.score,
        "bound": solution.bound,
        "gap": gap,
        "violations": len(broken),
        "cpu_seconds": round(time.process_time() + children.ru_utime + children.ru_stime, 3),
        "wall_seconds": round(time.monotonic() - STARTED, 3),
        "load": round(os.getloadavg()[0], 2),
    }
    words = "  ".join(f"{name} {value}" for name, value in result.items())
    print(json.dumps(result) if as_json else words, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path, help="FILE.dzn")
    parser.add_argument("--time-limit", type=float, default=300.0, help="seconds of wall time")
    parser.add_argument("--solution", type=Path, required=True, help="OUT.json")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
