"""
Measure the matching engine, and the PyPI package `matching` 1.4.3 beside it in the same run.

    python benchmarks/matching.py [--rival-students N]

The market: lists of 10 to 20 offers, a fifth more offers than mentors: every fifth mentor has
two, with 3 places each and 4 of her own; the others have one with 4 places. Mentors rank all
who applied. Everything is drawn from a fixed seed. Measured is CPU time from dictionaries to a
verified result: checking the input, matching, verifying. Promotion is measured on markets with
ties, see `_matching_promotion`.
"""

from __future__ import annotations

import argparse
import csv
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotutelle.engines.matching import (
    MatchingProblem,
    Mentor,
    Offer,
    match_students,
    verify_matching,
)

TARGET_CPU_SECONDS = 0.5
TARGET_MEMORY_MB = 150
TARGET_RATIO = 100
TARGET_CPU_SECONDS_100K = 8.0
TARGET_COMMAND_CPU_SECONDS = 2.0
RIVAL_STUDENTS = 2_500  # the rival's time grows with the square: 10,000 take over a minute
SEED = 20261121


@dataclass(frozen=True, slots=True)
class Market:
    """Dictionaries, as both programs are given them."""

    students: dict[str, list[str]]
    offers: dict[str, tuple[str, int]]  # offer -> mentor, quota
    mentors: dict[str, tuple[int, list[str]]]  # mentor -> quota, students


def draw_market(students: int) -> Market:
    """Return a market of ``students`` students and a quarter as many mentors."""
    draw = random.Random(SEED)  # noqa: S311
    offers: dict[str, tuple[str, int]] = {}
    for number in range(students // 4):
        if number % 5:
            offers[f"o{number}"] = (f"m{number}", 4)
        else:
            offers[f"o{number}a"] = offers[f"o{number}b"] = (f"m{number}", 3)
    names = list(offers)
    lists = {f"s{n}": draw.sample(names, draw.randint(10, 20)) for n in range(students)}
    applicants: dict[str, dict[str, None]] = {mentor: {} for mentor, _ in offers.values()}
    for student, wanted in lists.items():
        for offer in wanted:
            applicants[offers[offer][0]][student] = None
    mentors = {m: (4, draw.sample(list(who), len(who))) for m, who in applicants.items()}
    return Market(lists, offers, mentors)


def run_ours(market: Market) -> int:
    """Dictionaries in, verified result out; returns how many students were placed."""
    problem = MatchingProblem(
        market.students,
        {key: Offer(*offer) for key, offer in market.offers.items()},
        {key: Mentor(*mentor) for key, mentor in market.mentors.items()},
    )
    matching = match_students(problem)
    verdict = verify_matching(problem, matching.offer_of)
    if not verdict.ok:
        raise SystemExit(f"not stable: {verdict.problems[:3]}")
    return len(matching.offer_of)


def run_rival(market: Market) -> int:
    """
    The same with the rival, which offers a check of validity and of stability too.

    It copies its players by `copy.deepcopy`, which from a few hundred students on needs more
    depth of recursion than Python allows: it is given a thread with a stack to finish in.
    """
    sys.setrecursionlimit(10**6)
    threading.stack_size(1 << 29)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_solve_with_rival, market).result()


def _solve_with_rival(market: Market) -> int:
    here = str(
        Path(__file__).resolve().parent
    )  # this file has the rival's name and would be imported
    sys.path[:] = [entry for entry in sys.path if entry != here]
    from matching.games import (  # type: ignore[import-untyped]
        StudentAllocation,
    )

    game = StudentAllocation.create_from_dictionaries(
        market.students,
        {key: list(listed) for key, (_, listed) in market.mentors.items()},
        {key: mentor for key, (mentor, _) in market.offers.items()},
        {key: quota for key, (_, quota) in market.offers.items()},
        {key: quota for key, (quota, _) in market.mentors.items()},
    )
    matching = game.solve(optimal="student")
    if not (game.check_validity() and game.check_stability()):
        raise SystemExit("the rival's result is not stable")
    return sum(len(held) for held in matching.values())


def cpu_seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one call, with the garbage of the former one swept up before."""
    gc.collect()
    started = time.process_time()
    call()
    return time.process_time() - started


def measure_memory(students: int) -> tuple[float, float]:
    """Peak resident memory of a fresh process: in all, and above that of its input, in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", str(students)],
        check=True,
        capture_output=True,
        text=True,
    )
    total, above = map(float, done.stdout.split())
    return total, above


