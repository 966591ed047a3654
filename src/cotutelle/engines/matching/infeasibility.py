"""Why no result keeps all rules of a market, and what would have to give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cotutelle.engines.matching.entities import OfferId, StudentId

RuleKind = Literal[
    "offer_lower",
    "mentor_lower",
    "group_lower",
    "offer_quota",
    "mentor_quota",
    "group_quota",
    "pin",
    "ban",
    "acceptance",
]

#: An offer, mentor or group; the student of a pin; (student, offer) of a ban or an acceptance.
RuleKey = str | tuple[StudentId, OfferId]

#: A quota; the offer of a pin; the kind of a ban; whether a pair is acceptable; None for none.
RuleValue = int | str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One rule of a market.

    Attributes
    ----------
    kind, key
        What it is and what it is about: ``acceptance`` says that a pair must have listed each
        other.
    value
        Its present value.
    """

    kind: RuleKind
    key: RuleKey
    value: RuleValue = None


@dataclass(frozen=True, slots=True)
class Change:
    """A rule with another value, e.g. ``Change("group_lower", "imaging", 5, 3)``."""

    kind: RuleKind
    key: RuleKey
    before: RuleValue
    after: RuleValue


@dataclass(frozen=True, slots=True)
class Repair:
    """
    Changes that together make a result possible.

    Attributes
    ----------
    changes
        In the order of kind and key.
    cost
        Places changed and pairs, pins and bans given up, counted together.
    """

    changes: tuple[Change, ...]
    cost: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    Why a market has no result.

    Attributes
    ----------
    reasons
        Rules that cannot be kept together; without any one of them the others could be.
    repairs
        The smallest different repairs, the cheapest first.
    """

    reasons: tuple[Rule, ...]
    repairs: tuple[Repair, ...] = ()


class Infeasible(ValueError):
    """Raised when no result keeps all rules, with the reasons in ``diagnosis``."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis
        rules = ", ".join(f"{rule.kind} {rule.key!r}" for rule in diagnosis.reasons)
        super().__init__(f"problem: no result keeps all of these: {rules}")
