"""Planning all trainees together: the stages, the clock, and what the caller is told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from cotutelle.engines.rotation._compiled import compile_problem
from cotutelle.engines.rotation.best_response import (
    FIRST,
    QUICK,
    Draft,
    Floats,
    Improver,
    Ints,
    Pace,
    negotiate,
)
from cotutelle.engines.rotation.bounding import DualBound, whole_bound
from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.columns import Column, column_of
from cotutelle.engines.rotation.master import restricted_master
from cotutelle.engines.rotation.oracle import Oracle
from cotutelle.engines.rotation.plan import Infeasible, Plan, Progress, Report, Status
from cotutelle.engines.rotation.problem import RotationProblem, Stay
from cotutelle.engines.rotation.validation import validate_problem

#: Labels that go on from a period when the best of one alone is looked for.
_ALONE_WIDTH = 320
_BETWEEN_REPORTS = 0.3
#: CPU seconds of the bound's first turn, and of each later turn (the bound, the choice, the
#: improvement); more where negotiations take longer. Turns follow the work, not the wall clock:
#: others on the machine must not decide which part of the search gets less.
_FIRST_TURN, _TURN = 20.0, 5.0
#: Most of the time left that one turn may take.
_MOST_OF_IT = 0.3
#: The slowest negotiation, as a share of the quick pace; and how many times the last one's seconds
#: must be left for one at half its pace.
_SLOWEST, _SLOWER = 0.01, 3.0
#: Trainees above which no integer programme is tried where the linear one is slow already.
_MOST_CHOOSING = 100
#: Part of the time limit (and most seconds) kept back for writing the plan down.
_RESERVE, _MOST_RESERVE = 0.02, 1.0
#: Heat of the annealing, in units, at the start of a turn; rounds of a turn for each trainee.
_HEAT, _ROUNDS = 0.15, 10


def plan_rotations(
    problem: RotationProblem,
    *,
    time_limit: float = 60.0,
    seed: int = 0,
    start: Mapping[str, Sequence[Stay]] | None = None,
    report: Report | None = None,
    workers: int = 1,
) -> Plan:
    """
    Return the best plan found, with a bound that no plan exceeds.

    Trainees choose in turn while scarce places become dearer (`best_response`); column generation
    proves a bound and finds schedules that fit together (`bounding`), of which the best plan is
    chosen (`master`); what is left is improved a few trainees at a time.

    Parameters
    ----------
    problem
        What to plan.
    time_limit
        Seconds of wall time, above 0.
    seed
        Of all chance. The same seed gives the same plan where the search ends before its limit.
    start
        A plan to begin with; the result is never worse if it keeps every rule.
    report
        Told of progress a few times a second; returning ``False`` ends the search.
    workers
        Threads that ask trainees.

    Returns
    -------
    Plan
        ``"elastic"`` where no plan was found that keeps all places.

    Raises
    ------
    InvalidProblem
        The problem makes no sense.
    Infeasible
        Some trainee has no plan even alone.
    ValueError
        ``time_limit`` is not positive or ``workers`` is below 1.
    """
    if not time_limit > 0:
        raise ValueError("time_limit: must be above 0")
    if workers < 1:
        raise ValueError("workers: must be at least 1")
    validate_problem(problem)
    run = _Run(problem, time_limit, seed, report, workers)
    run.look_alone()
    if start is not None:
        run.begin_with(start)
    run.work()
    return run.plan()


class _Turn:
    """So many CPU seconds; where others keep the processor busy, at most twice that in wall time."""

    def __init__(self, seconds: float) -> None:
        self._cpu, self._wall = time.process_time() + seconds, time.monotonic() + 2 * seconds

    def is_over(self) -> bool:
        """Return whether they are used up."""
        return time.process_time() > self._cpu or time.monotonic() > self._wall


class _Run:
    """One search: its clock and the best so far."""

    def __init__(
        self,
        problem: RotationProblem,
        time_limit: float,
        seed: int,
        report: Report | None,
        workers: int,
    ) -> None:
        self.began, self.cpu = time.monotonic(), time.process_time()
        reserve = min(_MOST_RESERVE, _RESERVE * time_limit)
        self.time_limit, self.deadline = time_limit, self.began + time_limit - reserve
        self.problem, self.seed, self.report = problem, seed, report
        self.compiled = compile_problem(problem)
        self.oracle = Oracle(problem, self.compiled)
        self.random = np.random.default_rng(seed)
        self.dual = DualBound(problem, self.compiled, workers=workers)
        self.draft = Draft(self.compiled)
        self.chosen: list[Column | None] = list(self.draft.chosen)
        self.broken, self.score = self.draft.broken(), self.draft.score()
        self.alone: dict[str, int] = {}
        self.stopped, self.stage = False, "alone"
        self.next_report = 0.0
        self.told: int | None = None
        self.guide: Floats | None = None

    # -- clock and caller ---------------------------------------------------------------------

    def left(self) -> float:
        """Return the seconds left."""
        return self.deadline - time.monotonic()

    def go_on(self) -> bool:
        """Tell the caller now and then; return whether there is time and will to go on."""
        now = time.monotonic()
        if self.stopped or now >= self.deadline:
            return False
        if self.report is not None and now >= self.next_report:
            self.stopped = not self.report(self._progress(now - self.began))
            self.next_report = time.monotonic() + _BETWEEN_REPORTS
        return not self.stopped

    def _progress(self, seconds: float) -> Progress:
        score = None if self.broken else self.score
        news = score is not None and score != self.told
        self.told = score
        return Progress(
            seconds=seconds,
            stage=self.stage,
            score=score,
            bound=self.bound(),
            overdrawn=self.broken,
            plan=self.plan() if news else None,
        )

    def bound(self) -> float | None:
        """Return the proved bound, if there is one yet."""
        return float(self.dual.bound) if np.isfinite(self.dual.bound) else None

    def is_optimal(self) -> bool:
        """Return whether nothing better can exist."""
        bound = self.bound()
        return not self.broken and bound is not None and self.score >= whole_bound(bound)

    # -- plans --------------------------------------------------------------------------------

    def look_alone(self) -> None:
        """Find everybody's best alone; raises Infeasible naming those who have none."""
        nothing = np.zeros(self.compiled.upper.shape)
        impossible = {}
        for trainee, name in enumerate(self.compiled.trainee_ids):
            schedule = self.oracle.best(trainee, nothing, width=_ALONE_WIDTH)
            if schedule.value == -np.inf:
                schedule = self.oracle.best(trainee, nothing)
            if schedule.value == -np.inf:
                impossible[name] = (
                    "windows, leave, orders, pins and counts leave no schedule"
                    if self.compiled.people[trainee].possible
                    else "a block that must be done has no open ward or no possible start"
                )
            self.alone[name] = schedule.score
            self.go_on()
        if impossible:
            raise Infeasible(impossible)

    def begin_with(self, start: Mapping[str, Sequence[Stay]]) -> None:
        """Take over a plan, without the trainees whose own rules it breaks."""
        wrong = {violation.trainee for violation in check_plan(self.problem, start)}
        draft = Draft(self.compiled)
        for trainee, name in enumerate(self.compiled.trainee_ids):
            if name in start and name not in wrong:
                stays = start[name]
                draft.put(trainee, column_of(self.problem, self.compiled, trainee, stays))
        self.take(draft)

    def take(self, draft: Draft) -> None:
        """Keep the draft if it is the best so far."""
        broken, score = draft.broken(), draft.score()
        if (broken, -score) >= (self.broken, -self.score):
            return
        self.chosen, self.broken, self.score = list(draft.chosen), broken, score
        if not broken:
            for column in draft.chosen:
                if column is not None:
                    self.dual.offer(column)

    def plan(self) -> Plan:
        """Return the best plan so far."""
        draft = Draft(self.compiled)
        draft.copy_from(self.chosen)
        names = self.compiled.trainee_ids
        status: Status = "optimal" if self.is_optimal() else "feasible"
        return Plan(
            stays={n: c.stays if c else () for n, c in zip(names, self.chosen, strict=True)},
            score=self.score,
            bound=self.bound(),
            status="elastic" if self.broken else status,
            trainee_scores=dict(zip(names, draft.own.tolist(), strict=True)),
            best_alone=dict(self.alone),
            evidence=None if self.bound() is None else self.dual.evidence(),
            over=self._cells(draft.load - draft.upper),
            under=self._cells(draft.lower - draft.load),
            cpu_seconds=time.process_time() - self.cpu,
        )

    def _cells(self, amount: Ints) -> dict[tuple[str, int], int]:
        wards, horizon = self.compiled.ward_ids, self.problem.horizon
        return {
            (wards[cell // horizon], int(cell % horizon)): int(amount[cell])
            for cell in np.flatnonzero(amount > 0)
        }

    # -- stages -------------------------------------------------------------------------------

    def work(self) -> None:
        """Plan until nothing can be better, the time is over, or the caller has had enough."""
        self.negotiate(FIRST)
        pace = QUICK
        wall, cpu = self.negotiate(pace)
        turn, eager, chosen_from = max(_FIRST_TURN, 2 * cpu), 1.0, 0
        while self.go_on() and not self.is_optimal():
            self.lower_bound_for(turn)
            columns = sum(map(len, self.dual.columns))
            if columns > chosen_from and self.may_choose() and self.go_on():
                chosen_from = columns
                eager *= 1.0 if self.choose(eager * turn) else 0.5
            pace = QUICK if self.broken else pace.slower()
            fits = _SLOWER * wall < self.left() and pace.step > _SLOWEST * QUICK.step
            if self.broken or fits:
                wall, cpu = self.negotiate(pace)
            turn = max(_TURN, cpu)
            self.improve(turn)

    def negotiate(self, pace: Pace) -> tuple[float, float]:
        """
        Plan at this pace; return the seconds it took, of wall time and of CPU time.

        Begins with what the linear programme over schedules uses most of, where there is one.
        """
        self.stage = "places"
        began, cpu = time.monotonic(), time.process_time()
        if self.is_optimal() or not self.go_on():
            return 0.0, 0.0
        draft = Draft(self.compiled)
        begin = self.dual.rounded()
        if begin is not None:
            draft.copy_from(begin)
        lasting = negotiate(draft, self.oracle, self.random, pace, self.go_on)
        before = self.score, self.broken
        self.take(draft)
        if lasting is not None and before != (self.score, self.broken):
            self.guide = lasting
        return time.monotonic() - began, time.process_time() - cpu

    def lower_bound_for(self, seconds: float) -> None:
        """
        Let the bound fall until it settles, for at most so many CPU seconds.

        Up to twice as many where the linear programme was not solved before.
        """
        self.stage = "bound"
        turn = _Turn(min(seconds, _MOST_OF_IT * self.left()))
        longer = _Turn(min(2 * seconds, _MOST_OF_IT * self.left()))
        if not self.broken:
            self.dual.incumbent = float(self.score)
        while not self.dual.settled and not self.is_optimal() and self.go_on():
            if turn.is_over() and (self.dual.is_priced or longer.is_over()):
                break
            self.dual.ask_once(self.deadline)

    def may_choose(self) -> bool:
        """Return whether an integer programme over the columns may find something in time."""
        is_small = len(self.chosen) <= _MOST_CHOOSING or not self.dual.is_heavy
        return self.dual.is_priced and is_small and not self.is_optimal()

    def choose(self, seconds: float) -> bool:
        """Choose the best plan among the schedules met; return whether that was worth it."""
        self.stage = "choice"
        before = self.broken, -self.score
        stays = {
            n: c.stays for n, c in zip(self.compiled.trainee_ids, self.chosen, strict=True) if c
        }
        choice = restricted_master(
            self.problem, self.dual.columns, None if self.broken else stays,
            max(0.1, min(seconds, _MOST_OF_IT * self.left())), compiled=self.compiled, seed=self.seed,
        )  # fmt: skip
        if choice is not None:
            draft = Draft(self.compiled)
            for trainee, name in enumerate(self.compiled.trainee_ids):
                draft.put(
                    trainee, column_of(self.problem, self.compiled, trainee, choice.stays[name])
                )
            self.take(draft)
        return (self.broken, -self.score) < before

    def improve(self, seconds: float) -> None:
        """Ruin and recreate from the best plan, for a turn of rounds or CPU seconds."""
        self.stage = "improvement"
        if self.broken or self.is_optimal() or not self.go_on():
            return
        turn = _Turn(min(seconds, _MOST_OF_IT * self.left()))
        draft = Draft(self.compiled)
        draft.copy_from(self.chosen)
        improver = Improver(draft, self.oracle, self.random)
        if self.dual.settled:
            improver.guide = self.dual.prices.ravel()
        elif self.guide is not None:
            improver.guide = self.guide
        improver.look_for_regret()
        rounds = _ROUNDS * max(1, len(self.chosen))
        for number in range(rounds):
            if turn.is_over() or not self.go_on():
                break
            improver.round(_HEAT * (1 - number / rounds), 2 + int(self.random.integers(3)))
        improver.restart()
        self.take(improver.draft)
