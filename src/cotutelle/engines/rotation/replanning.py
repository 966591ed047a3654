"""
A plan after something happened: the fewest changed person-months first, then the best score.

The fewest changes are found exactly where possible. Only those need to move whose own stays have
become impossible or who stand where there are too many; everybody else stays put. So the least
change is computed with the places of those wards and months alone. Where the outcome crowds
another ward, that ward's months join, with the trainees who stand there. Each round is a
relaxation, so its optimum is a lower bound; the first outcome that crowds nothing is optimal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.mending import mend
from cotutelle.engines.rotation.placement import (
    Cell,
    Goal,
    Limits,
    Placed,
    allowed_stays,
    calendar,
    loads,
    place,
)
from cotutelle.engines.rotation.plan import Infeasible, Plan, Progress, Report
from cotutelle.engines.rotation.problem import RotationProblem, Stay
from cotutelle.engines.rotation.scoring import score_of
from cotutelle.engines.rotation.validation import validate_problem

_EXACT_SHARE = 0.6
"""Share of the time after which rounds are not begun any more."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One trainee-period in which two plans differ; a ward is ``None`` where nobody is placed."""

    trainee: str
    period: int
    before_ward: str | None
    after_ward: str | None


@dataclass(frozen=True, slots=True)
class Replan:
    """
    A new plan and how far it is from the previous one.

    Parameters
    ----------
    plan
        The new plan; ``"elastic"`` where no plan keeps all rules. Its `bound` is left open.
    changed_months
        Person-months that differ from the previous plan.
    least_changed_months
        Proven: no plan that keeps all rules changes fewer (0 where there is none).
    is_impossible
        Proven: no plan keeps all rules; the plan is then elastic.
    diff
        What changes, by trainee and period; also for trainees who had no plan, whose months
        are not counted above.
    """

    plan: Plan
    changed_months: int
    least_changed_months: int
    is_impossible: bool
    diff: tuple[Difference, ...]


def differences(
    problem: RotationProblem,
    before: Mapping[str, Sequence[Stay]],
    after: Mapping[str, Sequence[Stay]],
) -> tuple[Difference, ...]:
    """
    Lay two plans side by side.

    Parameters
    ----------
    problem
        A problem whose blocks both plans use.
    before, after
        Trainee id → stays.

    Returns
    -------
    The trainee-periods that differ, by trainee id and period. O(trainees × horizon) time.
    """
    found = []
    for trainee in sorted(problem.trainees, key=lambda each: each.id):
        then = calendar(trainee, before.get(trainee.id, ()), problem.horizon)
        now = calendar(trainee, after.get(trainee.id, ()), problem.horizon)
        for period, (old, new) in enumerate(zip(then, now, strict=True)):
            if old != new:
                found.append(Difference(trainee.id, period, old, new))
    return tuple(found)


def replan(
    problem: RotationProblem,
    previous: Mapping[str, Sequence[Stay]],
    *,
    time_limit: float = 60.0,
    seed: int = 0,
    report: Report | None = None,
    workers: int = 1,
) -> Replan:
    """
    Plan again after an event, changing as little as possible.

    Parameters
    ----------
    problem
        The problem as it is now (see `events`), in which the past is pinned.
    previous
        The plan in force, in the blocks of ``problem``.
    time_limit
        Seconds of wall time.
    seed
        For the search beyond what can be solved exactly.
    report
        Called between steps; returning ``False`` ends the search with the best plan so far.
    workers
        Threads.

    Returns
    -------
    The fewest changed person-months found and proven, then among such plans the best score found.

    Raises
    ------
    InvalidProblem
        ``problem`` or ``previous`` makes no sense.
    Infeasible
        Some trainee has no plan even alone.
    """
    held = {trainee: tuple(stays) for trainee, stays in previous.items()}
    problem = replace(problem, previous=held)
    validate_problem(problem)
    return _Search(problem, time_limit, seed, report, workers).run()


