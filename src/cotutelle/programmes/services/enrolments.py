"""Assigning programmes, granting the half-year before enrolment, enrolling, ending."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.files.services import store_file
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, day
from cotutelle.people.models import Person
from cotutelle.programmes.enums import (
    ENROLMENT_TRANSITIONS,
    AdmissionState,
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
    MilestoneKind,
    PhaseKind,
    Route,
    TemplateState,
)
from cotutelle.programmes.models import (
    Attainment,
    Enrolment,
    Milestone,
    Phase,
    RouteCalendar,
    Student,
    Template,
)
from cotutelle.programmes.services.admission import change_student
from cotutelle.programmes.services.months import add_months

AGREEMENT = "programmes.bachelor_agreement"
MY_PROGRAMME = "/students/me/programme/"


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who was put on a programme, and why the others were not."""

    done: tuple[Enrolment, ...]
    refused: tuple[tuple[Student, str], ...]


@transaction.atomic
def assign_template(students: Sequence[Student], template: Template, *, actor: Person) -> Assigned:
    """
    Put students on a programme; those it does not take are left alone, with the reason.

    Milestones and the four certificates are created from the template. Refuses the whole with
    ``enrolment.template`` (not in force).
    """
    if template.state != TemplateState.IN_FORCE:
        raise RuleViolation(
            "enrolment.template", _("Only a programme in force is given to students.")
        )
    calendars = {one.route: one for one in template.calendars.all()}
    assigned = set(
        Enrolment.objects.filter(student__in=students).values_list("student_id", flat=True)
    )
    done, refused = [], []
    for student in students:
        check(actor, "programmes.manage_enrolment", student)
        reason = _why_not(student, template, is_assigned=student.pk in assigned)
        if reason:
            refused.append((student, reason))
        else:
            done.append(_put_on(student, template, calendars[student.route], actor))
    return Assigned(tuple(done), tuple(refused))


def _why_not(student: Student, template: Template, *, is_assigned: bool) -> str:
    """Return why ``student`` cannot be put on ``template``; empty when they can."""
    if is_assigned:
        return _("Is on a programme already.")
    if student.state != AdmissionState.CONFIRMED:
        return _("The admission is “%(state)s”, not confirmed.") % {
            "state": AdmissionState(student.state).label
        }
    if student.route not in template.routes:
        return _("The programme does not take the route “%(route)s”.") % {
            "route": Route(student.route).label
        }
    if student.degree_type != template.degree_type:
        return _("The programme leads to another type: %(degree)s.") % {
            "degree": DegreeType(template.degree_type).label
        }
    return ""


def _put_on(
    student: Student, template: Template, calendar: RouteCalendar, actor: Person
) -> Enrolment:
    start = dt.date(student.cohort.year, calendar.enrolment_month, 1)
    enrolment = Enrolment.objects.create(
        student=student,
        template=template,
        track=student.degree_type,
        starts_on=start,
        ends_on=add_months(start, template.months) - dt.timedelta(days=1),
    )
    Milestone.objects.bulk_create(
        [
            Milestone(enrolment=enrolment, kind=kind, due_on=add_months(start, month))
            for kind, month in template.gates.items()
        ]
    )
    Attainment.objects.bulk_create(_attainments(enrolment))
    record(
        "programmes.enrolment.assigned",
        actor=actor,
        subject=enrolment,
        after={"template": str(template), "edition": template.edition, "starts_on": start},
        decision=True,
    )
    notify(
        [student.person],
        "programmes.assigned",
        params={"programme": bilingual(template), "day": day(start)},
        url=MY_PROGRAMME,
        unit=student.unit,
    )
    return enrolment


