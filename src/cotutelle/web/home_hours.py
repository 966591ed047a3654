"""Research time on the first page: a student's own, and that of a mentor's students."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cotutelle.core.clock import today
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import AccountLine
from cotutelle.rotations.queries.hours import Account, account_of, hours_text, open_alerts_of
from cotutelle.rotations.queries.hours_pages import Standing, listed_students, standings_of

SHOWN_STUDENTS = 6


@dataclass(frozen=True, slots=True)
class OwnHours:
    """A student's research time."""

    account: Account
    alerts: int

    @property
    def figures(self) -> dict[str, str]:
        """Hours as the card shows them."""
        account = self.account
        return {name: hours_text(getattr(account, name)) for name in ("granted", "had", "owed")}


def own_hours(person: Person) -> OwnHours | None:
    """Return the research time of ``person``; nothing where none was ever granted."""
    if not AccountLine.objects.filter(student__person=person).exists():
        return None
    student = Student.objects.get(person=person)
    return OwnHours(account_of(student), open_alerts_of(student).count())


def students_hours(person: Person) -> Sequence[Standing]:
    """Return how the students of a mentor stand, most owed first."""
    rows: QuerySet[Any] = listed_students(person, today()).filter(
        mentorships__mentor__person=person, mentorships__state="active"
    )
    return standings_of(
        list(
            rows.order_by("-owed", "-open_alerts", "person__name_sort", "pk").distinct()[
                :SHOWN_STUDENTS
            ]
        ),
        today(),
    )
