"""The rules of a rotation problem by name, who may waive each, and what waiving it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cotutelle.engines.rotation.problem import RotationProblem, Stay, Trainee, Ward

Kind = Literal[
    "capacity",
    "minimum",
    "away",
    "forbidden",
    "pin",
    "hospital_count",
    "order",
    "window",
    "elective",
    "length",
    "horizon",
]
Waiver = Literal["officer", "department", "trainee", "nobody"]

WAIVERS: Mapping[Kind, Waiver] = {
    "pin": "officer",
    "hospital_count": "officer",
    "capacity": "department",
    "minimum": "department",
    "away": "trainee",
    "forbidden": "trainee",
    "order": "nobody",
    "window": "nobody",
    "elective": "nobody",
    "length": "nobody",
    "horizon": "nobody",
}
"""Who may waive a rule of each kind; ``"nobody"`` is the national curriculum."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """
    One rule of a problem, named so that a person can find and judge it.

    Parameters
    ----------
    kind
        ``capacity`` (a ward's places), ``minimum`` (its fewest trainees), ``away``, ``forbidden``,
        ``pin``, ``hospital_count`` (most blocks in one hospital), ``order``, ``window``,
        ``elective``, ``length`` (the block has to be done, for its months) or ``horizon``
        (everything ends with the last period).
    subjects
        What it is about: the ward (capacity, minimum), the hospital or ward (forbidden), the
        block (pin, window, length), the two blocks (order: before, after), the elective group.
    trainees
        Whom it binds, in order of id; ``()`` for the rules of wards and for ``horizon``. Rules of
        the curriculum that say the same to several trainees are one rule.
    periods
        First and last period concerned (both included), or ``None`` for all.
    amount
        Places (capacity, minimum), blocks (elective, hospital_count), months (length), the start
        of a pin; otherwise ``None``.
    """

    kind: Kind
    subjects: tuple[str, ...] = ()
    trainees: tuple[str, ...] = ()
    periods: tuple[int, int] | None = None
    amount: int | None = None

    @property
    def waiver(self) -> Waiver:
        """Who may waive it."""
        return WAIVERS[self.kind]

    def touches(self, other: Rule) -> bool:
        """Whether both are about the same thing: kind, subjects, some trainee, some period."""
        if (self.kind, self.subjects) != (other.kind, other.subjects):
            return False
        if self.trainees and other.trainees and not set(self.trainees) & set(other.trainees):
            return False
        if self.periods is None or other.periods is None:
            return True
        return self.periods[0] <= other.periods[1] and other.periods[0] <= self.periods[1]


@dataclass(frozen=True, slots=True)
class Repair:
    """
    Changes to rules that people may waive, after which a plan exists.

    Parameters
    ----------
    changes
        Rules waived. ``amount`` is by how much: places more in each period named (capacity),
        fewer (minimum), blocks more (hospital_count); for the others ``None``.
    size
        Place-months, leave-months, pins, prohibitions and blocks changed, added up.
    stays
        A plan of the repaired problem: the proof that it works.
    """

    changes: tuple[Rule, ...]
    size: int
    stays: Mapping[str, tuple[Stay, ...]]

    @property
    def who(self) -> tuple[Waiver, ...]:
        """Who has to agree, the easiest to ask first."""
        asked = {change.waiver for change in self.changes}
        return tuple(waiver for waiver in ("officer", "department", "trainee") if waiver in asked)


def apply_repair(problem: RotationProblem, repair: Repair) -> RotationProblem:
    """
    Change the rules that a repair names.

    Parameters
    ----------
    problem
        The problem it was found for.
    repair
        What to change.

    Returns
    -------
    The same problem with those rules waived.

    Raises
    ------
    ValueError
        The repair names a rule that nobody may waive, or a ward or trainee not in the problem.
    """
    return waive(problem, repair.changes)


def waive(problem: RotationProblem, changes: tuple[Rule, ...]) -> RotationProblem:
    """Return ``problem`` with ``changes`` (see `Repair`) made; raise ValueError as there."""
    wards = {ward.id: ward for ward in problem.wards}
    trainees = {trainee.id: trainee for trainee in problem.trainees}
    for change in changes:
        if change.waiver == "nobody":
            raise ValueError(f"repair: nobody may waive a rule of kind {change.kind}")
        if change.kind in ("capacity", "minimum"):
            (name,) = change.subjects
            if name not in wards:
                raise ValueError(f"repair: there is no ward {name}")
            wards[name] = _changed_ward(wards[name], change, problem.horizon)
            continue
        for name in change.trainees:
            if name not in trainees:
                raise ValueError(f"repair: there is no trainee {name}")
            trainees[name] = _changed_trainee(trainees[name], change)
    return replace(
        problem,
        wards=tuple(wards[ward.id] for ward in problem.wards),
        trainees=tuple(trainees[trainee.id] for trainee in problem.trainees),
    )


def _changed_ward(ward: Ward, change: Rule, horizon: int) -> Ward:
    first, last = change.periods or (0, horizon - 1)
    amount = change.amount or 0
    if change.kind == "capacity":
        if ward.upper is None:
            return ward
        upper = tuple(
            places + amount if first <= period <= last else places
            for period, places in enumerate(ward.upper)
        )
        return replace(ward, upper=upper)
    lower = tuple(
        max(0, places - amount) if first <= period <= last else places
        for period, places in enumerate(ward.lower)
    )
    return replace(ward, lower=lower)


def _changed_trainee(trainee: Trainee, change: Rule) -> Trainee:
    if change.kind == "away":
        first, last = change.periods or (0, max(trainee.away, default=0))
        return replace(trainee, away=trainee.away - set(range(first, last + 1)))
    if change.kind == "forbidden":
        return replace(trainee, forbidden=trainee.forbidden - set(change.subjects))
    if change.kind == "pin":
        pins = tuple(pin for pin in trainee.pins if pin.block not in change.subjects)
        return replace(trainee, pins=pins)
    if trainee.most_in_hospital is None:
        return trainee
    return replace(trainee, most_in_hospital=trainee.most_in_hospital + (change.amount or 0))