class _Search:
    def __init__(
        self,
        problem: RotationProblem,
        time_limit: float,
        seed: int,
        report: Report | None,
        workers: int,
    ) -> None:
        self.problem = problem
        self.seed, self.workers, self.report = seed, workers, report
        self.began, self.cpu = time.monotonic(), time.process_time()
        self.time_limit = time_limit
        self.least = 0
        self.stopped = self.is_impossible = False
        self.best: dict[str, tuple[Stay, ...]] = {
            trainee.id: problem.previous.get(trainee.id, ()) for trainee in problem.trainees
        }
        self.alone: dict[str, tuple[Stay, ...]] = {}

    def left(self, share: float = 1.0) -> float:
        """Seconds until ``share`` of the time is used up."""
        return self.time_limit * share - (time.monotonic() - self.began)

    def run(self) -> Replan:
        broken = self.broken()
        if not self.exact(broken):
            self.best = mend(
                self.problem, self.best, seed=self.seed, workers=self.workers, going=self.going
            )
            self.keep_own_rules()
        moved = {each.trainee for each in differences(self.problem, self._before(), self.best)}
        if moved and not check_plan(self.problem, self.best):
            self.polish(moved)
        return self.result()

    def changed(self, stays: Mapping[str, tuple[Stay, ...]]) -> int:
        """Count the changed periods of the trainees who have a previous plan."""
        diff = differences(self.problem, self._before(), stays)
        return sum(each.trainee in self.problem.previous for each in diff)

    def _before(self) -> Mapping[str, Sequence[Stay]]:
        return self.problem.previous

    def going(self, stays: Mapping[str, tuple[Stay, ...]]) -> float:
        """Tell the caller; return the seconds left for finding fewer changes (0: stop)."""
        self.tell("least", stays)
        return 0.0 if self.stopped else max(0.0, self.left(0.8))

    def tell(self, stage: str, stays: Mapping[str, tuple[Stay, ...]]) -> None:
        if self.report is None or self.stopped:
            return
        over = sum(1 for each in check_plan(self.problem, stays) if each.trainee is None)
        score = None if over else score_of(self.problem, stays).total
        seconds = time.monotonic() - self.began
        self.stopped = not self.report(Progress(seconds, stage, score, None, over, None))

    def broken(self) -> set[str]:
        """Return who cannot keep the own stays; raise `Infeasible` for who has no plan at all."""
        found = {each.trainee for each in check_plan(self.problem, self.best) if each.trainee}
        hopeless: dict[str, str] = {}
        for trainee in sorted(found):
            alone = place(
                self.problem,
                {trainee},
                self.best,
                Goal(change=1, cells=frozenset()),
                Limits(max(1.0, self.left()), self.seed),
            )
            if alone is None:
                hopeless[trainee] = "the trainee's own rules leave no plan"
            elif isinstance(alone, Placed):
                self.alone |= alone.stays
        if hopeless:
            raise Infeasible(hopeless)
        return found

    def keep_own_rules(self) -> None:
        """Give who still breaks own rules, as the search was broken off, the plan found alone."""
        left = {each.trainee for each in check_plan(self.problem, self.best) if each.trainee}
        self.best |= {trainee: self.alone[trainee] for trainee in left & self.alone.keys()}

    def exact(self, free: set[str]) -> bool:
        """Find the fewest changes with proof; ``False`` where time or places do not suffice."""
        stays, cells = self.best, self._violated(self.best)
        helped = self._floors(cells)
        while not self.stopped and self.left(_EXACT_SHARE) > 0:
            free |= self._standing(cells)
            placed = self._round(free, cells, helped)
            if placed is None:
                break
            stays = {**self.best, **placed.stays}
            self.tell("least", stays)
            crowded = self._violated(stays)
            if not crowded:
                self.best = stays
                return placed.is_optimal
            unhelped = crowded & cells
            free |= self._able(unhelped)
            cells, helped = cells | crowded, (helped | self._floors(crowded)) - unhelped
        if not self.is_impossible:
            self.best = stays
        return False

    def _round(self, free: set[str], cells: set[Cell], helped: set[Cell]) -> Placed | None:
        """Solve one relaxation and note what it proves."""
        size = len(free) * self.problem.horizon + 1
        goal = Goal(change=size, crowd=self._full(free), cells=cells, helped=helped, unit=size)
        limits = Limits(self.left(_EXACT_SHARE), self.seed, self.workers)
        placed = place(self.problem, free, self.best, goal, limits)
        if placed is None:
            self.is_impossible = True
            return None
        bound = placed.bound if isinstance(placed, Placed) else placed
        self.least = max(self.least, int((bound + 1e-6) // size))
        return placed if isinstance(placed, Placed) else None

    def _full(self, free: set[str]) -> dict[Cell, int]:
        """Return the cells that the others fill already."""
        load = loads(self.problem, self.best, without=free)
        return {
            (ward.id, period): 1
            for ward in self.problem.wards
            if ward.upper is not None
            for period, most in enumerate(ward.upper)
            if load[ward.id, period] >= most
        }

    def _violated(self, stays: Mapping[str, Sequence[Stay]]) -> set[Cell]:
        load = loads(self.problem, stays)
        return {
            (ward.id, period)
            for ward in self.problem.wards
            for period in range(self.problem.horizon)
            if (ward.upper is not None and load[ward.id, period] > ward.upper[period])
            or (ward.lower and load[ward.id, period] < ward.lower[period])
        }

    def _floors(self, cells: set[Cell]) -> set[Cell]:
        """Return those of ``cells`` that have a minimum."""
        wards = {ward.id: ward for ward in self.problem.wards}
        return {cell for cell in cells if wards[cell[0]].lower and wards[cell[0]].lower[cell[1]]}

    def _standing(self, cells: set[Cell]) -> set[str]:
        """Return who stands in ``cells`` in the previous plan."""
        found = set()
        for trainee in self.problem.trainees:
            then = calendar(trainee, self.best[trainee.id], self.problem.horizon)
            if any((ward, period) in cells for period, ward in enumerate(then) if ward):
                found.add(trainee.id)
        return found

    def _able(self, cells: set[Cell]) -> set[str]:
        """Return who could come to one of ``cells``."""
        wards = {ward.id: ward for ward in self.problem.wards}
        names = {ward for ward, _ in cells}
        return {
            trainee.id
            for trainee in self.problem.trainees
            if any(names & set(block.wards) for block in trainee.blocks)
            and any(
                (stay.ward, period) in cells
                for block, stay in allowed_stays(trainee, wards, self.problem.horizon)
                for period in range(stay.start, stay.start + block.months)
            )
        }

    def polish(self, moved: set[str]) -> None:
        """Raise the score without changing more months, moving only who moves anyway."""
        if self.stopped or self.left() <= 0:
            return
        goal = Goal(score=1, most_changes=self.changed(self.best))
        limits = Limits(self.left() * 0.9, self.seed, self.workers)
        placed = place(self.problem, moved, self.best, goal, limits)
        if isinstance(placed, Placed):
            better = {**self.best, **placed.stays}
            if score_of(self.problem, better).total >= score_of(self.problem, self.best).total:
                self.best = better
        self.tell("score", self.best)

    def result(self) -> Replan:
        diff = differences(self.problem, self._before(), self.best)
        score = score_of(self.problem, self.best)
        over, under = {}, {}
        load = loads(self.problem, self.best)
        for ward in self.problem.wards:
            for period in range(self.problem.horizon):
                here = load[ward.id, period]
                if ward.upper is not None and here > ward.upper[period]:
                    over[ward.id, period] = here - ward.upper[period]
                if ward.lower and here < ward.lower[period]:
                    under[ward.id, period] = ward.lower[period] - here
        plan = Plan(
            stays=dict(sorted(self.best.items())),
            score=score.total,
            bound=None,
            status="elastic" if over or under else "feasible",
            trainee_scores=score.trainees,
            best_alone={},
            over=over,
            under=under,
            cpu_seconds=time.process_time() - self.cpu,
        )
        changed = self.changed(self.best)
        least = 0 if self.is_impossible else min(self.least, changed)
        return Replan(plan, changed, least, self.is_impossible, diff)
