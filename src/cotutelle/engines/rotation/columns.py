"""Schedules as columns, and what the loads of cells may be and cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation._compiled import Compiled
from cotutelle.engines.rotation.problem import RotationProblem, Stay
from cotutelle.engines.rotation.scoring import changed_periods, own_score, ward_by_period

if TYPE_CHECKING:
    from cotutelle.engines.rotation.oracle import Schedule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = 1e-6
"""Errors of sums of floats, and amounts of columns, below this mean nothing."""

_NO_PRICE = 1e-9


@dataclass(frozen=True, slots=True)
class Column:
    """
    A schedule of one trainee.

    Parameters
    ----------
    trainee
        Index in the sorted ids.
    own, keep
        Own score, and what its differences from the plan in force cost.
    stays
        In order of start.
    cells
        ``ward index × horizon + period`` of each occupied period.
    """

    trainee: int
    own: int
    keep: int
    stays: tuple[Stay, ...]
    cells: Ints

    @classmethod
    def of(cls, trainee: int, schedule: Schedule, horizon: int) -> Column:
        """Return the column of an oracle's answer."""
        cells = schedule.cells[:, 0] * horizon + schedule.cells[:, 1]
        return cls(trainee, schedule.score, schedule.keep, schedule.stays, cells)


class Cells:
    """
    What loads are allowed and cost; arrays of length wards × horizon.

    Parameters
    ----------
    compiled
        The problem as arrays.

    Attributes
    ----------
    low, aim, high
        Least load; load up to which nothing is due; most load (at most everybody).
    smooth
        Cost of each place above ``aim``.
    """

    def __init__(self, compiled: Compiled) -> None:
        everybody = len(compiled.trainee_ids)
        self.low: Ints = compiled.lower.ravel()
        self.high = np.maximum(np.minimum(compiled.upper.ravel(), everybody), self.low)
        self.smooth = compiled.problem.smooth
        aim = compiled.target.ravel() if self.smooth else self.high
        self.aim = np.minimum(np.maximum(aim, self.low), self.high)
        self.forced = self.smooth * (self.low - np.minimum(compiled.target.ravel(), self.low))
        self.open_above = compiled.upper.ravel() >= everybody

    def value(self, prices: Floats) -> float:
        """Return what the cells earn at best at ``prices`` (see `bound_check`)."""
        at_aim = np.maximum(prices * self.low, prices * self.aim)
        at_high = prices * self.high - self.smooth * (self.high - self.aim)
        return float(np.maximum(at_aim, at_high).sum() - self.forced.sum())

    def slope(self, prices: Floats, load: Ints) -> Ints:
        """Return best load − ``load``, with the best load nearest to ``load`` among equals."""
        low = np.where(prices > ROUNDING, self.aim, self.low)
        low = np.where(prices > self.smooth + ROUNDING, self.high, low)
        high = np.where(prices < -ROUNDING, self.low, self.aim)
        high = np.where(prices >= self.smooth - ROUNDING, self.high, high)
        best: Ints = np.clip(load, low, high)
        return best - load

    def clip(self, prices: Floats) -> Floats:
        """Return the prices without those that can only weaken the bound."""
        dearest = np.where(self.open_above, float(self.smooth) * (self.aim < self.high), np.inf)
        clipped: Floats = np.clip(prices, np.where(self.low > 0, -np.inf, 0.0), dearest)
        clipped[np.abs(clipped) < _NO_PRICE] = 0.0
        return clipped


def column_of(
    problem: RotationProblem, compiled: Compiled, trainee: int, stays: Iterable[Stay]
) -> Column:
    """
    Return a schedule found elsewhere as a column.

    Parameters
    ----------
    problem, compiled
        The problem, and the same as arrays.
    trainee
        Index in the sorted ids.
    stays
        A schedule that keeps the trainee's own rules.
    """
    person = next(t for t in problem.trainees if t.id == compiled.trainee_ids[trainee])
    stays = tuple(sorted(stays, key=lambda stay: stay.start))
    number = {ward: index for index, ward in enumerate(compiled.ward_ids)}
    places = ward_by_period(person, stays)
    return Column(
        trainee=trainee,
        own=own_score(person, {ward.id: ward for ward in problem.wards}, stays),
        keep=problem.keep
        * changed_periods(replace(problem, trainees=(person,)), {person.id: stays}),
        stays=stays,
        cells=np.array(
            [number[ward] * problem.horizon + t for t, ward in places.items()], np.int64
        ),
    )
