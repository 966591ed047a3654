"""What is one's own: the account, the inbox, tasks and jobs."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import (
    Email,
    In,
    Json,
    Named,
    Out,
    PageQuery,
    Text40,
    named,
    sent,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import SIGNED_IN
from cotutelle.jobs import queries as jobs
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import stop_job
from cotutelle.notices import queries as notices
from cotutelle.notices.models import Notice
from cotutelle.notices.services import mark_read
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.services import change_own_profile
from cotutelle.workflow import queries as workflow
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.models import Task

room = Room("own")


class MyRole(Out):
    """A role held today."""

    role: Role
    unit: Named
    starts_on: dt.date
    ends_on: dt.date | None


class Me(Out):
    """The caller."""

    id: UUID
    username: str
    name: str
    name_zh: str
    name_en: str
    number: str
    email: str
    phone: str
    wecom_id: str
    language: str
    time_zone: str
    unit: Named | None
    roles: list[MyRole]


class MeChange(In):
    """How one is reached and addressed."""

    email: Email = ""
    phone: Text40 = ""
    wecom_id: Text40 = ""
    language: Literal["zh-hans", "en"] = "zh-hans"
    time_zone: Text40 = "Asia/Shanghai"


def _me(person: Person) -> Me:
    return Me(
        id=person.public_id,
        username=person.username,
        name=person.display_name,
        name_zh=person.name_zh,
        name_en=person.name_en,
        number=person.number,
        email=person.email,
        phone=person.phone,
        wecom_id=person.wecom_id,
        language=person.language,
        time_zone=person.time_zone,
        unit=named(person.unit) if person.unit else None,
        roles=[
            MyRole(role=Role(g.role), unit=named(g.unit), starts_on=g.starts_on, ends_on=g.ends_on)
            for g in person.active_grants
        ],
    )


@room.get("/me", Me, permission=SIGNED_IN)
def get_me(request: ApiRequest) -> Me:
    """Read who the caller is."""
    show_version(request, request.person)
    return _me(request.person)


@room.change("/me", Me, permission=SIGNED_IN)
def change_me(request: ApiRequest, body: MeChange) -> Me:
    """Change how the caller is reached and addressed."""
    require_version(request, request.person)
    person = change_own_profile(request.person, actor=request.person, **sent(body))
    show_version(request, person)
    return _me(person)


# ---------------------------------------------------------------- inbox


class NoticeOut(Out):
    """Something the caller was told, in the language of the request."""

    id: UUID
    kind: str
    title: str
    body: str
    url: str
    is_urgent: bool
    created_at: dt.datetime
    read_at: dt.datetime | None


class NoticeQuery(PageQuery):
    """Which notices."""

    show: Literal["all", "unread"] = "all"


def _notice(row: Notice) -> NoticeOut:
    return NoticeOut(
        id=row.public_id,
        kind=row.kind,
        title=row.title,
        body=row.body,
        url=row.url,
        is_urgent=row.is_urgent,
        created_at=row.created_at,
        read_at=row.read_at,
    )


@room.get("/notices", Page[NoticeOut], permission=SIGNED_IN)
def list_notices(request: ApiRequest, query: Query[NoticeQuery]) -> Page[NoticeOut]:
    """List the caller's inbox, newest first."""
    rows = notices.visible_to(request.person)
    if query.show == "unread":
        rows = rows.filter(read_at__isnull=True)
    return page_of(rows, query, _notice, newest_first=True)


@room.post("/notices/{uuid:notice_id}/read", NoticeOut, permission=SIGNED_IN, status=200)
def read_notice(request: ApiRequest, notice_id: UUID) -> NoticeOut:
    """Mark a notice as read; doing it again changes nothing."""
    row = get_object_or_404(notices.visible_to(request.person), public_id=notice_id)
    mark_read([row], actor=request.person)
    row.refresh_from_db()
    return _notice(row)


# ---------------------------------------------------------------- tasks


class TaskOut(Out):
    """Something the caller has to do."""

    id: UUID
    kind: str
    title: str
    unit: Named
    url: str
    state: TaskState
    due_at: dt.datetime | None
    is_overdue: bool
    created_at: dt.datetime
    closed_at: dt.datetime | None


class TaskQuery(PageQuery):
    """Which tasks."""

    state: Literal["open", "all"] = "open"


def _task(row: Task) -> TaskOut:
    return TaskOut(
        id=row.public_id,
        kind=row.kind,
        title=row.title,
        unit=named(row.unit),
        url=row.url,
        state=TaskState(row.state),
        due_at=row.due_at,
        is_overdue=row.is_overdue,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )


@room.get("/tasks", Page[TaskOut], permission=SIGNED_IN)
def list_tasks(request: ApiRequest, query: Query[TaskQuery]) -> Page[TaskOut]:
    """List what the caller has to do."""
    rows = workflow.tasks_of(request.person)
    if query.state == "open":
        rows = rows.filter(state=TaskState.OPEN)
    return page_of(rows, query, _task)


# ---------------------------------------------------------------- jobs


class JobOut(Out):
    """Background work and how far it is."""

    id: UUID
    kind: str
    state: JobState
    done: int
    total: int
    result: Json
    error_code: str
    error: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


def show_job(job: Job) -> JobOut:
    """Show a job, for every operation that starts one."""
    result: Any = job.result
    return JobOut(
        id=job.public_id,
        kind=job.kind,
        state=JobState(job.state),
        done=job.done,
        total=job.total,
        result=result,
        error_code=job.error_code,
        error=job.error,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


@room.get("/jobs", Page[JobOut], permission="jobs.view_job")
def list_jobs(request: ApiRequest, query: Query[PageQuery]) -> Page[JobOut]:
    """List background work the caller may see, newest first."""
    return page_of(jobs.visible_to(request.person), query, show_job, newest_first=True)


@room.get("/jobs/{uuid:job_id}", JobOut, permission="jobs.view_job")
def get_job(request: ApiRequest, job_id: UUID) -> JobOut:
    """Read how far a job is."""
    return show_job(get_object_or_404(jobs.visible_to(request.person), public_id=job_id))


@room.post("/jobs/{uuid:job_id}/stop", JobOut, permission="jobs.stop_job", status=200)
def stop_a_job(request: ApiRequest, job_id: UUID) -> JobOut:
    """Ask a job to stop at its next safe place."""
    job = get_object_or_404(jobs.visible_to(request.person), public_id=job_id)
    stop_job(job, actor=request.person)
    return show_job(job)
