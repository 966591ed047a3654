"""
What no plan can exceed: prices for places, found by column generation.

Each step asks every trainee for the best schedule at the present prices. That proves a bound
(`bound_check` has the derivation) and yields columns for the linear programme over all schedules
found, whose prices are asked next. Prices of the linear programme jump about, so what is asked is
a mixture of them and of the best prices so far, as much of the latter as the slope of the bound
advises. Before the linear programme takes over, a subgradient method brings the prices near.

**Source.** Wentges (1997) and Pessoa, Sadykov, Uchoa, Vanderbeck, *Automation and combination of
linear-programming based stabilization techniques in column generation* (2018) for the mixture;
Polyak (1969), Camerini, Fratta, Maffioli (1975) for the subgradient steps.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from cotutelle.engines.rotation._compiled import Compiled, compile_problem
from cotutelle.engines.rotation.columns import ROUNDING, Cells, Column, Floats, Ints
from cotutelle.engines.rotation.oracle import Oracle, Schedule
from cotutelle.engines.rotation.plan import Evidence
from cotutelle.engines.rotation.problem import RotationProblem
from cotutelle.engines.rotation.relaxed import MasterProgramme, Relaxed

_WARM_STEPS = 40
_PATIENCE = 4
_LEAST_SECONDS = 0.5
#: Labels of a question to a trainee with too many blocks for exact answers: at first, and at most.
_NARROW, _WIDE = 64, 8000


def whole_bound(bound: float) -> int:
    """Return the largest score (an integer) that ``bound`` admits, rounding errors allowed for."""
    return int(np.floor(bound + ROUNDING))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What all trainees answered to prices and shares, and the bound that this proves."""

    prices: Floats
    shares: Floats
    bound: float
    load: Ints
    own: Floats


