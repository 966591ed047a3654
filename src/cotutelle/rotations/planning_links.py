"""What planning adds to the rooms below: leave hits plans, who is in which ward, new mentors see."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from cotutelle.institutions.models import Unit
from cotutelle.mentorship.hooks import on_supervision_change
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.programmes import hooks
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.models import Leave, Student
from cotutelle.rotations.enums import CycleState, EventKind
from cotutelle.rotations.models import Cycle, Participant, PlanEvent
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.hours import ward_on
from cotutelle.rotations.queries.planning_inputs import days_away
from cotutelle.rotations.services.planning_mentors import follow_mentors
from cotutelle.rotations.services.planning_wishes import EventData, close_replanning, record_event
from cotutelle.rotations.task_kinds.planning import REPLAN
from cotutelle.workflow.services import open_tasks


def ward_of(student: Student, day: dt.date) -> Unit | None:
    """Return the unit in whose ward the plan in force has a student on a day."""
    ward = ward_on(student, day)
    return ward.unit if ward else None


def follow_leave(leave: Leave, before: LeaveState | None, actor: Person | None) -> None:
    """Note that approved leave hits a published plan; take the note back when it is withdrawn."""
    source = f"programmes.leave:{leave.pk}"
    noted = PlanEvent.objects.filter(source=source, settled_at__isnull=True)
    hit = list(Cycle.objects.filter(events__in=noted).distinct())
    noted.delete()
    _note_leave(leave, source)
    for cycle in hit:
        close_replanning(cycle)


def _note_leave(leave: Leave, source: str) -> None:
    if leave.state not in {LeaveState.APPROVED, LeaveState.RETURNED}:
        return
    places = Participant.objects.filter(
        student=leave.enrolment.student, cycle__state=CycleState.PUBLISHED
    ).select_related("cycle__unit")
    for place in places:
        cycle = place.cycle
        least = PlanRules.from_parameters(cycle.rules).leave_days
        away = [p for p, days in days_away(cycle, leave).items() if days >= least]
        if not away or PlanEvent.objects.filter(source=source, cycle=cycle).exists():
            continue
        record_event(
            cycle,
            EventData(
                kind=EventKind.TRAINEE_AWAY,
                first=min(away),
                last=max(away),
                participant=place,
                source=source,
            ),
            actor=None,
        )
        ask_to_replan(cycle)


def ask_to_replan(cycle: Cycle) -> None:
    """Give the residency office a task for a plan that an event has hit."""
    open_tasks(
        holders(cycle.unit, Role.RESIDENCY_OFFICE),
        kind=REPLAN,
        subject=cycle,
        unit=cycle.unit,
        due_at=None,
        params={"plan": bilingual(cycle)},
        url=reverse("rotations:events", args=[cycle.public_id]),
    )


hooks.on_leave_change(follow_leave)
hooks.find_wards(ward_of)
on_supervision_change(follow_mentors)
