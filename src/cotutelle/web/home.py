"""Home: what needs me now, with deadlines, first; then the season; then what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import why_not
from cotutelle.core.clock import now
from cotutelle.ledger import actions
from cotutelle.ledger.models import Entry
from cotutelle.notices import queries as notices
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import queries as selection
from cotutelle.selection.enums import AnswerState, ListState, ParticipantState, RoundState
from cotutelle.selection.models import Round
from cotutelle.web.navigation import OFFICE, PLACES, leading_role
from cotutelle.workflow import queries as workflow
from cotutelle.workflow.models import Task

SHOWN_TASKS = 12
SHOWN_CHANGES = 6
SHOWN_OWED = 6
SOON = dt.timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do, most urgent first."""

    icon: str
    kind: str
    what: str
    context: str
    due: dt.datetime | None
    url: str
    action: str


@dataclass(frozen=True, slots=True)
class Season:
    """A round on the reader's home: its steps, and where it stands."""

    title: str
    url: str
    steps: Sequence[dict[str, str]]
    lists: tuple[int, int]
    answers: tuple[int, int]
    is_office: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened since the reader was last here."""

    at: dt.datetime
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Home:
    """Everything the home page shows."""

    todos: Sequence[Todo]
    seasons: Sequence[Season]
    owed: Sequence[Task]
    owed_total: int
    changes: Sequence[Change]
    links: Sequence[dict[str, Any]]


def home_of(person: Person) -> Home:
    """Gather the home page of ``person``; a dozen queries, whatever the size of the school."""
    role = leading_role(person.roles)
    is_office = role is not None and PLACES.get(role) == OFFICE
    owed = workflow.board(person) if is_office else Task.objects.none()
    return Home(
        todos=[_todo(task) for task in workflow.open_for(person)[:SHOWN_TASKS]],
        seasons=[_season(r, person, is_office=is_office) for r in _rounds(person)],
        owed=list(owed[:SHOWN_OWED]),
        owed_total=owed.count() if is_office else 0,
        changes=_changes(person, role),
        links=_first_steps(role),
    )


def _todo(task: Task) -> Todo:
    late = task.due_at is not None and task.due_at < now()
    soon = task.due_at is not None and not late and task.due_at - now() < SOON
    kind, icon = (
        ("late", "alert-circle") if late else ("due", "clock") if soon else ("wait", "point")
    )
    return Todo(
        icon=icon,
        kind=kind,
        what=task.title,
        context=task.unit.display_name if task.unit else "",
        due=task.due_at,
        url=task.url or reverse("workflow:tasks"),
        action=_("Open"),
    )


def _rounds(person: Person) -> list[Round]:
    """Rounds under way that the reader may see, newest first."""
    over = {RoundState.DRAFT, RoundState.CANCELLED}
    rounds = selection.rounds_visible_to(person).exclude(state__in=over).order_by("-created_at")
    return list(rounds.select_related("unit")[:2])


STEPS = (
    (RoundState.RANKING, "lists"),
    (RoundState.ANSWERING, "answers"),
    (RoundState.CLOSED, ""),
    (RoundState.MATCHED, ""),
    (RoundState.PUBLISHED, ""),
    (RoundState.CONFIRMED, ""),
)


def _season(round_: Round, person: Person, *, is_office: bool) -> Season:
    order = [state for state, _key in STEPS]
    here = order.index(RoundState(round_.state)) if round_.state in order else -1
    counts = _counts(round_)
    steps = []
    for place, (state, key) in enumerate(STEPS):
        last = place == here and state == RoundState.CONFIRMED
        phase = "done" if place < here or last else "now" if place == here else "next"
        done, total = counts.get(key, (0, 0))
        detail = f"{done} / {total}" if key and is_office and total else ""
        steps.append({"phase": phase, "label": str(state.label), "detail": detail})
    return Season(
        title=round_.display_name,
        url=_round_url(round_, person, is_office=is_office),
        steps=steps,
        lists=counts["lists"],
        answers=counts["answers"],
        is_office=is_office,
    )


def _counts(round_: Round) -> dict[str, tuple[int, int]]:
    lists = round_.participants.filter(state=ParticipantState.ACTIVE).aggregate(
        done=Count("id", filter=Q(list_state=ListState.SUBMITTED)), total=Count("id")
    )
    answers = round_.answers.aggregate(
        done=Count("id", filter=Q(state=AnswerState.SUBMITTED)), total=Count("id")
    )
    return {
        "lists": (lists["done"], lists["total"]),
        "answers": (answers["done"], answers["total"]),
    }


def _round_url(round_: Round, person: Person, *, is_office: bool) -> str:
    if is_office or why_not(person, "selection.view_review", round_) is None:
        return reverse("selection:round", args=[round_.public_id])
    if Role.MENTOR in person.roles:
        return reverse("selection:applicants-home")
    if Role.STUDENT in person.roles:
        return reverse("selection:find")
    return reverse("selection:rounds")


def _changes(person: Person, role: Role | None) -> list[Change]:
    """Staff see what happened in their units; others what they were told."""
    if role is not None and why_not(person, "ledger.view_entries") is None:
        return [
            Change(entry.at, _entry_text(entry), reverse("ledger:entries"))
            for entry in _entries(person)
        ]
    return [
        Change(notice.created_at, notice.title, reverse("notices:open", args=[notice.public_id]))
        for notice in notices.inbox_of(person)[:SHOWN_CHANGES]
    ]


def _entries(person: Person) -> list[Entry]:
    from cotutelle.ledger.queries import visible_to  # noqa: PLC0415

    return list(
        visible_to(person)
        .exclude(actor=person)
        .select_related("actor")
        .order_by("-id")[:SHOWN_CHANGES]
    )


def _entry_text(entry: Entry) -> str:
    who = entry.actor.display_name if entry.actor else _("The system")
    return _("%(who)s: %(what)s") % {"who": who, "what": actions.label(entry.action)}


def _first_steps(role: Role | None) -> list[dict[str, Any]]:
    """What an empty home offers to begin with."""
    steps = {
        Role.GRADUATE_OFFICER: (
            _("Import students and mentors"),
            "exchange:home",
            "file-spreadsheet",
        ),
        Role.SYSTEM_ADMINISTRATOR: (
            _("Set up the units"),
            "institutions:units",
            "building-hospital",
        ),
        Role.MENTOR: (_("Write my mentor profile"), "mentorship:my-profile", "id-badge-2"),
        Role.STUDENT: (_("Write my profile"), "programmes:my-profile", "id-badge-2"),
    }
    if role not in steps:
        return []
    label, name, icon = steps[role]
    return [{"label": label, "url": reverse(name), "icon": icon}]