class DualBound:
    """
    A bound that falls from step to step.

    Parameters
    ----------
    problem
        A valid problem.
    compiled
        The same problem as arrays, if the caller has it already.
    workers
        Threads that ask trainees.

    Attributes
    ----------
    bound
        No plan scores more; ``inf`` before the first step, ``-inf`` when some trainee has no
        schedule at all.
    prices
        ``(wards, horizon)``: the prices that prove it.
    columns
        For each trainee the schedules met, each once.
    settled
        Further steps cannot lower the whole bound.
    """

    def __init__(
        self, problem: RotationProblem, compiled: Compiled | None = None, *, workers: int = 1
    ) -> None:
        self._problem = problem
        self._compiled = compiled or compile_problem(problem)
        self._oracles = [Oracle(problem, self._compiled) for _ in range(max(1, workers))]
        self._cells = Cells(self._compiled)
        count = len(self._compiled.trainee_ids)
        self.columns: list[list[Column]] = [[] for _ in range(count)]
        self.bound = np.inf
        self.settled = False
        self._is_stopped, self._deadline = False, np.inf
        self._width = _NARROW
        self._is_exact = True
        self.incumbent: float | None = None
        self._seen: set[tuple[int, bytes, int]] = set()
        self._new: list[Column] = []
        self._best = self._centre = _Answer(
            np.zeros(self._cells.low.size),
            np.full(count, problem.fairness / max(1, count)),
            np.inf,
            np.zeros(self._cells.low.size, dtype=np.int64),
            np.zeros(count),
        )
        self._warm = _Warm()
        self._master: MasterProgramme | None = None
        self._relaxed: Relaxed | None = None
        self._mixture = 0.8

    @property
    def prices(self) -> Floats:
        """Prices of the best bound, ``(wards, horizon)``."""
        return self._best.prices.reshape(len(self._compiled.ward_ids), self._problem.horizon)

    @property
    def is_priced(self) -> bool:
        """Whether the linear programme was solved."""
        return self._relaxed is not None

    @property
    def is_heavy(self) -> bool:
        """Whether the linear programme is too large for the simplex method."""
        return self._master is not None and self._master.is_heavy

    def rounded(self) -> list[Column | None] | None:
        """Return the schedule that the last linear programme used most of, for each trainee."""
        if self._relaxed is None:
            return None
        found: list[Column | None] = [None] * len(self.columns)
        amounts = np.zeros(len(self.columns))
        for column, amount in self._relaxed.used:
            if amount > amounts[column.trainee]:
                found[column.trainee], amounts[column.trainee] = column, amount
        return found

    def evidence(self) -> Evidence:
        """Return the prices and shares that prove `bound`."""
        rows, periods = np.nonzero(self.prices)
        wards = self._compiled.ward_ids
        cells = {
            (wards[row], int(period)): float(self.prices[row, period])
            for row, period in zip(rows, periods, strict=True)
        }
        shares = zip(self._compiled.trainee_ids, self._best.shares, strict=True)
        return Evidence(cells, {name: float(share) for name, share in shares if share > 0})

    def offer(self, column: Column) -> None:
        """Take a schedule found elsewhere into the choice of the linear programme."""
        key = (column.trainee, np.sort(column.cells).tobytes(), column.own)
        if key not in self._seen:
            self._seen.add(key)
            self.columns[column.trainee].append(column)
            self._new.append(column)

    def step(self, seconds: float) -> None:
        """Lower the bound for about ``seconds``, at least by one question to everybody."""
        deadline = time.monotonic() + seconds
        first = True
        while not (self.settled or self._is_stopped) and (first or time.monotonic() < deadline):
            first = False
            if self._warm.count < _WARM_STEPS:
                self._warm_step()
            else:
                self._priced_step(deadline)

    def ask_once(self, deadline: float) -> None:
        """
        Take one step, however long, but give up (for good) at the deadline.

        Parameters
        ----------
        deadline
            In seconds of ``time.monotonic``.
        """
        self._deadline = deadline
        if self._warm.count < _WARM_STEPS:
            self._warm_step()
        else:
            self._priced_step(deadline)
        self._is_stopped |= time.monotonic() > deadline

    def stop(self) -> None:
        """End the step under way (in another thread) within one trainee's question, for good."""
        self._is_stopped = True

    def _ask(self, prices: Floats, shares: Floats) -> _Answer:
        """
        Ask everybody; keep the columns and, where it is the best so far, the bound.

        Shares that do not sum to the weight would prove nothing: they are scaled first.
        """
        shares = self._scaled(shares)
        grid = np.ascontiguousarray(prices.reshape(-1, self._problem.horizon))
        count, threads = len(self.columns), len(self._oracles)

        def ask(thread: int) -> list[Schedule]:
            oracle, found = self._oracles[thread], []
            for trainee in range(thread, count, threads):
                if self._is_stopped or time.monotonic() > self._deadline:
                    break
                scale = 1.0 + float(shares[trainee])
                found.append(oracle.best(trainee, grid, scale, width=self._width))
            return found

        if threads == 1:
            answers = ask(0)
        else:
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(ask, range(threads)))
            answers = [s for row in zip_longest(*parts) for s in row if s is not None]
        if len(answers) < count:
            self._is_stopped = True
            return _Answer(prices, shares, np.inf, self._best.load, self._best.own)
        load = np.zeros(prices.size, dtype=np.int64)
        for trainee, schedule in enumerate(answers):
            if schedule.value > -np.inf:
                column = Column.of(trainee, schedule, self._problem.horizon)
                load[column.cells] += 1
                self.offer(column)
        self._is_exact = all(schedule.upper <= schedule.value + ROUNDING for schedule in answers)
        bound = sum(schedule.upper for schedule in answers) + self._cells.value(prices)
        own = np.array([float(schedule.score) for schedule in answers])
        answer = _Answer(prices, shares, bound, load, own)
        if bound < self._best.bound:
            self._best, self.bound = answer, bound
        if bound == -np.inf:
            self.settled = True
        return answer

    def _warm_step(self) -> None:
        warm = self._warm
        if warm.count == 0:
            answer = self._ask(self._best.prices, self._best.shares)
            if self._is_stopped:
                return
            warm.start(answer)
        prices, shares = warm.next(self._cells, self._problem.fairness, self.incumbent)
        warm.take(self._ask(prices, shares), self._cells)

    def _priced_step(self, deadline: float) -> None:
        if self._master is None:
            self._master = self._programme()
        for column in self._new:
            self._master.add(column)
        self._new = []
        relaxed = self._master.solve(max(_LEAST_SECONDS, deadline - time.monotonic()))
        if relaxed is None:
            self._warm_step()
            return
        self._relaxed = relaxed
        if relaxed.overdrawn < ROUNDING and whole_bound(relaxed.value) >= whole_bound(self.bound):
            self.settled = True
            return
        mixture = self._mixture
        goal = self._cells.clip(relaxed.prices)
        goal_shares = self._scaled(relaxed.shares)
        centre = self._best
        while True:
            prices = self._cells.clip(mixture * centre.prices + (1 - mixture) * goal)
            shares = mixture * centre.shares + (1 - mixture) * goal_shares
            answer = self._ask(prices, shares)
            if self._is_stopped:
                return
            slope = self._cells.slope(prices, answer.load)
            rise = float(slope @ (goal - centre.prices))
            rise += float(answer.own @ (goal_shares - centre.shares))
            if mixture == self._mixture:
                self._mixture += 0.1 * (1 - self._mixture) if rise > 0 else -0.1
                self._mixture = min(0.98, max(0.0, self._mixture))
            if self._new or mixture == 0.0 or self.settled:
                break
            mixture = max(0.0, mixture - 0.3)
        if not self._new and mixture == 0.0:
            self.settled = self._is_exact or self._width >= _WIDE
            self._width *= 5

    def _scaled(self, shares: Floats) -> Floats:
        weight, total = float(self._problem.fairness), float(shares.sum())
        even = np.full(shares.size, weight / max(1, shares.size))
        return shares * (weight / total) if weight and total > ROUNDING else even

    def _programme(self) -> MasterProgramme:
        potential = np.zeros((len(self._compiled.ward_ids), self._problem.horizon), dtype=np.int64)
        for person in self._compiled.people:
            there = np.zeros(potential.shape, dtype=np.bool_)
            for block in range(person.months.size):
                for start in np.flatnonzero(person.open_[block]):
                    wards = person.ward[person.first[block] : person.first[block + 1]]
                    there[wards, start : start + person.months[block]] = True
            potential += there
        spread = max((abs(c.own) for own in self.columns for c in own), default=0)
        return MasterProgramme(
            self._problem, self._cells, potential.ravel(), len(self.columns), 2.0 * spread + 100.0
        )


