"""Programmes, enrolments and leave for tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from cotutelle.core.clock import now, today
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes import services
from cotutelle.programmes.enums import EnrolmentState, LeaveKind, LeaveState
from cotutelle.programmes.models import Enrolment, Leave, Template
from cotutelle.programmes.services import TemplateData
from cotutelle.programmes.services.examples import EXAMPLES
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory


def example(code: str = "CM53", **changes: Any) -> TemplateData:
    """Return the shipped example called ``code``, with changes."""
    return replace(next(one for one in EXAMPLES if one.code == code), **changes)


def make_template(
    unit: Unit, code: str = "CM53", *, actor: Person | None = None, **changes: Any
) -> Template:
    """Return a programme in force, made from a shipped example."""
    officer = actor or make_person(Role.GRADUATE_OFFICER, unit=unit)
    made = services.create_template(unit, example(code, **changes), actor=officer)
    return services.put_template_in_force(made, actor=officer)


def make_enrolment(
    *, template: Template | None = None, is_enrolled: bool = True, **student: Any
) -> Enrolment:
    """Return a student on a programme of their own university, enrolled unless said otherwise."""
    person = StudentFactory.create(**student)
    found = template or make_template(person.unit)
    officer = make_person(Role.GRADUATE_OFFICER, unit=person.unit)
    enrolment = services.assign_template([person], found, actor=officer).done[0]
    if is_enrolled:
        Enrolment.objects.filter(pk=enrolment.pk).update(state=EnrolmentState.ENROLLED)
        enrolment.state = EnrolmentState.ENROLLED
    return enrolment


def make_leave(enrolment: Enrolment, *, days: int = 3, start: int = 1, **fields: Any) -> Leave:
    """Return a leave of ``days`` from ``start`` days ahead, as a row: no step is asked."""
    first = today() + dt.timedelta(days=start)
    values: dict[str, Any] = {
        "kind": LeaveKind.PERSONAL,
        "starts_on": first,
        "ends_on": first + dt.timedelta(days=days - 1),
        "reason": "家中有事",
        "state": LeaveState.APPROVED,
        "asked_by": enrolment.student.person,
        "asked_at": now(),
        "ward": enrolment.student.unit,
    }
    return Leave.objects.create(enrolment=enrolment, **(values | fields))
