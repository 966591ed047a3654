"""My tasks, and who owes what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cotutelle.core.access import SIGNED_IN, requires, why_not
from cotutelle.core.clock import now
from cotutelle.core.ids import uuids
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.ui.dates import format_datetime
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.kinds import label_of
from cotutelle.workflow.models import Task
from cotutelle.workflow.queries import (
    EARLIEST_FIRST,
    board,
    open_count,
    open_for,
    owed_by_kind,
    owed_by_unit,
    tasks_of,
    waiting_for,
)
from cotutelle.workflow.services import Reminded, remind


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires(SIGNED_IN)
@require_safe
def task_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    listing = Listing(
        request.GET,
        open_for(person),
        sorts=[
            Sort("due", _("deadline"), EARLIEST_FIRST),  # type: ignore[arg-type]
            Sort("new", _("newest first"), ["-id"]),
        ],
        toggles=[
            Toggle("closed", _("Closed tasks"), lambda rows: _closed(person)),
        ],
    )
    total, late = open_count(person)
    context = {
        "listing": listing,
        "rows": [_shown(task, request) for task in listing.rows],
        "total": total,
        "late": late,
        "approvals": len(waiting_for(person)),
    }
    return render(request, "workflow/task_list.html", context)


def _closed(person: Person) -> Any:
    return tasks_of(person).exclude(state=TaskState.OPEN)


def _shown(task: Task, request: HttpRequest | None = None) -> dict[str, Any]:
    """Return a task with its state in words, and as text for a chat."""
    if task.state != TaskState.OPEN:
        kind, label = "wait", str(TaskState(task.state).label)
        kind = "ok" if task.state == TaskState.DONE else kind
    elif task.is_overdue:
        kind, label = "late", _("Overdue")
    else:
        kind, label = "due", str(TaskState.OPEN.label)
    return {
        "task": task,
        "kind": kind,
        "label": label,
        "text": _as_text(task, request) if request else "",
    }


def _as_text(task: Task, request: HttpRequest) -> str:
    due = _("Due: %(time)s") % {"time": format_datetime(task.due_at)} if task.due_at else ""
    link = request.build_absolute_uri(task.url) if task.url.startswith("/") else ""
    return "\n".join(part for part in (task.title, due, link) if part)


@requires("workflow.view_board")
@require_safe
def task_board(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    listing = _board_listing(request.GET, person)
    if fmt := request.GET.get("format"):
        return download(request, _board_table(listing), fmt)
    rows = listing.rows
    tasks = board(person)
    context = {
        "listing": listing,
        "rows": [_shown(task) for task in rows],
        "by_kind": [(label_of(owed.key), owed) for owed in owed_by_kind(tasks)],
        "by_unit": owed_by_unit(tasks),
        "may_remind": why_not(person, "workflow.remind_task") is None,
        "bulk_url": reverse("workflow:remind"),
    }
    return render(request, "workflow/board.html", context)


def _board_listing(params: Mapping[str, str], person: Person) -> Listing[Task]:
    tasks = board(person)
    kinds = [(owed.key, label_of(owed.key)) for owed in owed_by_kind(tasks)]
    units = [(str(u.public_id), u.display_name) for u, _owed in owed_by_unit(tasks)]
    return Listing(
        params,
        tasks,
        sorts=[
            Sort("due", _("deadline"), EARLIEST_FIRST),  # type: ignore[arg-type]
            Sort("who", _("person"), ["assignee__name_sort", "assignee_id", "id"]),
            Sort("kind", _("task"), ["kind", "due_at", "id"]),
            Sort("unit", _("unit"), ["unit__path", "due_at", "id"]),
            Sort("reminders", _("most reminded"), ["-reminders", "id"]),
        ],
        choices=[
            Choice("kind", _("Task"), kinds, "kind"),
            Choice("unit", _("Unit"), units, "unit__public_id"),
        ],
        toggles=[
            Toggle("late", _("Only overdue"), lambda rows: rows.filter(due_at__lt=now())),
            Toggle(
                "unreminded",
                _("Not reminded yet"),
                lambda rows: rows.filter(reminded_at__isnull=True),
            ),
        ],
        search=Search((), _("Name, number"), apply=_by_person),
    )


def _by_person(rows: Any, text: str) -> Any:
    return rows.filter(assignee__in=search(Person.objects.all(), text))


def _board_table(listing: Listing[Task]) -> Table:
    return Table(
        title=_("Who owes what"),
        columns=[
            Out(_("Person"), lambda t: t.assignee.display_name),
            Out(_("Staff or student number"), lambda t: t.assignee.number),
            Out(_("Unit"), lambda t: t.unit.display_name),
            Out(_("Task"), lambda t: t.title),
            Out(_("Due"), lambda t: t.due_at, "datetime"),
            Out(_("Overdue"), lambda t: _("Yes") if t.is_overdue else ""),
            Out(_("Reminders"), lambda t: t.reminders, "number"),
            Out(_("Last reminder"), lambda t: t.reminded_at, "datetime"),
        ],
        rows=listing.all_rows,
    )


@requires("workflow.remind_task")
@require_POST
def task_remind(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    query = request.POST.get("query", "")
    if request.POST.get("do") == "all":
        tasks = list(_board_listing(QueryDict(query), person).all_rows)
    elif one := request.POST.get("one"):
        tasks = list(board(person).filter(public_id__in=uuids([one])))
    else:
        tasks = list(board(person).filter(public_id__in=uuids(request.POST.getlist("pick"))))
    if not tasks:
        messages.info(request, _("Nothing was selected, so nobody was reminded."))
    else:
        result = remind(tasks, actor=person)
        messages.success(request, _says(result))
    after = request.POST.get("next", "")
    if after.startswith("/") and url_has_allowed_host_and_scheme(after, allowed_hosts=None):
        return redirect(after)
    return redirect(f"{reverse('workflow:board')}?{QueryDict(query).urlencode()}")


def _says(result: Reminded) -> str:
    """Return what became of the reminders, in one or two sentences."""
    said = ngettext(
        "%(people)d person was reminded of %(tasks)d open tasks.",
        "%(people)d people were reminded of %(tasks)d open tasks.",
        result.people,
    ) % {"people": result.people, "tasks": result.sent}
    if result.too_soon:
        soon = ngettext(
            "%(n)d task was left out: its last reminder was less than 12 hours ago.",
            "%(n)d tasks were left out: their last reminder was less than 12 hours ago.",
            result.too_soon,
        ) % {"n": result.too_soon}
        return _("%(first)s %(second)s") % {"first": said, "second": soon}
    return said