def print_memory(students: int) -> None:
    """What the fresh process does."""
    market = draw_market(students)
    before = _memory_mb("VmRSS")
    run_ours(market)
    peak = _memory_mb("VmHWM")  # not ru_maxrss, which a child inherits from its parent
    print(peak, peak - before)


def _memory_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def measure_command(students: int, repeats: int) -> tuple[float, float]:
    """Median CPU seconds of `cotutelle match` on files, and of starting up alone."""
    market = draw_market(students)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(
            folder / "students.csv",
            ("student_id", "preferences"),
            [(key, " > ".join(wanted)) for key, wanted in market.students.items()],
        )
        _write(
            folder / "offers.csv",
            ("offer_id", "mentor_id", "quota"),
            [(key, *offer) for key, offer in market.offers.items()],
        )
        _write(
            folder / "mentors.csv",
            ("mentor_id", "quota", "preferences"),
            [(key, quota, " > ".join(listed)) for key, (quota, listed) in market.mentors.items()],
        )
        command = "from cotutelle.cli import main; main()"
        starts, runs = [], []
        for _ in range(repeats):
            starts.append(_process_cpu_seconds("import cotutelle.cli"))
            runs.append(_process_cpu_seconds(command, "match", name, "--out", f"{name}/out"))
    return statistics.median(runs), statistics.median(starts)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _process_cpu_seconds(code: str, *arguments: str) -> float:
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{code} {arguments} failed")
    return usage.ru_utime + usage.ru_stime


def _line(what: str, value: str, target: str, *, met: bool) -> None:
    print(f"{what:<58} {value:>12}   target {target:<10} {'met' if met else 'MISSED'}")


def main(rival_students: int) -> None:
    """Print every figure with its target."""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores seen, one used\n")
    market, small = draw_market(10_000), draw_market(rival_students)
    ours: list[float] = []
    ours_small: list[float] = []
    rival_small: list[float] = []
    for _ in range(3):  # interleaved, so that a busy moment of the machine hits all alike
        ours.append(cpu_seconds(lambda: run_ours(market)))
        ours_small.extend(cpu_seconds(lambda: run_ours(small)) for _ in range(3))
        rival_small.append(cpu_seconds(lambda: run_rival(small)))
        ours.append(cpu_seconds(lambda: run_ours(market)))
    seconds = statistics.median(ours)
    _line("10,000 students x 2,500 mentors, CPU s", f"{seconds:.3f}", f"<= {TARGET_CPU_SECONDS}",
          met=seconds <= TARGET_CPU_SECONDS)  # fmt: skip
    total, above = measure_memory(10_000)
    _line("  peak memory of the process, MB", f"{total:.0f}", f"<= {TARGET_MEMORY_MB}",
          met=total <= TARGET_MEMORY_MB)  # fmt: skip
    print(f"    of it above the dictionaries handed in, MB {above:25.0f}")
    mine, theirs = statistics.median(ours_small), statistics.median(rival_small)
    ratio = theirs / mine
    print(
        f"  {rival_students:,} x {rival_students // 4}: ours {mine:.4f} s, matching 1.4.3 {theirs:.2f} s"
    )
    _line(f"  times faster at {rival_students:,} students", f"{ratio:.0f}", f">= {TARGET_RATIO}",
          met=ratio >= TARGET_RATIO)  # fmt: skip
    large = draw_market(100_000)
    seconds = cpu_seconds(lambda: run_ours(large))
    _line("100,000 students x 25,000 mentors, CPU s", f"{seconds:.2f}",
          f"<= {TARGET_CPU_SECONDS_100K:.0f}", met=seconds <= TARGET_CPU_SECONDS_100K)  # fmt: skip
    run, start = measure_command(10_000, 5)
    _line("cotutelle match on such files, CPU s above start-up", f"{run - start:.2f}",
          f"<= {TARGET_COMMAND_CPU_SECONDS:.0f}",
          met=run - start <= TARGET_COMMAND_CPU_SECONDS)  # fmt: skip
    print(f"    start-up itself, CPU s {start:45.2f}")
    from _matching_promotion import print_promotion

    print_promotion()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        print_memory(int(sys.argv[2]))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--rival-students", type=int, default=RIVAL_STUDENTS)
        main(parser.parse_args().rival_students)
