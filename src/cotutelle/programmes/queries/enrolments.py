"""Reading enrolments and the four certificates: who is at risk of which."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from cotutelle.core.clock import today
from cotutelle.institutions.queries import below
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes import hooks
from cotutelle.programmes.enums import (
    AdmissionState,
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
)
from cotutelle.programmes.models import Attainment, Cohort, Enrolment, Student, TrackChoice
from cotutelle.programmes.rules import CERTIFICATE_READERS

SOON_DAYS = 180
UNDER_WAY = (EnrolmentState.PRE_ENTRY, EnrolmentState.ENROLLED, EnrolmentState.SUSPENDED)
COUNT_READERS = CERTIFICATE_READERS | {Role.LEADER, Role.INSPECTOR}
_JOINED = ("student__person", "student__unit", "student__cohort", "template")


def enrolments_visible_to(actor: Person) -> QuerySet[Enrolment]:
    """Return the enrolments of the actor's units, of students they supervise, and their own."""
    from cotutelle.mentorship.models import Mentorship  # noqa: PLC0415  the sibling imports us

    units = [g.unit for g in actor.active_grants if g.role in CERTIFICATE_READERS]
    supervised = Mentorship.objects.filter(
        student=OuterRef("student_id"), mentor__person=actor, state="active"
    )
    found = below(units, "student__unit__path") | Q(student__person=actor) | Q(Exists(supervised))
    for shown in hooks.enrolments_shown_to(actor):
        found |= shown
    return Enrolment.objects.filter(found).select_related(*_JOINED)


def enrolment_list(actor: Person) -> QuerySet[Enrolment]:
    """Return the enrolments of the units whose offices ``actor`` holds: the list page."""
    units = [g.unit for g in actor.active_grants if g.role in CERTIFICATE_READERS]
    found = below(units, "student__unit__path")
    for shown in hooks.enrolments_shown_to(actor):
        found |= shown
    return Enrolment.objects.filter(found).select_related(*_JOINED)


def enrolment_of(person: Person) -> Enrolment | None:
    """Return the person's own enrolment, if there is one."""
    rows = Enrolment.objects.filter(student__person=person)
    return rows.select_related(*_JOINED).first()


def students_to_assign(cohort: Cohort, actor: Person) -> QuerySet[Student]:
    """Return students of ``cohort`` without a programme, in the units whose officer ``actor`` is."""
    units = [g.unit for g in actor.active_grants if g.role == Role.GRADUATE_OFFICER]
    rows = Student.objects.filter(below(units), cohort=cohort, enrolment__isnull=True)
    gone = (AdmissionState.NO_SHOW, AdmissionState.WITHDRAWN)
    rows = rows.exclude(state__in=gone).select_related("person", "unit", "cohort")
    return rows.order_by("route", "person__name_sort", "id")


def open_choice(enrolment: Enrolment) -> TrackChoice | None:
    """Return the choice of track the student was asked for, made or not."""
    return TrackChoice.objects.filter(enrolment=enrolment).first()


# ---------------------------------------------------------------- four certificates


def at_risk(day: dt.date | None = None) -> Q:
    """
    Return the condition that an attainment is at risk on ``day``.

    Not passed, awaited for longer than was said, or due within `SOON_DAYS` without a result.
    """
    day = day or today()
    return (
        Q(state=AttainmentState.FAILED)
        | Q(state=AttainmentState.AWAITED, awaited_until__lt=day)
        | Q(state=AttainmentState.NOT_DUE, due_on__lte=day + dt.timedelta(days=SOON_DAYS))
    )