def _attainments(enrolment: Enrolment) -> list[Attainment]:
    """Return the four certificates, due by the template's gates or the end of the programme."""
    template, at = enrolment.template, now()
    needed = {
        AttainmentKind.LICENCE: template.needs_licence,
        AttainmentKind.RESIDENCY: template.needs_residency,
    }
    gates = {
        AttainmentKind.LICENCE: template.gates.get(MilestoneKind.LICENCE_EXAM),
        AttainmentKind.RESIDENCY: template.gates.get(MilestoneKind.RESIDENCY_EXAM),
    }
    rows = []
    for kind in AttainmentKind:
        row = Attainment(enrolment=enrolment, kind=kind, changed_at=at)
        if not needed.get(kind, True):
            row.state = AttainmentState.NOT_NEEDED
        else:
            month = gates.get(kind)
            row.due_on = add_months(enrolment.starts_on, month) if month else enrolment.ends_on
        rows.append(row)
    return rows


@transaction.atomic
def grant_pre_entry(
    enrolment: Enrolment,
    *,
    starts_on: dt.date,
    insured_until: dt.date | None,
    agreement: bytes | None,
    agreement_name: str = "",
    actor: Person,
) -> Enrolment:
    """
    Let a student begin in the mentor's group before enrolment, without clinical authority.

    Refuses with ``enrolment.state`` (enrolled already), ``enrolment.pre_entry_route`` (the
    programme has no such half-year for the route), ``enrolment.pre_entry_day``,
    ``enrolment.agreement`` and ``enrolment.insurance``.
    """
    check(actor, "programmes.manage_enrolment", enrolment)
    locked = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    if locked.state != EnrolmentState.PRE_ENTRY:
        raise RuleViolation("enrolment.state", _("The student is enrolled already."))
    phase = _pre_entry_phase(enrolment)
    _check_pre_entry_day(enrolment, phase, starts_on)
    if phase.needs_agreement and not agreement and not enrolment.bachelor_agreement_id:
        raise RuleViolation(
            "enrolment.agreement",
            _("The bachelor university must agree first: attach its signed agreement."),
            field="agreement",
        )
    last = enrolment.starts_on - dt.timedelta(days=1)
    if phase.needs_insurance and (insured_until is None or insured_until < last):
        raise RuleViolation(
            "enrolment.insurance",
            _("The insurance must last until enrolment."),
            field="insured_until",
        )
    if agreement:
        enrolment.bachelor_agreement = store_file(
            agreement, name=agreement_name, actor=actor, unit=enrolment.owning_unit,
            purpose=AGREEMENT,
        )  # fmt: skip
    enrolment.pre_entry_on, enrolment.insured_until = starts_on, insured_until
    enrolment.save(update_fields=["pre_entry_on", "insured_until", "bachelor_agreement"])
    record(
        "programmes.enrolment.pre_entry_granted",
        actor=actor,
        subject=enrolment,
        after={"pre_entry_on": starts_on, "insured_until": insured_until},
        decision=True,
    )
    notify(
        [enrolment.student.person],
        "programmes.pre_entry",
        params={"day": day(starts_on)},
        url=MY_PROGRAMME,
        unit=enrolment.owning_unit,
    )
    return enrolment


def _pre_entry_phase(enrolment: Enrolment) -> Phase:
    template, route = enrolment.template, enrolment.student.route
    phase = template.phases.filter(kind=PhaseKind.PRE_ENTRY).first()
    if phase is None or route not in template.pre_entry_routes:
        raise RuleViolation(
            "enrolment.pre_entry_route",
            _("“%(programme)s” has no half-year before enrolment for the route “%(route)s”.")
            % {"programme": template.display_name, "route": Route(route).label},
        )
    return phase


def _check_pre_entry_day(enrolment: Enrolment, phase: Phase, starts_on: dt.date) -> None:
    earliest = add_months(enrolment.starts_on, phase.starts_month)
    if not earliest <= starts_on < enrolment.starts_on:
        raise RuleViolation(
            "enrolment.pre_entry_day",
            _("The half-year lies between %(first)s and enrolment on %(last)s.")
            % {"first": earliest.isoformat(), "last": enrolment.starts_on.isoformat()},
            field="starts_on",
        )


