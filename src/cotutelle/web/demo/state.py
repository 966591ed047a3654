"""What the parts of the demonstration hand on to each other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random
from zoneinfo import ZoneInfo

from cotutelle.institutions.models import Unit
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.web.demo.chance import generator
from cotutelle.web.demo.fields import Field, Term

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class Demo:
    """The consortium while it is being made; ``day`` is the day it is made for."""

    day: dt.date
    random: Random = field(default_factory=generator)
    units: dict[str, Unit] = field(default_factory=dict)
    staff: dict[str, Person] = field(default_factory=dict)
    mentors: list[DemoMentor] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    students: int = 0
    usernames: set[str] = field(default_factory=set)

    @property
    def year(self) -> int:
        """The year of the season that is under way."""
        return self.day.year

    def moment(self, days: int, hour: int = 9, minute: int = 0) -> dt.datetime:
        """Return a time ``days`` after the day of the demonstration (before it when negative)."""
        day = self.day + dt.timedelta(days=days)
        return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=ZONE)


@dataclass(slots=True)
class DemoMentor:
    """A mentor with what the texts about them are made of."""

    mentor: Mentor
    field: Field
    topics: tuple[Term, ...]
    institution: str
    places: int
    silent: bool = False
    own_offer: bool = True


@dataclass(slots=True)
class DemoStudent:
    """A student with the words of their statement."""

    student: Student
    field: Field
    topics: tuple[Term, Term]