class _Warm:
    """Subgradient steps that bring the prices near before the linear programme takes over."""

    def __init__(self) -> None:
        self.count = 0

    def start(self, answer: _Answer) -> None:
        """Begin at an answer."""
        self._at = self._best = answer
        self._direction = np.zeros(answer.prices.size)
        self._own = answer.own
        self._level = 0.02 * max(1.0, abs(answer.bound))
        self._since = 0

    def next(self, cells: Cells, fairness: int, incumbent: float | None) -> tuple[Floats, Floats]:
        """Return the prices and shares to ask."""
        at = self._at
        slope = cells.slope(at.prices, at.load).astype(np.float64)
        direction = slope + 0.6 * self._direction
        self._direction = direction
        target = self._best.bound - self._level
        if incumbent is not None:
            target = max(target, incumbent)
        size = float(direction @ direction)
        length = (at.bound - target) / size if size else 0.0
        worst = float(self._own.min()) if self._own.size else 0.0
        weights = np.exp(-(self._own - worst))
        shares = fairness * weights / max(1e-12, float(weights.sum()))
        return cells.clip(at.prices - length * direction), shares

    def take(self, answer: _Answer, cells: Cells) -> None:
        """Note an answer; aim lower or less low by whether it helped."""
        self.count += 1
        self._own = 0.8 * self._own + 0.2 * answer.own
        self._since += 1
        self._at = answer
        if answer.bound < self._best.bound:
            if answer.bound < self._best.bound - 0.5 * self._level:
                self._level *= 1.5
            self._best, self._since = answer, 0
        elif self._since >= _PATIENCE:
            self._level *= 0.5
            self._since = 0
            self._at = self._best
            self._direction[:] = 0.0
