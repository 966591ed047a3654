"""Cohorts and students."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import NO_NUL, In, Named, Out, PageQuery, SearchQuery, named, sent
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import SIGNED_IN, why_not
from cotutelle.people.models import Person
from cotutelle.people.validators import fold
from cotutelle.programmes.enums import AdmissionState, DegreeType, PathWish, Route
from cotutelle.programmes.models import Cohort, Student
from cotutelle.programmes.queries import (
    cohorts_visible_to,
    sees_scores,
    staff_list,
    students_visible_to,
)
from cotutelle.programmes.services import save_profile

room = Room("students")
Essay = Annotated[str, Field(max_length=6000, pattern=NO_NUL)]


class CohortOut(Out):
    """Students who enter in one year."""

    id: UUID
    name: str
    name_zh: str
    name_en: str
    year: int
    unit: Named


class StudentOut(Out):
    """An enrolment. What the caller may not read is `null`."""

    id: UUID
    person: Named
    number: str
    unit: Named
    cohort: Named
    route: Route
    degree_type: DegreeType
    discipline: str
    candidate_number: str
    state: AdmissionState
    is_late: bool
    bachelor_school: str
    admission_score: str | None
    statement: str | None
    career_plan: str | None
    path_wish: str | None


class StudentQuery(SearchQuery):
    """Which students."""

    route: Route | Literal[""] = ""
    state: AdmissionState | Literal[""] = ""


class ProfileChange(In):
    """What a student writes; all of it together."""

    statement: Essay
    career_plan: Essay
    path_wish: PathWish | Literal[""]


def _cohort(row: Cohort) -> CohortOut:
    return CohortOut(
        id=row.public_id,
        name=row.display_name,
        name_zh=row.name_zh,
        name_en=row.name_en,
        year=row.year,
        unit=named(row.unit),
    )


def show_student(student: Student, actor: Person) -> StudentOut:
    """Show a student as far as ``actor`` may read."""
    profile = why_not(actor, "programmes.view_profile", student) is None
    score = student.admission_score if sees_scores(actor, student) else None
    return StudentOut(
        id=student.public_id,
        person=named(student.person),
        number=student.person.number,
        unit=named(student.unit),
        cohort=named(student.cohort),
        route=Route(student.route),
        degree_type=DegreeType(student.degree_type),
        discipline=student.discipline,
        candidate_number=student.candidate_number,
        state=AdmissionState(student.state),
        is_late=student.is_late,
        bachelor_school=student.bachelor_school,
        admission_score=None if score is None else str(score),
        statement=student.statement if profile else None,
        career_plan=student.career_plan if profile else None,
        path_wish=student.path_wish if profile else None,
    )


@room.get("/cohorts", Page[CohortOut], permission="programmes.view_students")
def list_cohorts(request: ApiRequest, query: Query[PageQuery]) -> Page[CohortOut]:
    """List the cohorts of the caller's units and of those above."""
    return page_of(cohorts_visible_to(request.person), query, _cohort)


@room.get("/students", Page[StudentOut], permission="programmes.view_students")
def list_students(request: ApiRequest, query: Query[StudentQuery]) -> Page[StudentOut]:
    """List the students of the caller's units."""
    rows = staff_list(request.person)
    if query.route:
        rows = rows.filter(route=query.route)
    if query.state:
        rows = rows.filter(state=query.state)
    for word in fold(query.q).split():
        rows = rows.filter(person__search_text__contains=word)
    return page_of(rows, query, lambda row: show_student(row, request.person))


@room.get("/students/{uuid:student_id}", StudentOut, permission=SIGNED_IN)
def get_student(request: ApiRequest, student_id: UUID) -> StudentOut:
    """Read a student: staff, the mentors, and the student."""
    student = get_object_or_404(students_visible_to(request.person), public_id=student_id)
    show_version(request, student)
    return show_student(student, request.person)


@room.change(
    "/students/{uuid:student_id}/profile",
    StudentOut,
    permission="programmes.write_profile",
    method="PUT",
)
def put_profile(request: ApiRequest, student_id: UUID, body: ProfileChange) -> StudentOut:
    """Replace one's own statement, career plan and path wish."""
    student = get_object_or_404(students_visible_to(request.person), public_id=student_id)
    require_version(request, student)
    save_profile(student, actor=request.person, **sent(body))
    show_version(request, student)
    return show_student(student, request.person)
