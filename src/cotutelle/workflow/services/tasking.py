"""Opening, closing and reminding."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import F
from django.urls import reverse

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment
from cotutelle.people.models import Person
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.kinds import check_kind
from cotutelle.workflow.models import Task
from cotutelle.workflow.queries import tasks_due_soon

NOT_TWICE_WITHIN = dt.timedelta(hours=12)
DUE_SOON = dt.timedelta(hours=48)
MORNING_HOUR = 8


def open_task(
    *,
    assignee: Person,
    kind: str,
    subject: models.Model,
    unit: Unit,
    due_at: dt.datetime | None,
    params: Mapping[str, Any] | None = None,
    url: str = "",
) -> Task:
    """
    Make sure that ``assignee`` has this task open; asking again only moves its time.

    The row itself says when it was opened and closed; the history of the subject says why.

    Raises
    ------
    ValueError
        ``kind`` is not registered, or its title needs a parameter that is missing.
    """
    return open_tasks(
        [assignee], kind=kind, subject=subject, unit=unit, due_at=due_at, params=params, url=url
    )[0]


@transaction.atomic
def open_tasks(
    assignees: Iterable[Person],
    *,
    kind: str,
    subject: models.Model,
    unit: Unit,
    due_at: dt.datetime | None,
    params: Mapping[str, Any] | None = None,
    url: str = "",
) -> list[Task]:
    """Do `open_task` for many people about one subject, in three statements."""
    values = dict(params or {})
    check_kind(kind, values)
    label = subject._meta.label_lower
    people = list({person.pk: person for person in assignees}.values())
    at = now()
    fresh = [
        Task(
            kind=kind,
            assignee=person,
            unit=unit,
            subject_type=label,
            subject_id=subject.pk,
            params=values,
            url=url,
            due_at=due_at,
            created_at=at,
        )
        for person in people
    ]
    Task.objects.bulk_create(fresh, ignore_conflicts=True)
    found = Task.objects.filter(
        assignee__in=people,
        kind=kind,
        subject_type=label,
        subject_id=subject.pk,
        state=TaskState.OPEN,
    )
    found.exclude(due_at=due_at, url=url, params=values).update(
        due_at=due_at, url=url, params=values, due_soon_told_at=None
    )
    of = {task.assignee_id: task for task in found.select_related("assignee", "unit")}
    return [of[person.pk] for person in people]


def close_tasks(
    subject: models.Model,
    kind: str,
    *,
    assignee: Person | None = None,
    cancelled: bool = False,
) -> int:
    """Close the open tasks of ``kind`` about ``subject``; return how many."""
    tasks = Task.objects.filter(
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        kind=kind,
        state=TaskState.OPEN,
    )
    if assignee is not None:
        tasks = tasks.filter(assignee=assignee)
    state = TaskState.CANCELLED if cancelled else TaskState.DONE
    return tasks.update(state=state, closed_at=now())


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of a bulk reminder, in tasks; ``people`` were told."""

    people: int
    sent: int
    too_soon: int
    closed: int


@transaction.atomic
def remind(tasks: Iterable[Task], *, actor: Person) -> Reminded:
    """
    Remind the assignees (催办): one notice a person, none within 12 hours of the last.

    Raises
    ------
    Refused
        One of the tasks is in a unit whose office the actor does not hold; nobody is told.
    """
    wanted = {task.pk for task in tasks}
    rows = list(
        Task.objects.select_for_update(of=("self",))
        .select_related("assignee", "unit")
        .filter(pk__in=wanted)
        .order_by("id")
    )
    for task in rows:
        check(actor, "workflow.remind_task", task)
    at = now()
    is_open = [t for t in rows if t.state == TaskState.OPEN]
    due = [t for t in is_open if not t.reminded_at or t.reminded_at <= at - NOT_TWICE_WITHIN]
    Task.objects.filter(pk__in=[t.pk for t in due]).update(
        reminded_at=at, reminders=F("reminders") + 1
    )
    for task in due:
        record("workflow.task.reminded", actor=actor, subject=task)
    return Reminded(
        people=_tell("workflow.reminder", due),
        sent=len(due),
        too_soon=len(is_open) - len(due),
        closed=len(wanted) - len(is_open),
    )


def tell_due_soon() -> int:
    """
    Tell people once about what is due within 48 hours, from 8:00 where the unit is.

    Runs every half hour; a worker that was down at 8:00 does it as soon as it is back.
    """
    told = 0
    zones: dict[int, str] = {}
    with transaction.atomic():
        due = []
        locked = tasks_due_soon(now() + DUE_SOON).select_for_update(skip_locked=True, of=("self",))
        for task in locked.order_by("id"):
            zone = zones.setdefault(task.unit_id, time_zone_of(task.unit))
            if _is_daytime(zone):
                due.append(task)
        told = _tell("workflow.due_soon", due)
        Task.objects.filter(pk__in=[t.pk for t in due]).update(due_soon_told_at=now())
    return told


def _is_daytime(zone: str) -> bool:
    morning = dt.datetime.combine(today(zone), dt.time(MORNING_HOUR), tzinfo=ZoneInfo(zone))
    return now() >= morning


def _tell(kind: str, tasks: list[Task]) -> int:
    """Send one notice to each person with all their tasks; return how many people."""
    of: dict[Person, list[Task]] = defaultdict(list)
    for task in tasks:
        of[task.assignee].append(task)
    told = 0
    for person, mine in of.items():
        lines = [
            {
                "kind": task.kind,
                "params": task.params,
                "due": moment(task.due_at) if task.due_at else None,
            }
            for task in mine
        ]
        url = mine[0].url if len(mine) == 1 else ""
        told += notify(
            [person],
            kind,
            params={"tasks": lines},
            url=url or reverse("workflow:tasks"),
            unit=mine[0].unit,
        )
    return told
