"""The plain data types of a market: offers, mentors, pins, bans, and faults in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cotutelle.engines.matching.preferences import Preferences

StudentId = str
OfferId = str
MentorId = str
GroupId = str

BanKind = Literal["conflict", "policy"]

#: Greatest whole number that every JSON reader keeps exactly (RFC 8785, appendix B).
MAX_QUOTA = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Offer:
    """
    What students rank: a topic, a direction, a place of one mentor or of a fixed team.

    Attributes
    ----------
    mentor_id
        The mentor (or fixed team) that owns the offer.
    quota
        Upper number of students, >= 0.
    lower_quota
        Least number of students, 0 to ``quota``.
    weight
        How many places of the mentor's and the groups' quotas one student here takes, >= 1;
        the offer's own quotas count students.
    """

    mentor_id: MentorId
    quota: int
    lower_quota: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Mentor:
    """
    Who ranks students; a fixed two-mentor team is a mentor of its own.

    Attributes
    ----------
    quota
        Upper number of students over all her offers together, >= 0.
    preferences
        Tie groups of student ids, best first; who is missing is unacceptable.
    lower_quota
        Least number of places that must be taken over all her offers, 0 to ``quota``.
    group_id
        The innermost group the mentor counts in; None for none.
    """

    quota: int
    preferences: Preferences = ()
    lower_quota: int = 0
    group_id: GroupId | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """
    A unit above mentors with places of its own: a department, an institution, an agreement.

    Attributes
    ----------
    quota
        Upper number of places over everything below, >= 0; None for no upper limit.
    lower_quota
        Least number of places that must be taken below, 0 to ``quota``.
    parent_id
        The group this one lies in; None for a root. Groups form a forest.
    priority
        Tie groups of student ids, best first; ties by the lottery, and whoever is missing comes
        after all who are there, by the lottery.
    """

    quota: int | None = None
    lower_quota: int = 0
    parent_id: GroupId | None = None
    priority: Preferences = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """A student seated before the run, with the place taken from offer and mentor."""

    offer_id: OfferId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ban:
    """A pair that must not be matched: a conflict of interest, or another rule."""

    kind: BanKind = "policy"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InputFault:
    """
    One thing wrong with a problem.

    Attributes
    ----------
    argument
        The argument of `MatchingProblem` it lies in.
    key
        The key inside that argument; for ``bans`` the student and the offer.
    code
        Stable name of the kind of fault.
    message
        The sentence.
    """

    argument: str
    key: str | tuple[str, str]
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.argument}: {self.message}"


class InvalidProblem(ValueError):
    """Raised with everything that is wrong, in ``problems``, never only the first."""

    def __init__(self, problems: Iterable[InputFault]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(fault) for fault in self.problems))
