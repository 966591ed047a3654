"""Programmes, enrolments with their certificates, and leave."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import (
    Day,
    Flag,
    In,
    Named,
    Out,
    PageQuery,
    Text300,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.programmes import services
from cotutelle.programmes.enums import (
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
    LeaveKind,
    LeaveState,
    LeaveStep,
    TemplateKind,
    TemplateState,
)
from cotutelle.programmes.models import Enrolment, Leave, Template
from cotutelle.programmes.queries import enrolments as enrolment_reads
from cotutelle.programmes.queries import leave as leave_reads
from cotutelle.programmes.queries.templates import templates_visible_to
from cotutelle.workflow.services import decide_approval

room = Room("programmes")


class TemplateOut(Out):
    """One edition of a programme."""

    id: UUID
    code: str
    edition: int
    name: str
    name_zh: str
    name_en: str
    unit: Named
    kind: TemplateKind
    degree_type: DegreeType
    months: int
    routes: list[str]
    pre_entry_routes: list[str]
    needs_licence: bool
    needs_residency: bool
    state: TemplateState
    is_example: bool


class TemplateQuery(PageQuery):
    """Which programmes."""

    state: TemplateState | Literal[""] = ""


class CertificateOut(Out):
    """One of the four certificates."""

    kind: AttainmentKind
    state: AttainmentState
    due_on: dt.date | None
    awaited_until: dt.date | None
    held_on: dt.date | None


class EnrolmentOut(Out):
    """A student on a programme; both numbers are theirs."""

    id: UUID
    student: Named
    number: str
    candidate_number: str
    template: Named
    track: DegreeType
    state: EnrolmentState
    pre_entry_on: dt.date | None
    starts_on: dt.date
    ends_on: dt.date
    extended_days: int
    certificates: list[CertificateOut]


class EnrolmentQuery(PageQuery):
    """Which enrolments."""

    state: EnrolmentState | Literal[""] = ""
    at_risk: AttainmentKind | Literal[""] = Field("", description="A certificate at risk.")


class LeaveOut(Out):
    """One absence; the reason is empty for those who do not decide it."""

    id: UUID
    student: Named
    unit: Named
    ward: Named
    kind: LeaveKind
    starts_on: dt.date
    ends_on: dt.date
    days: int
    state: LeaveState
    steps: list[LeaveStep]
    reason: str
    returned_on: dt.date | None
    return_confirmed: bool


class LeaveQuery(PageQuery):
    """Which leave."""

    state: LeaveState | Literal[""] = ""
    away_on: Annotated[Day | Literal[""], Field(description="Away on this day.")] = ""


class LeaveNew(In):
    """What a student asks for; kinds that need a paper are asked for on the page."""

    kind: LeaveKind
    starts_on: Day
    ends_on: Day
    reason: Text300


class LeaveDecision(In):
    """The answer of one step; a refusal needs a note."""

    approve: Flag
    note: Text300 = ""


class LeaveReturn(In):
    """The first day back."""

    returned_on: Day


def _template(row: Template) -> TemplateOut:
    return TemplateOut(
        id=row.public_id,
        code=row.code,
        edition=row.edition,
        name=row.display_name,
        name_zh=row.name_zh,
        name_en=row.name_en,
        unit=named(row.unit),
        kind=TemplateKind(row.kind),
        degree_type=DegreeType(row.degree_type),
        months=row.months,
        routes=row.routes,
        pre_entry_routes=row.pre_entry_routes,
        needs_licence=row.needs_licence,
        needs_residency=row.needs_residency,
        state=TemplateState(row.state),
        is_example=row.is_example,
    )


@room.get("/programmes", Page[TemplateOut], permission="programmes.view_templates")
def list_programmes(request: ApiRequest, query: Query[TemplateQuery]) -> Page[TemplateOut]:
    """List the programmes of the caller's units, of those above and of those below."""
    rows = templates_visible_to(request.person)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _template)


def _enrolment(row: Enrolment) -> EnrolmentOut:
    return EnrolmentOut(
        id=row.public_id,
        student=named(row.student),
        number=row.student.person.number,
        candidate_number=row.student.candidate_number,
        template=named(row.template),
        track=DegreeType(row.track),
        state=EnrolmentState(row.state),
        pre_entry_on=row.pre_entry_on,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        extended_days=row.extended_days,
        certificates=[
            CertificateOut(
                kind=AttainmentKind(one.kind),
                state=AttainmentState(one.state),
                due_on=one.due_on,
                awaited_until=one.awaited_until,
                held_on=one.held_on,
            )
            for one in row.attainments.all()
        ],
    )