def risk_of(attainment: Attainment, day: dt.date) -> str:
    """
    Return how an attainment stands: ``late``, ``due``, ``wait`` or ``ok``, as pages mark states.

    ``late`` is what already went wrong, ``due`` what is near or open, ``wait`` what lies ahead.
    """
    state = AttainmentState(attainment.state)
    if state in {AttainmentState.HELD, AttainmentState.NOT_NEEDED}:
        return "ok"
    if state == AttainmentState.FAILED:
        return "late"
    if state == AttainmentState.AWAITED:
        expired = attainment.awaited_until is not None and attainment.awaited_until < day
        return "late" if expired else "due"
    if attainment.due_on is None or attainment.due_on > day + dt.timedelta(days=SOON_DAYS):
        return "wait"
    return "late" if attainment.due_on < day else "due"


def with_attainments(rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Load the four certificates of every row in one more query."""
    return rows.prefetch_related(Prefetch("attainments", Attainment.objects.order_by("id")))


def with_risk(rows: QuerySet[Enrolment], kind: str = "") -> QuerySet[Enrolment]:
    """Narrow to enrolments with a certificate (of ``kind``) at risk."""
    found = Attainment.objects.filter(at_risk(), enrolment=OuterRef("pk"))
    return rows.filter(Exists(found.filter(kind=kind) if kind else found))


def with_state(rows: QuerySet[Enrolment], state: str) -> QuerySet[Enrolment]:
    """Narrow to enrolments with a certificate in ``state``."""
    return rows.filter(Exists(Attainment.objects.filter(enrolment=OuterRef("pk"), state=state)))


@dataclass(frozen=True, slots=True)
class RiskCount:
    """Of how many students of a cohort which certificate is at risk."""

    cohort: Cohort
    students: int
    at_risk: dict[str, int]


def risks_by_cohort(actor: Person) -> list[RiskCount]:
    """Return the counts of the cohorts whose figures ``actor`` reads, oldest first."""
    units = [g.unit for g in actor.active_grants if g.role in COUNT_READERS]
    mine = below(units, "student__unit__path") & Q(state__in=UNDER_WAY)
    students = dict(
        Enrolment.objects.filter(mine)
        .order_by()
        .values_list("student__cohort")
        .annotate(n=Count("id"))
    )
    found: dict[int, dict[str, int]] = {key: {} for key in students}
    rows = Attainment.objects.filter(at_risk(), enrolment__in=Enrolment.objects.filter(mine))
    for cohort, kind, n in (
        rows.order_by().values_list("enrolment__student__cohort", "kind").annotate(n=Count("id"))
    ):
        found[cohort][kind] = n
    cohorts = Cohort.objects.filter(pk__in=found).order_by("year", "name_zh", "id")
    return [RiskCount(one, students[one.pk], found[one.pk]) for one in cohorts]


def risk_chart(counts: list[RiskCount], category: str) -> dict[str, Any]:
    """Return the chart of `risks_by_cohort`: a stack of the four certificates a cohort."""
    return {
        "category_name": category,
        "categories": [one.cohort.display_name for one in counts],
        "series": [
            {
                "name": str(kind.label),
                "values": [one.at_risk.get(kind.value, 0) for one in counts],
            }
            for kind in AttainmentKind
        ],
    }


# ---------------------------------------------------------------- what the clock does


def expired_results(day: dt.date) -> QuerySet[Attainment]:
    """Return results that were awaited until a day that has passed."""
    return Attainment.objects.filter(
        state=AttainmentState.AWAITED,
        awaited_until__lt=day,
        enrolment__state__in=UNDER_WAY,
    ).select_related("enrolment__student__person", "enrolment__student__unit")


def without_licence(day: dt.date) -> QuerySet[Enrolment]:
    """Return enrolments on the professional track whose licence did not come by its day."""
    missing = Attainment.objects.filter(
        enrolment=OuterRef("pk"),
        kind=AttainmentKind.LICENCE,
        state__in=(AttainmentState.NOT_DUE, AttainmentState.FAILED),
        due_on__lt=day,
    )
    return Enrolment.objects.filter(
        Exists(missing),
        state=EnrolmentState.ENROLLED,
        track=DegreeType.PROFESSIONAL,
        track_choice__isnull=True,
    ).select_related(*_JOINED)
