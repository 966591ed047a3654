"""Reading hours: planned and actual, averages, and the research-time account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below, below
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AccountKind, AlertState, DutyKind, ExceptionKind
from cotutelle.rotations.models import (
    AccountLine,
    DutyEntry,
    HourException,
    HoursAlert,
    HoursPolicy,
    Stay,
    Ward,
)
from cotutelle.rotations.queries.stays import stays_on
from cotutelle.rotations.rules.hours import HOURS_ROLES, WARD_ROLES

WEEK = dt.timedelta(weeks=1)
# A week counts in averages from so many days with data on: weeks cut off by leave or by the end
# of a roster say nothing about a usual week.
COUNTED_DAYS = 4
Minutes = dict[DutyKind, int]


def monday_of(day: dt.date) -> dt.date:
    """Return the Monday of the week of ``day``."""
    return day - dt.timedelta(days=day.weekday())


def policy_for(unit: Unit) -> HoursPolicy:
    """Return the policy of ``unit`` or of the nearest unit above; the defaults where none is."""
    return policies_for([unit])[unit.pk]


def policies_for(units: Iterable[Unit]) -> dict[int, HoursPolicy]:
    """Return the policy that holds for each unit, by its key; one query."""
    above = {unit.pk: [int(key) for key in unit.path.split("/") if key] for unit in units}
    keys = {key for line in above.values() for key in line}
    known = {p.unit_id: p for p in HoursPolicy.objects.filter(unit_id__in=keys)}
    return {
        pk: next((known[key] for key in reversed(line) if key in known), HoursPolicy(unit_id=pk))
        for pk, line in above.items()
    }


def ward_on(student: Student, day: dt.date) -> Ward | None:
    """Return the ward of the published plan on ``day``."""
    stay = (
        stays_on(day)
        .filter(participant__student=student)
        .select_related("ward", "ward__unit", "ward__hospital")
        .first()
    )
    return stay.ward if stay else None


@dataclass(frozen=True, slots=True)
class WeekHours:
    """One week of one student in minutes: planned by roster, and as it was."""

    monday: dt.date
    planned: Mapping[DutyKind, int]
    actual: Mapping[DutyKind, int]
    days: int = 7
    """On how many days something was planned or logged."""

    @property
    def counts(self) -> bool:
        """Whether the week is whole enough to be averaged."""
        return self.days >= COUNTED_DAYS

    @property
    def clinical_minutes(self) -> int:
        """Clinical and on-call together: the time the ward takes."""
        return self.actual[DutyKind.CLINICAL] + self.actual[DutyKind.ON_CALL]

    @property
    def total_minutes(self) -> int:
        """All four kinds together."""
        return sum(self.actual.values())


def weeks_of(students: Iterable[Student], first: dt.date, weeks: int) -> dict[int, list[WeekHours]]:
    """
    Return ``weeks`` weeks from the week of ``first`` on, by student key.

    Two queries, however many students.
    """
    start = monday_of(first)
    end = start + weeks * WEEK
    keys = [student.pk for student in students]
    mondays = [start + i * WEEK for i in range(weeks)]
    planned = {(key, monday): dict.fromkeys(DutyKind, 0) for key in keys for monday in mondays}
    days: dict[tuple[int, dt.date], set[dt.date]] = {at: set() for at in planned}
    duties = DutyEntry.objects.filter(student_id__in=keys, day__gte=start, day__lt=end)
    for key, day, kind, minutes in duties.values_list("student_id", "day", "kind", "minutes"):
        planned[key, monday_of(day)][DutyKind(kind)] += minutes
        days[key, monday_of(day)].add(day)
    actual = {at: dict(minutes) for at, minutes in planned.items()}
    logged = HourException.objects.filter(
        student_id__in=keys, day__gte=start, day__lt=end, withdrawn_at__isnull=True
    )
    for key, day, kind, duty, minutes in logged.values_list(
        "student_id", "day", "kind", "duty", "minutes"
    ):
        _apply(actual[key, monday_of(day)], ExceptionKind(kind), DutyKind(duty), minutes)
        days[key, monday_of(day)].add(day)
    return {
        key: [WeekHours(m, planned[key, m], actual[key, m], len(days[key, m])) for m in mondays]
        for key in keys
    }


def _apply(week: Minutes, kind: ExceptionKind, duty: DutyKind, minutes: int) -> None:
    if kind == ExceptionKind.EXTRA:
        week[duty] += minutes
    elif kind == ExceptionKind.LESS:
        week[duty] = max(0, week[duty] - minutes)
    else:
        week[DutyKind.RESEARCH] = max(0, week[DutyKind.RESEARCH] - minutes)
        week[DutyKind.CLINICAL] += minutes


@dataclass(frozen=True, slots=True)
class Averages:
    """Weekly averages in hours over the weeks that count; ``weeks`` says how many."""

    weeks: int
    clinical: float
    research: float
    teaching: float
    total: float


def averages_of(weeks: Sequence[WeekHours]) -> Averages | None:
    """Return the averages over those of ``weeks`` that count; ``None`` without any."""
    rows = [week for week in weeks if week.counts]
    if not rows:
        return None
    n = len(rows) * 60
    return Averages(
        len(rows),
        sum(w.clinical_minutes for w in rows) / n,
        sum(w.actual[DutyKind.RESEARCH] for w in rows) / n,
        sum(w.actual[DutyKind.TEACHING] for w in rows) / n,
        sum(w.total_minutes for w in rows) / n,
    )


@dataclass(frozen=True, slots=True)
class Account:
    """
    Protected research time of one student, in minutes.

    ``granted`` is what the plan gave so far, ``taken`` what the ward took, ``repaid`` what was
    given back; corrections are in ``taken``.
    """

    granted: int = 0
    taken: int = 0
    repaid: int = 0
    lines: Sequence[AccountLine] = field(default=())

    @property
    def had(self) -> int:
        """What the student really had: the balance."""
        return self.granted - self.taken + self.repaid

    @property
    def owed(self) -> int:
        """What is still to be given back."""
        return max(0, self.taken - self.repaid)

    @property
    def percent(self) -> float:
        """The balance as a percentage of what was granted; 100 where nothing was."""
        return 100 * self.had / self.granted if self.granted else 100.0


def accounts_of(students: Iterable[Student]) -> dict[int, Account]:
    """Return the research-time accounts by student key, without lines; one query."""
    keys = [student.pk for student in students]
    sums: dict[int, dict[str, int]] = {key: {} for key in keys}
    rows = AccountLine.objects.filter(student_id__in=keys).values_list("student_id", "kind")
    for key, kind, minutes in rows.annotate(sum=Sum("minutes")).values_list(
        "student_id", "kind", "sum"
    ):
        sums[key][kind] = minutes
    return {
        key: Account(
            by.get(AccountKind.GRANTED, 0),
            -by.get(AccountKind.TAKEN, 0) - by.get(AccountKind.ADJUSTED, 0),
            by.get(AccountKind.REPAID, 0),
        )
        for key, by in sums.items()
    }


def account_of(student: Student, *, lines: int = 0) -> Account:
    """Return the account of one student with its newest ``lines`` movements."""
    account = accounts_of([student])[student.pk]
    newest = AccountLine.objects.filter(student=student).select_related("actor", "exception")
    return Account(account.granted, account.taken, account.repaid, tuple(newest[:lines]))


def _supervised(actor: Person) -> Exists:
    return Exists(
        Mentorship.objects.filter(
            student=OuterRef("pk"), mentor__person=actor, state=PairState.ACTIVE
        )
    )


def _on_wards_of(actor: Person, today: dt.date) -> Exists:
    """Students who are today on a ward whose secretary ``actor`` is."""
    units = [g.unit for g in actor.active_grants if g.role in WARD_ROLES]
    return Exists(
        Stay.objects.filter(
            participant__student=OuterRef("pk"),
            starts_on__lte=today,
            ends_on__gte=today,
            ward__unit__in=at_or_below(units),
        )
    )


def students_visible_to(actor: Person, today: dt.date) -> QuerySet[Student]:
    """
    Return the students whose hours ``actor`` may read.

    Their own, those they supervise, those of their residency office or graduate school, and
    those who are today on a ward they keep. Nobody else reads one person's hours.
    """
    units = [g.unit for g in actor.active_grants if g.role in HOURS_ROLES]
    return Student.objects.filter(
        below(units) | Q(person=actor) | Q(_supervised(actor)) | Q(_on_wards_of(actor, today))
    ).select_related("person", "unit", "cohort")


def alerts_visible_to(actor: Person, today: dt.date) -> QuerySet[HoursAlert]:
    """Return the alerts of the students whose hours ``actor`` may read, and of their wards."""
    units = [g.unit for g in actor.active_grants if g.role in WARD_ROLES]
    return HoursAlert.objects.filter(
        Q(student__in=students_visible_to(actor, today)) | Q(ward__unit__in=at_or_below(units))
    ).select_related("student__person", "student__unit", "ward__unit", "closed_by")


def open_alerts_of(student: Student) -> QuerySet[HoursAlert]:
    """Return the open alerts of a student."""
    return HoursAlert.objects.filter(student=student, state=AlertState.OPEN)


def week_of_student(
    student: Student, monday: dt.date
) -> list[tuple[dt.date, list[DutyEntry], list[HourException]]]:
    """Return the seven days of a week: the roster's duties and what differed."""
    end = monday + WEEK
    duties: dict[dt.date, list[DutyEntry]] = {}
    for duty in (
        DutyEntry.objects.filter(student=student, day__gte=monday, day__lt=end)
        .order_by("day", "starts_at", "id")
        .select_related("ward")
    ):
        duties.setdefault(duty.day, []).append(duty)
    logged: dict[dt.date, list[HourException]] = {}
    for row in HourException.objects.filter(
        student=student, day__gte=monday, day__lt=end, withdrawn_at__isnull=True
    ).order_by("day", "id"):
        logged.setdefault(row.day, []).append(row)
    days = [monday + dt.timedelta(days=i) for i in range(7)]
    return [(day, duties.get(day, []), logged.get(day, [])) for day in days]


def department_of(student: Student, ward: Ward | None) -> list[Person]:
    """Return who can help on the ward: its secretaries, else the residency office above."""
    if ward is not None:
        found = list(holders(ward.unit, Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY))
        found = found or list(holders(ward.unit, Role.RESIDENCY_OFFICE))
        if found:
            return found
    return list(holders(student.unit, Role.RESIDENCY_OFFICE)) or list(
        holders(student.unit, Role.DEPARTMENT_SECRETARY, Role.GRADUATE_OFFICER)
    )


def hours_text(minutes: int) -> str:
    """Return minutes as hours with at most one decimal: ``4`` or ``3.5``."""
    return f"{minutes / 60:.1f}".removesuffix(".0")
