"""What the verifier has to say: pairs, violations and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cotutelle.engines.matching.entities import MentorId, OfferId, StudentId
from cotutelle.engines.matching.result import Level

BlockingKind = Literal["both_have_room", "mentor_full", "offer_full", "group_full"]
Cause = Literal["pin", "ban", "lower_quota", "weight", "group_cap"]

#: An offer, a mentor or a group: whatever has places.
Place = tuple[Level, str]


@dataclass(frozen=True, slots=True)
class BlockingPair:
    """A student and an offer whose mentor would both rather have each other."""

    student: StudentId
    offer: OfferId
    mentor: MentorId
    kind: BlockingKind


@dataclass(frozen=True, slots=True)
class Tolerated:
    """
    A pair that one rule keeps apart; it is no violation.

    Attributes
    ----------
    pair
        Who would rather have each other.
    cause
        ``pin``: the student is pinned elsewhere, or a pinned student holds the place;
        ``ban``: the pair itself is banned; ``group_cap``: the pair would block if there were
        no groups; ``lower_quota``: the pair blocks, in a result of the exact algorithm for a
        market with minimum quotas; ``weight``: likewise in a market without minimum quotas
        where students take unequal numbers of places.
    cause_student, cause_offer
        The pin or ban; the pair itself with the other causes.
    reason
        The reason given with the pin or ban.
    binding
        With ``group_cap`` the innermost group that has no place for the student. With
        ``lower_quota`` the innermost minimum that would be missed if the student moved; if
        none would, the first that is just met (offers, mentors, groups, each by id); if there
        is none, None.
    """

    pair: BlockingPair
    cause: Cause
    cause_student: StudentId
    cause_offer: OfferId
    reason: str
    binding: Place | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: a stable code and a sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the verifier found.

    Attributes
    ----------
    ok
        True when ``problems`` is empty.
    problems
        Every violation, each blocking pair among them that nothing excuses.
    blocking_pairs
        Pairs that break weak stability, those tolerated for minimum quotas or weights among
        them.
    tolerated
        Pairs that one rule keeps apart.
    admits
        Of a result of the exact algorithm: the most students that lists and places alone would
        admit, computed without the solver. Where the result places as many, its size is proven
        here; where it does not, that it is the greatest rests on the solver's word.
    """

    ok: bool
    problems: tuple[Violation, ...]
    blocking_pairs: tuple[BlockingPair, ...] = ()
    tolerated: tuple[Tolerated, ...] = ()
    admits: int | None = None
