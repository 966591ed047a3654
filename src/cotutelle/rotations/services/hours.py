"""Writing hours: rosters, differences to them, research time given back, bounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record, record_many
from cotutelle.mentorship.queries import supervisors_of
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.notices.wording import day as day_words
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AccountKind, DutyKind, ExceptionKind
from cotutelle.rotations.models import (
    AccountLine,
    DutyEntry,
    HourException,
    HoursPolicy,
)
from cotutelle.rotations.queries.hours import (
    account_of,
    hours_text,
    monday_of,
    ward_on,
)
from cotutelle.rotations.services.hours_alerts import evaluate_student, evaluate_students
from cotutelle.rotations.shifts import shifts_of

LOG_DAYS = 31
REPAY_DAYS = 92
_BATCH = 1_000


@transaction.atomic
def log_exception(
    student: Student,
    *,
    day: dt.date,
    kind: ExceptionKind,
    duty: DutyKind,
    minutes: int,
    pulled_by: str = "",
    note: str = "",
    actor: Person,
) -> HourException:
    """
    Log what differed from the roster on ``day``.

    "Pulled to the ward" takes the time from the research-time account and tells both mentors;
    bounds that are broken now open alerts.

    Refuses: ``hours.future``, ``hours.too_old``, ``hours.length``, ``hours.nothing_planned``,
    ``hours.more_than_planned``.
    """
    check(actor, "rotations.log_hours", student)
    _check_day(student, day)
    if not 1 <= minutes <= 24 * 60:
        raise _no_length()
    Student.objects.select_for_update().get(pk=student.pk)
    if kind == ExceptionKind.PULLED_TO_WARD:
        duty = DutyKind.RESEARCH
    if kind == ExceptionKind.EXTRA:
        _check_extra(student, day, minutes)
    else:
        _check_planned(student, day, duty, minutes)
    row = HourException.objects.create(
        student=student,
        day=day,
        kind=kind,
        duty=duty,
        minutes=minutes,
        ward=ward_on(student, day),
        pulled_by=pulled_by.strip()[:80],
        note=note.strip()[:300],
        logged_at=now(),
    )
    if kind == ExceptionKind.PULLED_TO_WARD:
        _take(row, actor)
    record("rotations.hours.logged", actor=actor, subject=row, after=_facts(row))
    evaluate_student(student, monday_of(day))
    return row


def _facts(row: HourException) -> dict[str, Any]:
    return {"day": row.day, "kind": row.kind, "duty": row.duty, "minutes": row.minutes}


def _check_day(student: Student, day: dt.date) -> None:
    present = today(time_zone_of(student.unit))
    if day > present:
        raise RuleViolation("hours.future", _("That day has not come yet."), field="day")
    if day < present - dt.timedelta(days=LOG_DAYS):
        raise RuleViolation(
            "hours.too_old",
            _("Differences are logged within %(n)d days.") % {"n": LOG_DAYS},
            field="day",
        )


def _no_length() -> RuleViolation:
    return RuleViolation("hours.length", _("Give between 1 minute and 24 hours."), field="minutes")


def _check_extra(student: Student, day: dt.date, minutes: int) -> None:
    rows = HourException.objects.filter(
        student=student, day=day, kind=ExceptionKind.EXTRA, withdrawn_at__isnull=True
    )
    if (rows.aggregate(s=Sum("minutes"))["s"] or 0) + minutes > 24 * 60:
        raise _no_length()


def _check_planned(student: Student, day: dt.date, duty: DutyKind, minutes: int) -> None:
    planned = (
        DutyEntry.objects.filter(student=student, day=day, kind=duty).aggregate(s=Sum("minutes"))[
            "s"
        ]
        or 0
    )
    if not planned:
        raise RuleViolation(
            "hours.nothing_planned",
            _("The roster has no %(duty)s time on that day.") % {"duty": duty.label.lower()},
            field="day",
        )
    lost = (
        HourException.objects.filter(
            Q(kind=ExceptionKind.LESS) | Q(kind=ExceptionKind.PULLED_TO_WARD),
            student=student,
            day=day,
            duty=duty,
            withdrawn_at__isnull=True,
        ).aggregate(s=Sum("minutes"))["s"]
        or 0
    )
    if lost + minutes > planned:
        raise RuleViolation(
            "hours.more_than_planned",
            _("The roster has %(planned)s h on that day; %(left)s h are left to log.")
            % {"planned": hours_text(planned), "left": hours_text(planned - lost)},
            field="minutes",
        )


def _take(row: HourException, actor: Person) -> None:
    AccountLine.objects.create(
        student=row.student,
        day=row.day,
        kind=AccountKind.TAKEN,
        minutes=-row.minutes,
        reference=f"taken:{row.public_id}",
        exception=row,
        actor=actor,
        at=now(),
    )
    notify(
        supervisors_of(row.student),
        "rotations.research_taken",
        params={
            "student": bilingual(row.student.person),
            "day": day_words(row.day),
            "hours": hours_text(row.minutes),
            "owed": hours_text(account_of(row.student).owed),
        },
        url=reverse("rotations:student-hours", args=[row.student.public_id]),
        unit=row.student.unit,
    )


@transaction.atomic
def withdraw_exception(row: HourException, *, actor: Person) -> None:
    """
    Take back what was logged by mistake; the account gets its time back.

    Refuses: ``hours.withdrawn``, ``hours.too_old``.
    """
    check(actor, "rotations.log_hours", row.student)
    _check_day(row.student, row.day)
    Student.objects.select_for_update().get(pk=row.student_id)
    live = HourException.objects.filter(pk=row.pk, withdrawn_at__isnull=True)
    if not live.update(withdrawn_at=now()):
        raise RuleViolation("hours.withdrawn", _("This was taken back already."))
    if row.kind == ExceptionKind.PULLED_TO_WARD:
        AccountLine.objects.create(
            student=row.student,
            day=row.day,
            kind=AccountKind.ADJUSTED,
            minutes=row.minutes,
            reference=f"back:{row.public_id}",
            exception=row,
            actor=actor,
            at=now(),
        )
    record("rotations.hours.withdrawn", actor=actor, subject=row, before=_facts(row))
    evaluate_student(row.student, monday_of(row.day))


@transaction.atomic
def repay_research_time(
    student: Student, *, day: dt.date, minutes: int, note: str = "", actor: Person
) -> AccountLine:
    """
    Give research time back on ``day``; the student is told.

    Refuses: ``hours.length``, ``research_time.day`` (too far off), ``research_time.nothing_owed``,
    ``research_time.more_than_owed``, ``research_time.already`` (the same day twice).
    """
    check(actor, "rotations.repay_research_time", student)
    if not 1 <= minutes <= 24 * 60:
        raise _no_length()
    if not -LOG_DAYS <= (day - today(time_zone_of(student.unit))).days <= REPAY_DAYS:
        raise RuleViolation(
            "research_time.day",
            _("Choose a day from %(past)d days ago to %(ahead)d days ahead.")
            % {"past": LOG_DAYS, "ahead": REPAY_DAYS},
            field="day",
        )
    Student.objects.select_for_update().get(pk=student.pk)
    owed = account_of(student).owed
    if not owed:
        raise RuleViolation("research_time.nothing_owed", _("No research time is owed."))
    if minutes > owed:
        raise RuleViolation(
            "research_time.more_than_owed",
            _("Only %(owed)s h are owed.") % {"owed": hours_text(owed)},
            field="minutes",
        )
    reference = f"repaid:{day.isoformat()}"
    if AccountLine.objects.filter(student=student, reference=reference).exists():
        raise RuleViolation(
            "research_time.already",
            _("Time given back on that day is in the account already."),
            field="day",
        )
    line = AccountLine.objects.create(
        student=student,
        day=day,
        kind=AccountKind.REPAID,
        minutes=minutes,
        reference=reference,
        note=note.strip()[:200],
        actor=actor,
        at=now(),
    )
    record(
        "rotations.research_time.repaid",
        actor=actor,
        subject=student,
        after={"day": day, "minutes": minutes},
    )
    notify(
        [student.person],
        "rotations.research_repaid",
        params={
            "day": day_words(day),
            "hours": hours_text(minutes),
            "owed": hours_text(owed - minutes),
        },
        url=reverse("rotations:my-hours"),
        unit=student.unit,
    )
    return line


@transaction.atomic
def set_hours_policy(unit: Unit, values: Mapping[str, Any], *, actor: Person) -> HoursPolicy:
    """
    Set the ceilings, floors and shift codes under ``unit``.

    Refuses: ``hours_policy.order`` (a ceiling below another), ``hours_policy.shifts``.
    """
    check(actor, "rotations.manage_hours_policy", unit)
    policy = HoursPolicy.objects.select_for_update().filter(unit=unit).first()
    before = _policy_facts(policy) if policy else None
    policy = policy or HoursPolicy(unit=unit)
    for name, value in values.items():
        setattr(policy, name, value)
    if policy.clinical_most_hours > policy.total_most_hours:
        raise RuleViolation(
            "hours_policy.order",
            _("The ceiling of clinical hours lies above that of all hours."),
            field="clinical_most_hours",
        )
    try:
        shifts_of(policy)
    except (KeyError, ValueError) as error:
        raise RuleViolation(
            "hours_policy.shifts",
            _("A shift needs a code, a kind, a start and minutes."),
            field="shifts",
        ) from error
    policy.save()
    record(
        "rotations.hours_policy.changed",
        actor=actor,
        subject=policy,
        before=before,
        after=_policy_facts(policy),
    )
    return policy


def _policy_facts(policy: HoursPolicy) -> dict[str, Any]:
    names = [f.name for f in HoursPolicy._meta.fields if f.name not in {"id", "unit"}]
    return {name: getattr(policy, name) for name in names}


@transaction.atomic
def save_duties(
    duties: Sequence[DutyEntry],
    *,
    replaced: Mapping[Student, Collection[dt.date]],
    actor: Person | None,
) -> tuple[int, int]:
    """
    Put ``duties`` in the place of what was planned on the ``replaced`` days of each student.

    What was logged by hand stays. Bounds that are broken now open alerts.
    Returns (entries planned, entries there were before).
    """
    days = {student.pk: set(of) for student, of in replaced.items() if of}
    everything = [day for of in days.values() for day in of]
    if not everything:
        return 0, 0
    students = [student for student in replaced if student.pk in days]
    list(Student.objects.filter(pk__in=days).order_by("pk").select_for_update().values("pk"))
    old = DutyEntry.objects.filter(
        student__in=days, day__gte=min(everything), day__lte=max(everything)
    ).values_list("pk", "student_id", "day")
    gone = [pk for pk, student, day in old if day in days[student]]
    DutyEntry.objects.filter(pk__in=gone).delete()
    DutyEntry.objects.bulk_create(duties, batch_size=_BATCH)
    record_many(
        "rotations.roster.imported",
        actor=actor,
        items=[
            (one, None, {"first": min(days[one.pk]), "last": max(days[one.pk])}) for one in students
        ],
    )
    week = monday_of(min(max(everything), today()))
    if week >= monday_of(min(everything)):
        evaluate_students(students, week)
    return len(duties), len(gone)
