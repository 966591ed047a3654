"""Who sees which cycles, scenarios, plans and swaps."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below, below
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.models import Cohort, Student
from cotutelle.rotations.enums import CycleState
from cotutelle.rotations.models import (
    Curriculum,
    Cycle,
    Participant,
    PlanEvent,
    Scenario,
    Stay,
    Swap,
)
from cotutelle.rotations.rules.planning import BOARD_READERS, CYCLE_READERS, PLANNERS


def _units(actor: Person, roles: tuple[Role, ...]) -> list[Unit]:
    return [grant.unit for grant in actor.active_grants if grant.role in roles]


def cycles_visible_to(actor: Person) -> QuerySet[Cycle]:
    """Return the cycles of the actor's units, newest first, with the number of participants."""
    return (
        Cycle.objects.filter(below(_units(actor, CYCLE_READERS)))
        .select_related("unit")
        .annotate(people=Count("participants", distinct=True))
        .order_by("-starts_on", "-id")
    )


def cycles_planned_by(actor: Person) -> QuerySet[Cycle]:
    """Return the cycles that the actor plans, newest first."""
    return cycles_visible_to(actor).filter(below(_units(actor, PLANNERS)))


def scenarios_visible_to(actor: Person) -> QuerySet[Scenario]:
    """Return the scenarios of cycles whose boards the actor may see."""
    return Scenario.objects.filter(
        below(_units(actor, BOARD_READERS), "cycle__unit__path")
    ).select_related("cycle__unit", "base", "run", "created_by")


def participants_visible_to(actor: Person) -> QuerySet[Participant]:
    """Return who is planned, as the offices, the mentors and the trainees themselves see it."""
    mentored = Mentorship.objects.filter(
        student=OuterRef("student"), mentor__person=actor, state="active"
    )
    return Participant.objects.filter(
        below(_units(actor, BOARD_READERS), "cycle__unit__path")
        | Q(student__person=actor)
        | Q(Exists(mentored))
    ).select_related("cycle__unit", "student__person", "student__unit", "curriculum")


def events_visible_to(actor: Person) -> QuerySet[PlanEvent]:
    """Return the events of cycles whose boards the actor may see."""
    units = _units(actor, BOARD_READERS)
    return PlanEvent.objects.filter(below(units, "cycle__unit__path")).select_related(
        "cycle__unit", "ward__hospital", "participant__student__person", "agreement"
    )


def swaps_visible_to(actor: Person) -> QuerySet[Swap]:
    """Return the swaps that the actor asked for, was asked for, or decides."""
    mine = Q(asker_stay__participant__student__person=actor)
    mine |= Q(other_stay__participant__student__person=actor)
    decides = below(_units(actor, PLANNERS), "asker_stay__participant__cycle__unit__path")
    return (
        Swap.objects.filter(mine | decides)
        .select_related(
            *(
                f"{side}_stay__{path}"
                for side in ("asker", "other")
                for path in ("ward", "block__department", "participant__cycle__unit")
            ),
            "asker_stay__participant__student__person",
            "other_stay__participant__student__person",
            "decided_by",
        )
        .order_by("-asked_at", "-id")
    )


def current_participations(students: QuerySet[Student]) -> QuerySet[Participant]:
    """Return the places of ``students`` in cycles whose plan is published."""
    return (
        Participant.objects.filter(student__in=students, cycle__state=CycleState.PUBLISHED)
        .select_related("cycle__unit", "student__person", "student__unit", "curriculum")
        .order_by("-cycle__starts_on", "id")
    )


def students_of_mentor(actor: Person) -> QuerySet[Student]:
    """Return the students whom ``actor`` mentors now."""
    mentored = Mentorship.objects.filter(
        student=OuterRef("pk"), mentor__person=actor, state="active"
    )
    return Student.objects.filter(Exists(mentored)).select_related("person", "unit")


def stays_of(participant: Participant) -> QuerySet[Stay]:
    """Return the stays of the plan in force, in order of time."""
    return participant.stays.select_related("ward__hospital", "block__department").order_by(
        "starts_on"
    )


def planning_units(actor: Person) -> QuerySet[Unit]:
    """Return the units for which ``actor`` plans."""
    return at_or_below(_units(actor, PLANNERS)).filter(state="active").order_by("path")


def cohorts_to_plan(actor: Person) -> QuerySet[Cohort]:
    """Return the cohorts with students of the actor's units."""
    students = plannable_students(actor)
    return (
        Cohort.objects.filter(Exists(students.filter(cohort=OuterRef("pk"))))
        .select_related("unit")
        .order_by("-year", "name_zh", "id")
    )


def plannable_students(actor: Person) -> QuerySet[Student]:
    """Return the students whom ``actor`` may plan: of their units, or with a mentor there."""
    units = _units(actor, PLANNERS)
    trained = Mentorship.objects.filter(
        below(units, "mentor__unit__path"), student=OuterRef("pk"), state="active"
    )
    return Student.objects.filter(
        below(units) | below(units, "cohort__unit__path") | Q(Exists(trained)),
        state__in=[AdmissionState.CONFIRMED, AdmissionState.PROVISIONAL],
    ).select_related("person", "unit", "cohort")


def curricula_in_force(unit: Unit) -> QuerySet[Curriculum]:
    """Return the curricula that hold for ``unit``: its own, those above, those below."""
    above = [int(key) for key in unit.path.split("/") if key]
    found = Q(unit_id__in=above) | Q(unit__path__startswith=unit.path)
    return Curriculum.objects.filter(found, state="in_force").order_by("specialty_code", "id")
