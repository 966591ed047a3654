"""Who is asked at each step of a leave, and what they are asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import deadline
from cotutelle.mentorship.enums import PairRole, PairState, Signer
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.queries.pairs import pair_of
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, day
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.programmes.enums import LeaveStep
from cotutelle.programmes.models import Leave, Student
from cotutelle.programmes.queries.leave import approvals_on
from cotutelle.programmes.rules import LEAVE_OFFICES
from cotutelle.workflow.enums import ApprovalState
from cotutelle.workflow.models import Approval
from cotutelle.workflow.queries import principals_now
from cotutelle.workflow.services import (
    close_tasks,
    open_tasks,
    request_approval,
    withdraw_approval,
)

DECIDE = "programmes.decide_leave"
DEPARTMENT = "programmes.leave_department"
FIRST_MENTOR = "programmes.leave_first_mentor"
SECOND_MENTOR = "programmes.leave_second_mentor"
RESIDENCY = "programmes.leave_residency_office"
KINDS = (DEPARTMENT, FIRST_MENTOR, SECOND_MENTOR, RESIDENCY)
DECIDE_DAYS = 3
_SECRETARIES = (Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY)
_FALLBACK = (Role.GRADUATE_OFFICER,)


@dataclass(frozen=True, slots=True)
class Asked:
    """One approval of a step: by whoever holds ``roles`` on ``unit``, or by ``people``."""

    kind: str
    unit: Unit
    roles: tuple[Role, ...] = ()
    people: tuple[Person, ...] = ()

    @property
    def deciders(self) -> list[Person]:
        """Who is told now."""
        return [*self.people] if self.people else list(holders(self.unit, *self.roles))


def _office(kind: str, units: Iterable[Unit], roles: tuple[Role, ...]) -> Asked | None:
    """Return the first unit at which somebody holds ``roles``; else the graduate school."""
    line = list(units)
    for unit, wanted in [*((one, roles) for one in line), (line[-1], _FALLBACK)]:
        if holders(unit, *wanted).exists():
            return Asked(kind, unit, wanted)
    return None


def _signing_mentors(student: Student) -> list[Mentorship]:
    """Return who signs leave: as the pair settles it, or the first mentor."""
    pair = pair_of(student)
    if pair is not None:
        both = {Signer.FIRST: [pair.first], Signer.SECOND: [pair.second]}
        return both.get(Signer(pair.signs_leave), [pair.first, pair.second])
    rows = student.mentorships.filter(state=PairState.ACTIVE).select_related("mentor__person")
    return list(rows.order_by("-is_first_responsible", "role")[:1])


def asked_at(leave: Leave, step: str) -> list[Asked]:
    """Return who is to be asked at ``step``; nobody where the student has no mentor."""
    student = leave.enrolment.student
    if step == LeaveStep.MENTORS:
        return [
            Asked(
                SECOND_MENTOR if one.role == PairRole.SECOND else FIRST_MENTOR,
                student.unit,
                people=(one.mentor.person,),
            )
            for one in _signing_mentors(student)
        ]
    units = [leave.ward, student.unit]
    if step == LeaveStep.DEPARTMENT:
        found = _office(DEPARTMENT, units, _SECRETARIES)
    else:
        found = _office(RESIDENCY, units, (Role.RESIDENCY_OFFICE,))
    return [found] if found else []


def steps_of(leave: Leave, steps: Iterable[str]) -> list[str]:
    """Return the steps at which there is somebody to ask."""
    return [step for step in steps if asked_at(leave, step)]


def ask_step(leave: Leave, step: str) -> bool:
    """Ask everybody of ``step``, who have a task and are told; tell whether there is anybody."""
    student = leave.enrolment.student
    names = {
        "student": bilingual(student.person),
        "from": day(leave.starts_on),
        "until": day(leave.ends_on),
    }
    found = asked_at(leave, step)
    for asked in found:
        params: dict[str, Any] = {
            **names,
            "step": str(step),
            "roles": [str(role) for role in asked.roles],
            "people": [person.pk for person in asked.people],
        }
        approval = request_approval(
            asked.kind, leave, unit=asked.unit, actor=leave.asked_by, params=params
        )
        url = reverse("programmes:leave", args=[leave.public_id])
        open_tasks(
            asked.deciders,
            kind=DECIDE,
            subject=approval,
            unit=asked.unit,
            due_at=deadline(asked.unit, approval.requested_at, DECIDE_DAYS),
            params=names,
            url=url,
        )
        notify(asked.deciders, "programmes.leave_asked", params=names, url=url, unit=asked.unit)
    return bool(found)


def why_not_decide_leave(actor: Person, approval: Approval) -> str | None:
    """Return why ``actor`` may not decide this step; ``None`` when they may."""
    if actor.pk in approval.params.get("people", ()):
        return None
    if mentor_stood_in_for(actor, approval) is not None:
        return None
    roles = set(approval.params.get("roles", ()))
    for one in actor.active_grants:
        if one.role in roles and approval.unit.path.startswith(one.unit.path):
            return None
    return _("Another step, or another office, decides this leave.")


def mentor_stood_in_for(actor: Person, approval: Approval) -> Person | None:
    """
    Return the mentor in whose name ``actor`` decides this step (代办).

    Only whoever keeps leave of the student's unit anyway, with an authorisation of the mentor.
    """
    people = approval.params.get("people", ())
    if not people or actor.pk in people:
        return None
    offices = [g.unit for g in actor.active_grants if g.role in LEAVE_OFFICES]
    if not any(approval.unit.path.startswith(unit.path) for unit in offices):
        return None
    return next((one for one in principals_now(actor) if one.pk in people), None)


def withdraw_open_steps(leave: Leave) -> None:
    """Take back what nobody has decided yet; its tasks are no longer needed."""
    for one in approvals_on(leave):
        if one.state == ApprovalState.PENDING:
            withdraw_approval(one, actor=leave.asked_by)
            close_tasks(one, DECIDE, cancelled=True)


def office_of_ward(leave: Leave) -> list[Person]:
    """Return who keeps the ward, or the graduate school where nobody does."""
    return [person for one in asked_at(leave, LeaveStep.DEPARTMENT) for person in one.deciders]