@room.get("/enrolments", Page[EnrolmentOut], permission="programmes.view_enrolment")
def list_enrolments(request: ApiRequest, query: Query[EnrolmentQuery]) -> Page[EnrolmentOut]:
    """List enrolments with their four certificates, perhaps only those at risk of one."""
    rows = enrolment_reads.with_attainments(enrolment_reads.enrolments_visible_to(request.person))
    if query.state:
        rows = rows.filter(state=query.state)
    if query.at_risk:
        rows = enrolment_reads.with_risk(rows, query.at_risk)
    return page_of(rows, query, _enrolment)


def _leave(row: Leave, *, reads_reason: bool) -> LeaveOut:
    student = row.enrolment.student
    return LeaveOut(
        id=row.public_id,
        student=named(student),
        unit=named(student.unit),
        ward=named(row.ward),
        kind=LeaveKind(row.kind),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        days=row.days,
        state=LeaveState(row.state),
        steps=[LeaveStep(step) for step in row.steps],
        reason=row.reason if reads_reason else "",
        returned_on=row.returned_on,
        return_confirmed=row.return_confirmed_by_id is not None,
    )


def _find(request: ApiRequest, leave_id: UUID) -> Leave:
    rows = leave_reads.leaves_visible_to(request.person)
    found: Leave = get_object_or_404(rows, public_id=leave_id)
    return found


def _answer(request: ApiRequest, row: Leave) -> LeaveOut:
    row = leave_reads.leaves_visible_to(request.person).get(pk=row.pk)
    show_version(request, row)
    return _leave(row, reads_reason=leave_reads.reads_reason(request.person, row))


@room.get("/leaves", Page[LeaveOut], permission="programmes.view_leaves")
def list_leaves(request: ApiRequest, query: Query[LeaveQuery]) -> Page[LeaveOut]:
    """List leave of the caller, their students, units and wards; a list shows only own reasons."""
    rows = leave_reads.leaves_visible_to(request.person)
    if query.state:
        rows = rows.filter(state=query.state)
    if query.away_on:
        away = [LeaveState.APPROVED, LeaveState.RETURNED]
        rows = rows.filter(state__in=away, starts_on__lte=query.away_on, ends_on__gte=query.away_on)
    me = request.person.pk
    return page_of(
        rows,
        query,
        lambda row: _leave(row, reads_reason=row.enrolment.student.person_id == me),
    )


@room.get("/leaves/{uuid:leave_id}", LeaveOut, permission="programmes.view_leaves")
def get_leave(request: ApiRequest, leave_id: UUID) -> LeaveOut:
    """Read one leave."""
    return _answer(request, _find(request, leave_id))


@room.post("/leaves", LeaveOut, permission="programmes.ask_leave")
def ask_for_leave(request: ApiRequest, body: LeaveNew) -> LeaveOut:
    """Ask for leave; the first step is asked at once."""
    own = enrolment_reads.enrolment_of(request.person)
    if own is None:
        raise RuleViolation("leave.enrolment", _("Only enrolled students ask for leave."))
    made = services.ask_leave(own, **body.model_dump(), actor=request.person)
    set_header(request, "Location", f"/api/v1/leaves/{made.public_id}")
    return _answer(request, made)


@room.act("/leaves/{uuid:leave_id}/decide", LeaveOut, permission="programmes.view_leaves")
def decide_leave(request: ApiRequest, leave_id: UUID, body: LeaveDecision) -> LeaveOut:
    """Agree to the step that waits for the caller, or refuse."""
    found = require_version(request, _find(request, leave_id))
    mine = leave_reads.to_decide(request.person, leave_reads.approvals_on(found))
    if mine is None:
        raise Refused(_("Another step, or another office, decides this leave."))
    decide_approval(mine, body.approve, actor=request.person, note=body.note)
    return _answer(request, found)


@room.act("/leaves/{uuid:leave_id}/return", LeaveOut, permission="programmes.ask_leave")
def report_a_return(request: ApiRequest, leave_id: UUID, body: LeaveReturn) -> LeaveOut:
    """Report the return: the days really away count."""
    found = require_version(request, _find(request, leave_id))
    services.report_return(found, returned_on=body.returned_on, actor=request.person)
    return _answer(request, found)
