"""The month-level planning problem: who must pass through which wards, for how long, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ward:
    """
    A place of training with a range of places for each period.

    Parameters
    ----------
    id
        Unique name.
    hospital
        The hospital it belongs to; changes between hospitals may cost.
    upper
        Most trainees present in each period (length `RotationProblem.horizon`), places taken by
        people who are not planned here already subtracted; ``None`` sets no bound.
    lower
        Fewest trainees present in each period; ``()`` means none.
    target
        Load above which each further trainee costs ``RotationProblem.smooth`` (one number for
        each period); ``()`` means no target.
    department
        National-standard department, for words only.
    """

    id: str
    hospital: str
    upper: tuple[int, ...] | None = None
    lower: tuple[int, ...] = ()
    target: tuple[int, ...] = ()
    department: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """
    One contiguous stay a trainee must (or, in a group, may) do, in one ward.

    A block that may be cut is given as several blocks of the same department. Protected research
    is a block whose ward has no upper bound.

    Parameters
    ----------
    id
        Unique within the trainee.
    months
        Consecutive periods, at least 1.
    wards
        Ward id → score of doing it there (preference for ward and hospital; higher is better).
    score
        Score of doing it at all, wherever.
    group
        Elective group; ``""`` for a block that must be done.
    earliest, latest
        First period it may occupy, and last period it may occupy (``None``: the horizon's last).
    """

    id: str
    months: int
    wards: Mapping[str, int]
    score: int = 0
    group: str = ""
    earliest: int = 0
    latest: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """``before`` ends before ``after`` begins; ``needed``: ``after`` may not be done without it."""

    before: str
    after: str
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """A block placed: ``months`` of the block from period ``start`` (0-based) in ``ward``."""

    block: str
    ward: str
    start: int


@dataclass(frozen=True, slots=True)
class Trainee:
    """
    One person's requirements, wishes and constraints.

    Parameters
    ----------
    id
        Unique name.
    blocks
        What must or may be done.
    groups
        Elective group → exactly how many of its blocks are done.
    orders
        Which block comes before which.
    away
        Periods in which the trainee is not available (leave, not yet or no longer enrolled).
    forbidden
        Hospitals and wards (ids) in which the trainee may not be placed.
    pins
        Stays fixed beforehand: the frozen past and the officer's decisions.
    most_in_hospital
        Most blocks in one hospital; ``None`` sets no bound.
    idle_cost
        Score lost for every period without a stay before the trainee's last one.
    change_cost
        Score lost whenever two stays that follow each other (idle periods between or not) are
        in different hospitals.
    """

    id: str
    blocks: tuple[Block, ...]
    groups: Mapping[str, int] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    away: frozenset[int] = frozenset()
    forbidden: frozenset[str] = frozenset()
    pins: tuple[Stay, ...] = ()
    most_in_hospital: int | None = None
    idle_cost: int = 0
    change_cost: int = 0


@dataclass(frozen=True, slots=True)
class RotationProblem:
    """
    Everything that is planned together.

    The score of a plan, to be maximised, is the sum of the trainees' scores, plus ``fairness``
    times the lowest of them, less ``smooth`` for each trainee-period above a ward's target, less
    ``keep`` for each trainee-period in which the plan differs from ``previous``.

    A trainee's score is the sum over the stays of block score and ward score, less
    ``idle_cost`` × idle periods before the last occupied one, less ``change_cost`` × changes of
    hospital. All numbers are integers.

    Parameters
    ----------
    horizon
        Number of periods, numbered from 0.
    wards, trainees
        In any order; the result does not depend on it.
    fairness
        Weight of the worst-off trainee's score, at least 0.
    smooth
        Cost of each trainee-period above target, at least 0.
    previous
        Trainee id → stays of the plan now in force; ``{}`` when there is none.
    keep
        Cost of each trainee-period that differs from ``previous`` (other ward, newly idle or
        newly occupied), at least 0; counts only for trainees named in ``previous``.
    """

    horizon: int
    wards: tuple[Ward, ...]
    trainees: tuple[Trainee, ...]
    fairness: int = 0
    smooth: int = 0
    previous: Mapping[str, tuple[Stay, ...]] = field(default_factory=dict)
    keep: int = 0
