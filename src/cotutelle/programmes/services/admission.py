"""Admitting students and what becomes of an admission."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.services import create_person, grant_role
from cotutelle.programmes import hooks
from cotutelle.programmes.enums import ADMISSION_TRANSITIONS, AdmissionState
from cotutelle.programmes.models import Cohort, Student

_RECORDED = ("route", "degree_type", "discipline", "candidate_number", "bachelor_school")


@dataclass(frozen=True, slots=True)
class StudentData:
    """What the admission office knows of a student; ``number`` may come later (学号)."""

    name_zh: str
    route: str
    degree_type: str
    name_en: str = ""
    number: str = ""
    candidate_number: str = ""
    discipline: str = ""
    bachelor_school: str = ""
    email: str = ""
    phone: str = ""
    gender: str = ""
    admission_score: Decimal | None = None


@transaction.atomic
def admit_student(
    cohort: Cohort, unit: Unit, data: StudentData, *, actor: Person, is_late: bool = False
) -> Student:
    """
    Create the person, the role and the student.

    Refuses with ``student.no_number`` (neither number is known) and ``student.exists``.
    """
    check(actor, "programmes.import_students", unit)
    if not (data.number or data.candidate_number):
        raise RuleViolation(
            "student.no_number",
            _("A student needs a student number or a candidate number."),
            field="candidate_number",
        )
    try:
        with transaction.atomic():
            person = _enlist(unit, data, actor)
            student = Student.objects.create(
                person=person, unit=unit, cohort=cohort, is_late=is_late, **_columns(data)
            )
    except IntegrityError as error:
        raise RuleViolation(
            "student.exists",
            _("A student or person with this number exists already."),
            field="number" if data.number else "candidate_number",
        ) from error
    after = {name: getattr(student, name) for name in _RECORDED} | {"is_late": is_late}
    record("programmes.student.admitted", actor=actor, subject=student, after=after, decision=True)
    return student


def _columns(data: StudentData) -> dict[str, Any]:
    names = (*_RECORDED, "admission_score")
    return {name: value for name, value in asdict(data).items() if name in names}


def _enlist(unit: Unit, data: StudentData, actor: Person) -> Person:
    """Return the person with this number in the unit, or a new one, as a student."""
    person = None
    if data.number:
        person = Person.objects.filter(unit=unit, number=data.number).first()
    if person is None:
        username = data.number or data.candidate_number
        if Person.objects.filter(username__iexact=username).exists():
            username = f"{username}@{unit.code.lower()}"
        person = create_person(
            unit=unit,
            actor=actor,
            username=username,
            number=data.number,
            name_zh=data.name_zh,
            name_en=data.name_en,
            email=data.email,
            phone=data.phone,
            gender=data.gender,
        )
    if not person.grants.filter(role=Role.STUDENT).exists():
        grant_role(person, Role.STUDENT, unit, starts_on=today(), actor=None)
    return person


@transaction.atomic
def change_student(student: Student, changes: dict[str, Any], *, actor: Person) -> Student:
    """
    Change the record of a student; the person's own columns too (``name_zh`` …).

    Scores go through `set_score`. Refuses with ``student.exists``.
    """
    check(actor, "programmes.change_student", student)
    own = {f.name for f in Student._meta.get_fields()}
    before = {name: _shown(student, name) for name in changes}
    for name, value in changes.items():
        setattr(student if name in own else student.person, name, value)
    try:
        with transaction.atomic():
            student.person.save()
            student.save()
    except IntegrityError as error:
        raise RuleViolation(
            "student.exists", _("A student or person with this number exists already.")
        ) from error
    after = {name: _shown(student, name) for name in changes}
    if before != after:
        record(
            "programmes.student.changed", actor=actor, subject=student, before=before, after=after
        )
    return student


def _shown(student: Student, name: str) -> Any:
    value = (
        getattr(student, name, None) if hasattr(student, name) else getattr(student.person, name)
    )
    return str(value) if isinstance(value, (Unit, Cohort)) else value


@transaction.atomic
def set_score(student: Student, score: Decimal | None, *, actor: Person) -> None:
    """Enter the admission score. The history says that it was entered, never its value."""
    check(actor, "programmes.change_student", student)
    if student.admission_score == score:
        return
    student.admission_score = score
    student.save(update_fields=["admission_score"])
    record("programmes.student.score_set", actor=actor, subject=student)


@transaction.atomic
def change_admission(
    student: Student, to: AdmissionState, *, reason: str, actor: Person
) -> Student:
    """
    Confirm, defer or end an admission; places held for the student are released by hooks.

    Refuses with ``student.stale`` (somebody was faster), ``student.transition`` (not a step
    from here) and ``student.reason`` (an ending needs one).
    """
    check(actor, "programmes.change_admission", student)
    seen = AdmissionState(student.state)
    if to not in ADMISSION_TRANSITIONS[seen]:
        raise RuleViolation(
            "student.transition",
            _("An admission that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": to.label},
            field="state",
        )
    if to != AdmissionState.CONFIRMED and not reason.strip():
        raise RuleViolation(
            "student.reason", _("Say why, so that it can be read later."), field="reason"
        )
    if Student.objects.filter(pk=student.pk, state=seen).update(state=to) != 1:
        raise RuleViolation(
            "student.stale", _("Somebody has just changed this admission. Look again.")
        )
    student.state = to
    hooks.tell(student, seen, actor)
    record(
        "programmes.student.admission_changed",
        actor=actor,
        subject=student,
        before={"state": seen},
        after={"state": to, "reason": reason.strip()},
        decision=True,
    )
    with override(student.person.language):
        notify(
            [student.person],
            "programmes.admission",
            params={"state": str(to.label), "reason": reason.strip() or "–"},
            url="/students/me/",
            unit=student.unit,
        )
    return student


@transaction.atomic
def admit_late(
    cohort: Cohort, unit: Unit, data: StudentData, *, reason: str, actor: Person
) -> Student:
    """Admit a student after the cohort was closed; the reason is kept. Refusals: `admit_student`."""
    check(actor, "programmes.change_admission", unit)
    if not reason.strip():
        raise RuleViolation(
            "student.reason", _("Say why, so that it can be read later."), field="reason"
        )
    student = admit_student(cohort, unit, data, actor=actor, is_late=True)
    record(
        "programmes.student.late_admission",
        actor=actor,
        subject=student,
        after={"is_late": True, "reason": reason.strip()},
        decision=True,
    )
    return student