@transaction.atomic
def enrol(enrolment: Enrolment, *, number: str, actor: Person) -> Enrolment:
    """
    Enrol a student: the student number (学号) joins the candidate number on the same person.

    Refuses with ``enrolment.number`` (none), ``student.exists`` (somebody else's),
    ``enrolment.transition`` and ``enrolment.stale``.
    """
    check(actor, "programmes.manage_enrolment", enrolment)
    student = enrolment.student
    number = number.strip()
    if not number:
        raise RuleViolation(
            "enrolment.number", _("A student number is needed to enrol."), field="number"
        )
    _move(enrolment, EnrolmentState.ENROLLED)
    if student.person.number != number:
        change_student(student, {"number": number}, actor=actor)
    record(
        "programmes.enrolment.enrolled",
        actor=actor,
        subject=enrolment,
        after={"number": number, "candidate_number": student.candidate_number},
        decision=True,
    )
    notify(
        [student.person],
        "programmes.enrolled",
        params={"number": number, "programme": bilingual(enrolment.template)},
        url=MY_PROGRAMME,
        unit=student.unit,
    )
    return enrolment


@transaction.atomic
def move_enrolment(
    enrolment: Enrolment, to: EnrolmentState, *, reason: str, actor: Person
) -> Enrolment:
    """
    Suspend, resume, graduate or end an enrolment; to enrol at first use `enrol`.

    Refuses with ``enrolment.transition``, ``enrolment.stale``, ``enrolment.reason`` (all but a
    graduation need one) and ``enrolment.diploma`` (nobody graduates without it).
    """
    check(actor, "programmes.manage_enrolment", enrolment)
    seen = EnrolmentState(enrolment.state)
    if seen == EnrolmentState.PRE_ENTRY and to == EnrolmentState.ENROLLED:
        raise RuleViolation("enrolment.number", _("A student number is needed to enrol."))
    if to != EnrolmentState.GRADUATED and not reason.strip():
        raise RuleViolation(
            "enrolment.reason", _("Say why, so that it can be read later."), field="reason"
        )
    if to == EnrolmentState.GRADUATED:
        held = enrolment.attainments.filter(kind=AttainmentKind.DIPLOMA, state=AttainmentState.HELD)
        if not held.exists():
            raise RuleViolation(
                "enrolment.diploma", _("Nobody graduates before the diploma is entered as held.")
            )
    ended = to in {EnrolmentState.LEFT, EnrolmentState.GRADUATED}
    _move(enrolment, to, **({"left_on": today()} if ended else {}))
    record(
        "programmes.enrolment.moved",
        actor=actor,
        subject=enrolment,
        before={"state": seen},
        after={"state": to, "reason": reason.strip()},
        decision=True,
    )
    return enrolment


def _move(enrolment: Enrolment, to: EnrolmentState, **values: Any) -> None:
    seen = EnrolmentState(enrolment.state)
    if to not in ENROLMENT_TRANSITIONS[seen]:
        raise RuleViolation(
            "enrolment.transition",
            _("An enrolment that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": to.label},
            field="state",
        )
    rows = Enrolment.objects.filter(pk=enrolment.pk, state=seen)
    if rows.update(state=to, **values) != 1:
        raise RuleViolation("enrolment.stale", _("Somebody has just changed this. Look again."))
    enrolment.state = to
    for name, value in values.items():
        setattr(enrolment, name, value)


@transaction.atomic
def reach_milestone(milestone: Milestone, *, done_on: dt.date | None, actor: Person) -> Milestone:
    """Note when a milestone was reached, or take that back. Refuses with ``milestone.day``."""
    check(actor, "programmes.change_attainment", milestone.enrolment)
    day_there = today(time_zone_of(milestone.enrolment.owning_unit))
    if done_on is not None and done_on > day_there:
        raise RuleViolation("milestone.day", _("This day has not come yet."), field="done_on")
    before = milestone.done_on
    milestone.done_on = done_on
    milestone.save(update_fields=["done_on"])
    record(
        "programmes.enrolment.milestone",
        actor=actor,
        subject=milestone.enrolment,
        before={"milestone": milestone.kind, "done_on": before},
        after={"milestone": milestone.kind, "done_on": done_on},
        decision=True,
    )
    return milestone
