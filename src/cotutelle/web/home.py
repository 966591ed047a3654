"""Home: what needs me now, with deadlines, first; then the season; then what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import why_not
from cotutelle.core.clock import today
from cotutelle.ledger import actions
from cotutelle.ledger.models import Entry
from cotutelle.notices import queries as notices
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.queries.hours_pages import Standing
from cotutelle.rotations.queries.weekly_rounds import OwnRound, own_rounds
from cotutelle.selection import queries as selection
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Round
from cotutelle.selection.task_kinds import ANSWER_APPLICANTS, ANSWER_APPLICATION, SUBMIT_LIST
from cotutelle.web.home_hours import OwnHours, own_hours, students_hours
from cotutelle.web.home_log import log_todos
from cotutelle.web.home_mentor import MentorHome, mentor_home
from cotutelle.web.home_staff import Season, office_todos, season_of
from cotutelle.web.home_student import StudentHome, student_home
from cotutelle.web.navigation import OFFICES, address, also_of, leading_role
from cotutelle.web.todos import Todo, by_urgency, todo
from cotutelle.workflow import queries as workflow
from cotutelle.workflow.models import Task

SHOWN_TASKS = 12
SHOWN_CHANGES = 6
SHOWN_OWED = 6
SHOWN_ROUNDS = 2
SHOWN_JOINT_ROUNDS = 6
OWN = (Role.MENTOR, Role.STUDENT)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened since the reader was last here."""

    at: dt.datetime
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Home:
    """Everything the home page shows."""

    day: dt.date
    todos: Sequence[Todo]
    student: StudentHome | None
    mentor: MentorHome | None
    hours: OwnHours | None
    students_hours: Sequence[Standing]
    rounds: Sequence[OwnRound]
    seasons: Sequence[Season]
    is_staff: bool
    owed: Sequence[Task]
    owed_total: int
    may_remind: bool
    changes: Sequence[Change]
    links: Sequence[dict[str, Any]]
    also: Sequence[dict[str, Any]]

    @property
    def needs(self) -> int:
        """How many things need the reader: rows, and cards whose button is filled."""
        own = int(self.student is not None and self.student.step.is_urgent)
        answers = self.mentor.answers if self.mentor else ()
        return len(self.todos) + own + sum(one.is_urgent for one in answers)

    @property
    def late(self) -> int:
        """How many of the things to do are overdue."""
        return sum(one.kind == "late" for one in self.todos)


def home_of(person: Person) -> Home:
    """Gather the home page of ``person``; a few dozen queries, whatever the size of the school."""
    role = leading_role(person.roles)
    is_office = role in OFFICES
    is_staff = role is not None and role not in OWN
    seasons = [season_of(one, person) for one in _rounds(person)] if is_staff else []
    owed = workflow.board(person) if is_office else Task.objects.none()
    return Home(
        day=today(),
        todos=by_urgency([*log_todos(person), *_own(person), *_of_the_office(person, seasons)]),
        student=student_home(person) if Role.STUDENT in person.roles else None,
        mentor=mentor_home(person) if Role.MENTOR in person.roles else None,
        hours=own_hours(person) if Role.STUDENT in person.roles else None,
        students_hours=students_hours(person) if Role.MENTOR in person.roles else (),
        rounds=own_rounds(person)[:SHOWN_JOINT_ROUNDS] if set(OWN) & set(person.roles) else (),
        seasons=seasons,
        is_staff=is_staff,
        owed=list(owed[:SHOWN_OWED]),
        owed_total=owed.count() if is_office else 0,
        may_remind=is_office and why_not(person, "workflow.remind_task") is None,
        changes=_changes(person, role),
        links=_first_steps(role),
        also=[
            {"label": place.label, "url": address(place), "icon": place.icon}
            for place in also_of(person.roles)
        ],
    )


def _own(person: Person) -> list[Todo]:
    """Return the tasks of ``person`` but those that a card of their own page speaks of."""
    shown = {SUBMIT_LIST} if Role.STUDENT in person.roles else set()
    if Role.MENTOR in person.roles:
        shown |= {ANSWER_APPLICANTS, ANSWER_APPLICATION}
    return [
        todo(
            task.title,
            context=task.unit.display_name,
            due=task.due_at,
            url=task.url or reverse("workflow:tasks"),
            action=_("Do it now"),
        )
        for task in workflow.open_for(person).exclude(kind__in=shown)[:SHOWN_TASKS]
    ]


def _of_the_office(person: Person, seasons: Sequence[Season]) -> list[Todo]:
    rows = [one for season in seasons for one in office_todos(season, person)]
    if waiting := len(workflow.waiting_for(person)):
        what = ngettext(
            "%(n)d approval waits for your decision",
            "%(n)d approvals wait for your decision",
            waiting,
        ) % {"n": waiting}
        url = reverse("workflow:approvals")
        rows.append(todo(what, url=url, action=_("See the approvals"), icon="gavel"))
    return rows


def _rounds(person: Person) -> list[Round]:
    """Return the rounds under way, newest first; the last confirmed one where none is."""
    hidden = {RoundState.DRAFT, RoundState.CANCELLED}
    seen = selection.rounds_visible_to(person).exclude(state__in=hidden).order_by("-created_at")
    current = list(seen.exclude(state=RoundState.CONFIRMED)[:SHOWN_ROUNDS])
    return current or list(seen[:1])


def _changes(person: Person, role: Role | None) -> list[Change]:
    """Staff see what happened in their units; others what they were told."""
    if role is not None and why_not(person, "ledger.view_history") is None:
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

    rows = visible_to(person).exclude(actor=person).select_related("actor")
    return list(rows.order_by("-id")[:SHOWN_CHANGES])


def _entry_text(entry: Entry) -> str:
    who = entry.actor.display_name if entry.actor else _("The system")
    return _("%(who)s: %(what)s") % {"who": who, "what": actions.label(entry.action)}


FIRST_STEPS = {
    Role.GRADUATE_OFFICER: ("exchange:home", "file-spreadsheet"),
    Role.SYSTEM_ADMINISTRATOR: ("institutions:units", "building-hospital"),
    Role.MENTOR: ("mentorship:my-profile", "id-badge-2"),
    Role.STUDENT: ("programmes:my-profile", "id-badge-2"),
}


def _first_steps(role: Role | None) -> list[dict[str, Any]]:
    """What an empty home offers to begin with."""
    labels = {
        Role.GRADUATE_OFFICER: _("Import students and mentors"),
        Role.SYSTEM_ADMINISTRATOR: _("Set up the units"),
        Role.MENTOR: _("Write my mentor profile"),
        Role.STUDENT: _("Write my profile"),
    }
    if role not in FIRST_STEPS:
        return []
    name, icon = FIRST_STEPS[role]
    return [{"label": labels[role], "url": reverse(name), "icon": icon}]
