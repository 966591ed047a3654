"""
What a market is: preferences, offers, mentors, pins, bans and the seed of the lottery.

The solver and the verifier share these plain data types and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cotutelle.engines.matching.entities import (
    Ban,
    Group,
    GroupId,
    InvalidProblem,
    Mentor,
    MentorId,
    Offer,
    OfferId,
    Pin,
    StudentId,
)
from cotutelle.engines.matching.preferences import Preferences
from cotutelle.engines.matching.validation import find_faults


@dataclass(frozen=True, slots=True)
class MatchingProblem:
    """
    A whole market, checked when it is made.

    Parameters
    ----------
    student_preferences
        Student -> tie groups of offer ids, best first; an empty list accepts nobody.
        Every student of the market is a key, also a pinned one.
    offers
        Offer -> `Offer`.
    mentors
        Mentor -> `Mentor`. An entry for a student who did not apply is ignored.
    pins
        Student -> `Pin`. Neither side need have listed the other.
    bans
        (student, offer) -> `Ban`.
    seed
        Seed of the tie lottery, any text that UTF-8 can hold.
    groups
        Group -> `Group`; quotas above the mentor.

    Raises
    ------
    InvalidProblem
        A `ValueError` with every fault: unknown ids, an id listed twice, an empty tie group,
        a quota below 0, a minimum above its quota, a weight below 1, groups that lie in
        themselves, more pins than places, a pin on a banned pair, an unusable id.
    """

    student_preferences: Mapping[StudentId, Preferences]
    offers: Mapping[OfferId, Offer]
    mentors: Mapping[MentorId, Mentor]
    pins: Mapping[StudentId, Pin] = field(default_factory=dict)
    bans: Mapping[tuple[StudentId, OfferId], Ban] = field(default_factory=dict)
    seed: str = "0"
    groups: Mapping[GroupId, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = find_faults(
            student_preferences=self.student_preferences,
            offers=self.offers,
            mentors=self.mentors,
            pins=self.pins,
            bans=self.bans,
            seed=self.seed,
            groups=self.groups,
        )
        if faults:
            raise InvalidProblem(faults)
