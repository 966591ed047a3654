"""Reading requests for another mentor. A confidential one is hidden from the present mentor."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Q, QuerySet

from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.mentorship.enums import ChangeState, EligibilityState, PairState
from cotutelle.mentorship.models import ChangeWindow, Eligibility, Mentor, MentorChange, Mentorship
from cotutelle.mentorship.rules import COLLEGE, READERS
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student

_HIDDEN = (ChangeState.DRAFT, ChangeState.ASKED_NEW, ChangeState.WITHDRAWN)


def changes_visible_to(actor: Person) -> QuerySet[MentorChange]:
    """Return requests the actor made, received, is concerned by, or decides."""
    college = [g.unit for g in actor.active_grants if g.role in COLLEGE]
    asked = Q(mentorship__student__person=actor)
    received = Q(to_mentor__person=actor) & ~Q(state=ChangeState.DRAFT)
    present = Q(mentorship__mentor__person=actor) & (
        (Q(is_confidential=False) & ~Q(state__in=_HIDDEN))
        | Q(is_confidential=True, state=ChangeState.APPROVED)
    )
    decides = below(college, "mentorship__student__unit__path") & ~Q(state=ChangeState.DRAFT)
    # Staff who are themselves the present mentor read only what a present mentor may read.
    decides &= ~Q(mentorship__mentor__person=actor) | Q(is_confidential=False)
    return MentorChange.objects.filter(asked | received | present | decides).select_related(
        "mentorship__student__person",
        "mentorship__student__unit",
        "mentorship__student__cohort",
        "mentorship__mentor__person",
        "mentorship__mentor__unit",
        "to_mentor__person",
        "to_mentor__unit",
        "decided_by",
        "evidence",
    )


def pair_to_change(student: Student) -> Mentorship | None:
    """Return the active pair with the first mentor, which a request is about."""
    return (
        Mentorship.objects.filter(student=student, state=PairState.ACTIVE)
        .select_related("mentor__person", "mentor__unit", "student__unit", "student__person")
        .order_by("role")
        .first()
    )


def receiving_mentors(pair: Mentorship) -> QuerySet[Mentor]:
    """Return mentors with as many free places in the student's year as ``pair`` takes, who may take students."""
    year = pair.student.cohort.year
    suspended = Eligibility.objects.filter(year=year, state=EligibilityState.SUSPENDED)
    return (
        Mentor.objects.filter(
            is_archived=False,
            quota_accounts__year=year,
            quota_accounts__granted__gte=F("quota_accounts__held")
            + F("quota_accounts__seated")
            + pair.places,
        )
        .exclude(mentorships__in=pair.student.mentorships.filter(state=PairState.ACTIVE))
        .exclude(pk__in=suspended.values("mentor_id"))
        .exclude(conflicts__student=pair.student)
        .filter(Q(retires_on__isnull=True) | Q(retires_on__gt=today()))
        .select_related("person", "unit")
        .order_by("unit__path", "person__name_sort", "id")
        .distinct()
    )


def open_window_for(unit: Unit, day: dt.date | None = None) -> ChangeWindow | None:
    """Return the days for changes under way for students of ``unit``, if any."""
    day = day or today()
    keys = [int(key) for key in unit.path.split("/") if key]
    return (
        ChangeWindow.objects.filter(unit_id__in=keys, opens_on__lte=day, closes_on__gte=day)
        .order_by("-closes_on")
        .first()
    )


def windows_visible_to(actor: Person) -> QuerySet[ChangeWindow]:
    """Return the windows of the actor's units and of those above them."""
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    above = {int(key) for unit in units for key in unit.path.split("/") if key}
    return (
        ChangeWindow.objects.filter(below(units) | Q(unit_id__in=above))
        .select_related("unit")
        .order_by("-opens_on", "id")
    )
