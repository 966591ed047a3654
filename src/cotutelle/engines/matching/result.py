"""What every way of matching gives back, and the words for what it was asked to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cotutelle.engines.matching.entities import OfferId, StudentId

#: How a market is solved.
Algorithm = Literal["deferred-acceptance", "promotion", "exact"]

#: What decides among results that are equally good otherwise (exact only).
Objective = Literal["size", "generous", "regret"]

#: What is known of a result: ``stable`` (deferred acceptance, promotion), ``optimal`` (proven),
#: ``feasible`` (the time was up before the proof), ``infeasible`` (no result keeps the rules).
Status = Literal["stable", "optimal", "feasible", "infeasible"]

#: What comes first where minimum quotas and blocking pairs pull apart (exact only).
Priority = Literal["blocking", "size"]

#: The levels at which places are counted.
Level = Literal["offer", "mentor", "group"]


@dataclass(frozen=True, slots=True)
class Matching:
    """
    The outcome of one run.

    Attributes
    ----------
    offer_of
        Student -> offer, pinned students included, in the order of the students' ids;
        unmatched students are absent.
    proposals
        Number of proposals made; by deferred acceptance at most the total length of the
        students' lists; 0 where nobody proposes.
    pinned
        The students seated before the run.
    algorithm, objective
        How it was found.
    status
        What is known of it.
    bound
        Proven upper bound on the number of students placed; None where none was computed.
    """

    offer_of: Mapping[StudentId, OfferId]
    proposals: int = 0
    pinned: frozenset[StudentId] = frozenset()
    algorithm: Algorithm = "deferred-acceptance"
    objective: Objective = "size"
    status: Status = "stable"
    bound: int | None = None

    def students_of(self, offer_id: OfferId) -> tuple[StudentId, ...]:
        """Students holding ``offer_id``, in the order of their ids."""
        return tuple(sorted(s for s, o in self.offer_of.items() if o == offer_id))


@dataclass(frozen=True, slots=True)
class Shortfall:
    """
    A minimum quota that a result misses.

    Attributes
    ----------
    level, key
        The offer, mentor or group.
    minimum, got
        Its lower quota and the places taken.
    """

    level: Level
    key: str
    minimum: int
    got: int

    def __str__(self) -> str:
        return f"{self.level} {self.key!r} needs {self.minimum} and got {self.got}"


class Unsupported(ValueError):
    """Raised by an algorithm that cannot count what the market has; ``argument`` names it."""

    def __init__(self, argument: str, message: str) -> None:
        self.argument = argument
        super().__init__(f"{argument}: {message}")


class LowerQuotaMissed(ValueError):
    """Raised with every minimum quota that was missed, in ``missed``."""

    def __init__(self, missed: Iterable[Shortfall]) -> None:
        self.missed = tuple(missed)
        sentences = "; ".join(str(shortfall) for shortfall in self.missed)
        super().__init__(f"lower_quota: {sentences}: the exact algorithm plans minimum quotas")
