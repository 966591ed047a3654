"""Meetings of the week: joint rounds and others, who came, what was raised."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import (
    Day,
    Id,
    In,
    LongText,
    Moment,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text200,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.rotations.enums import MeetingState, MemberRole, Presence, SeriesKind
from cotutelle.rotations.models import ClinicalProblem, Meeting, MeetingRoom
from cotutelle.rotations.queries.weekly import meetings_visible_to, problems_visible_to
from cotutelle.rotations.queries.weekly_problem import rooms_for
from cotutelle.rotations.services import weekly_meetings as services

room = Room("meetings")


class MemberOut(Out):
    """Somebody who takes part, and how they came."""

    person: Named
    role: MemberRole
    is_needed: bool
    may_be_remote: bool
    presence: Presence | None


class MeetingOut(Out):
    """One occurrence of something held every week."""

    id: UUID
    name: str
    kind: SeriesKind
    term: Named
    state: MeetingState
    original_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    room: Named | None
    link: str
    reason: str
    sequence: int
    members: list[MemberOut]


class ProblemOut(Out):
    """A clinical problem raised at a meeting."""

    id: UUID
    meeting: UUID
    title: str
    text: str
    raised_by: Named
    created_at: dt.datetime


class MeetingQuery(PageQuery):
    """Which meetings; days of their beginning, both included."""

    kind: SeriesKind | Literal[""] = ""
    state: MeetingState | Literal[""] = ""
    first: Day | None = None
    last: Day | None = None


class Move(In):
    """When and where it is held instead."""

    starts_at: Moment
    room: Id | None = None
    reason: Text200 = ""


class Reason(In):
    """Why it is cancelled."""

    reason: Text200


class Came(In):
    """How somebody came."""

    person: Id
    presence: Presence


class AttendanceBody(In):
    """Who came; whoever is left out was absent."""

    people: Annotated[list[Came], Field(max_length=200)]


class ProblemNew(In):
    """A clinical problem in a line, and more where one wishes."""

    title: Text200
    text: LongText = ""


def _show(row: Meeting) -> MeetingOut:
    came = {a.person_id: Presence(a.presence) for a in row.attendances.all()}
    return MeetingOut(
        id=row.public_id,
        name=str(row.series),
        kind=SeriesKind(row.series.kind),
        term=named(row.series.term),
        state=MeetingState(row.state),
        original_on=row.original_on,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        room=named(row.room) if row.room else None,
        link=row.series.link,
        reason=row.reason,
        sequence=row.sequence,
        members=[
            MemberOut(
                person=named(m.person),
                role=MemberRole(m.role),
                is_needed=m.is_needed,
                may_be_remote=m.may_be_remote,
                presence=came.get(m.person_id),
            )
            for m in row.series.members.all()
        ],
    )


def _problem(row: ClinicalProblem) -> ProblemOut:
    return ProblemOut(
        id=row.public_id,
        meeting=row.meeting.public_id,
        title=row.title,
        text=row.text,
        raised_by=named(row.raised_by),
        created_at=row.created_at,
    )


def _find(request: ApiRequest, meeting_id: UUID, permission: str) -> Meeting:
    found: Meeting = get_object_or_404(meetings_visible_to(request.person), public_id=meeting_id)
    check(request.person, permission, found)
    return found


def _answer(request: ApiRequest, row: Meeting) -> MeetingOut:
    row = Meeting.objects.select_related("series__term", "room").get(pk=row.pk)
    show_version(request, row)
    return _show(row)


@room.get("/meetings", Page[MeetingOut], permission="rotations.view_meetings")
def list_meetings(request: ApiRequest, query: Query[MeetingQuery]) -> Page[MeetingOut]:
    """List the meetings in which the caller takes part, and those of their units."""
    rows = meetings_visible_to(request.person).prefetch_related(
        "series__members__person", "attendances"
    )
    if query.kind:
        rows = rows.filter(series__kind=query.kind)
    if query.state:
        rows = rows.filter(state=query.state)
    if query.first:
        rows = rows.filter(starts_at__date__gte=query.first)
    if query.last:
        rows = rows.filter(starts_at__date__lte=query.last)
    return page_of(rows, query, _show)


@room.get("/meetings/{uuid:meeting_id}", MeetingOut, permission="rotations.view_meetings")
def get_meeting(request: ApiRequest, meeting_id: UUID) -> MeetingOut:
    """Read a meeting."""
    return _answer(request, _find(request, meeting_id, "rotations.view_meetings"))


@room.act("/meetings/{uuid:meeting_id}/move", MeetingOut, permission="rotations.change_meeting")
def move_a_meeting(request: ApiRequest, meeting_id: UUID, body: Move) -> MeetingOut:
    """Move one occurrence; everybody is told."""
    found = require_version(request, _find(request, meeting_id, "rotations.change_meeting"))
    services.move_meeting(
        found,
        starts_at=body.starts_at,
        room=_room(found, body.room),
        reason=body.reason,
        actor=request.person,
    )
    return _answer(request, found)


def _room(meeting: Meeting, room_id: UUID | None) -> MeetingRoom | None:
    if room_id is None:
        return None
    found = next((r for r in rooms_for(meeting.series.term) if r.public_id == room_id), None)
    if found is None:
        raise RuleViolation("meeting.room", _("There is no such room."), status=422, field="room")
    return found


@room.act("/meetings/{uuid:meeting_id}/cancel", MeetingOut, permission="rotations.change_meeting")
def cancel_a_meeting(request: ApiRequest, meeting_id: UUID, body: Reason) -> MeetingOut:
    """Cancel one occurrence; everybody is told."""
    found = require_version(request, _find(request, meeting_id, "rotations.change_meeting"))
    services.cancel_meeting(found, reason=body.reason, actor=request.person)
    return _answer(request, found)


@room.act("/meetings/{uuid:meeting_id}/record", MeetingOut, permission="rotations.record_meeting")
def record_attendance(request: ApiRequest, meeting_id: UUID, body: AttendanceBody) -> MeetingOut:
    """Record who came; a joint round was held when both mentors were there."""
    found = require_version(request, _find(request, meeting_id, "rotations.record_meeting"))
    keys = {m.person.public_id: m.person_id for m in found.series.members.select_related("person")}
    if any(one.person not in keys for one in body.people):
        raise RuleViolation(
            "meeting.people", _("Somebody here does not take part."), status=422, field="people"
        )
    presences = {keys[one.person]: str(one.presence) for one in body.people}
    services.record_meeting(found, presences, actor=request.person)
    return _answer(request, found)


@room.post("/meetings/{uuid:meeting_id}/problems", ProblemOut, permission="rotations.raise_problem")
def raise_a_problem(request: ApiRequest, meeting_id: UUID, body: ProblemNew) -> ProblemOut:
    """Keep a clinical problem that was raised."""
    found = _find(request, meeting_id, "rotations.raise_problem")
    made = services.raise_problem(found, title=body.title, text=body.text, actor=request.person)
    return _problem(made)


@room.get("/clinical-problems", Page[ProblemOut], permission="rotations.view_problems")
def list_problems(request: ApiRequest, query: Query[SearchQuery]) -> Page[ProblemOut]:
    """List the clinical problems raised at meetings the caller sees."""
    rows = problems_visible_to(request.person)
    for word in query.q.split():
        rows = rows.filter(title__icontains=word) | rows.filter(text__icontains=word)
    return page_of(rows, query, _problem)
