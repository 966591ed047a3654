"""Placing a weekly appointment by hand, and asking people to free a time for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines import weekly
from cotutelle.engines.weekly import Placement, Violation, WeeklyPlan
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.rotations.enums import TermState
from cotutelle.rotations.models import MeetingRoom, Series, Term
from cotutelle.rotations.queries.weekly_grid import Grid, window_text
from cotutelle.rotations.queries.weekly_problem import Week, as_it_is, build_week
from cotutelle.rotations.queries.weekly_words import name_of, names_of
from cotutelle.rotations.services.weekly_publication import publish_series
from cotutelle.rotations.services.weekly_series import set_slot
from cotutelle.rotations.services.weekly_terms import free_window, require_open
from cotutelle.rotations.task_kinds.weekly import FIND_NEW_SLOT, FREE_SLOT
from cotutelle.workflow.services import close_tasks, open_task

ANSWER_WORKING_DAYS = 3
_CLASHES = frozenset(
    {
        "outside_week", "across_pause", "not_allowed_day", "busy", "twice_at_once", "no_room",
        "not_allowed_room", "room_busy", "room_twice", "seats",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """Every slot at which a series fits into a day: what forbids it, and who would not like it."""

    grid: Grid
    says: Mapping[int, Sequence[str]]
    unliked: frozenset[int]


def options_of(series: Series, room: MeetingRoom | None) -> Options:
    """Return where a series could be held while all others stay as they are."""
    week = build_week(series.term)
    grid, length = week.grid, week.grid.length(series.minutes)
    own = {str(m.person.public_id) for m in series.members.select_related("person")}
    unwanted = {slot for p in week.problem.parties if p.id in own for slot in p.unwanted}
    starts = [s.number for s in grid.slots if grid.fits(s.number, length)]
    return Options(
        grid,
        {start: clashes_at(week, series, start, room) for start in starts},
        frozenset(s for s in starts if unwanted & set(range(s, s + length))),
    )


def clashes_at(week: Week, series: Series, start: int, room: MeetingRoom | None) -> list[str]:
    """Return, in sentences, what forbids a series there while all others stay as they are."""
    name = str(series.public_id)
    where = Placement(start, str(room.public_id) if room else None)
    others = as_it_is(week, without=series)
    own = next(a for a in week.problem.activities if a.id == name)
    near = [
        a
        for a in week.problem.activities
        if a.id in others and (a.needed & own.needed or _same_room(others[a.id], where))
    ]
    plan = WeeklyPlan(
        placements={a.id: others[a.id] for a in near} | {name: where},
        unplaced=(),
        fixes={},
        left_out={a.id: tuple(sorted(a.wished)) for a in (*near, own) if a.wished},
        unchanged=0,
        cost=0,
        is_optimal=False,
        bound_placed=len(near) + 1,
    )
    window = range(start, start + own.length)
    shared = {"twice_at_once", "room_twice"}
    found = [
        v
        for v in weekly.check_week(replace(week.problem, activities=(*near, own)), plan)
        if v.code in _CLASHES and (v.activity == name or (v.code in shared and v.slot in window))
    ]
    people = {str(m.person.public_id): m.person for m in week.members.values()}
    return _sentences(found, people)


def _same_room(one: Placement, other: Placement) -> bool:
    return one.room is not None and one.room == other.room


def _sentences(found: Sequence[Violation], people: Mapping[str, Person]) -> list[str]:
    busy = [people[v.subject or ""] for v in found if v.code == "busy" and v.subject in people]
    twice = [
        people[v.subject or ""] for v in found if v.code == "twice_at_once" and v.subject in people
    ]
    codes = {v.code for v in found}
    says = []
    if busy:
        says.append(_("Taken: %(who)s") % {"who": names_of(dict.fromkeys(busy))})
    if twice:
        says.append(
            _("At another appointment then: %(who)s") % {"who": names_of(dict.fromkeys(twice))}
        )
    if codes & {"outside_week", "across_pause"}:
        says.append(_("It does not fit between two pauses of a day."))
    if codes & {"room_busy", "room_twice"}:
        says.append(_("The room is taken."))
    if "seats" in codes:
        says.append(_("The room is too small."))
    if codes & {"no_room", "not_allowed_room"}:
        says.append(_("It needs a room."))
    return says


@transaction.atomic
def place_series(
    series: Series, start: int | None, *, room: MeetingRoom | None = None, actor: Person
) -> Series:
    """
    Give a series a slot by hand, or none; everything else stays where it is.

    Where the week is published, its meetings to come and everybody's calendar follow at once.
    Refuses: ``term.state``, ``series.ended``, ``series.clash`` (somebody or the room is taken).
    """
    check(actor, "rotations.place_series", series)
    term = Term.objects.select_for_update().select_related("unit").get(pk=series.term_id)
    require_open(term)
    if series.ended_at is not None:
        raise RuleViolation("series.ended", _("This weekly time has ended."))
    series.term = term
    week = build_week(term)
    if start is not None and (says := clashes_at(week, series, start, room)):
        raise RuleViolation("series.clash", " ".join(says))
    if set_slot(series, start, room, week.grid):
        record(
            "rotations.series.placed",
            actor=actor,
            subject=series,
            after={"weekday": series.weekday, "starts_at": str(series.starts_at or "")},
        )
        close_tasks(series, FIND_NEW_SLOT)
        if term.state == TermState.PUBLISHED:
            publish_series(series)
    return series


@transaction.atomic
def ask_for_slot(
    series: Series,
    person: Person,
    *,
    weekday: int,
    starts_at: dt.time,
    ends_at: dt.time,
    actor: Person,
) -> None:
    """
    Ask somebody of a series to free a time of their week; they get a task.

    Refuses: ``term.state``, ``series.members`` (not of this series), ``busy.slot`` (no time).
    """
    check(actor, "rotations.plan_week", series)
    require_open(series.term)
    if not series.members.filter(person=person).exists():
        raise RuleViolation("series.members", _("This person does not take part."))
    if ends_at <= starts_at or weekday not in Grid(series.term).weekdays:
        raise RuleViolation("busy.slot", _("There is no such slot in this term."))
    address = reverse("rotations:series-free", args=[series.public_id])
    open_task(
        assignee=person,
        kind=FREE_SLOT,
        subject=series,
        unit=series.term.unit,
        due_at=deadline(series.term.unit, now(), ANSWER_WORKING_DAYS),
        params={"name": name_of(series)},
        url=f"{address}?day={weekday}&from={starts_at:%H:%M}&until={ends_at:%H:%M}",
    )
    record(
        "rotations.series.asked",
        actor=actor,
        subject=series,
        after={
            "who": person.name_zh,
            "weekday": weekday,
            "starts_at": f"{starts_at:%H:%M}",
        },
    )


@transaction.atomic
def answer_slot(
    series: Series,
    *,
    weekday: int,
    starts_at: dt.time,
    ends_at: dt.time,
    frees: bool,
    actor: Person,
) -> bool:
    """
    Free the time one was asked for, or say that it cannot be done; the planners are told.

    Returns whether anything was freed. Refuses: ``series.members``, ``term.state``.
    """
    require_open(series.term)
    if not series.members.filter(person=actor).exists():
        raise RuleViolation("series.members", _("This person does not take part."), status=403)
    freed = frees and free_window(series.term, actor, weekday, starts_at, ends_at)
    close_tasks(series, FREE_SLOT, assignee=actor, cancelled=not frees)
    if freed:
        record(
            "rotations.series.freed",
            actor=actor,
            subject=series,
            after={"weekday": weekday, "starts_at": f"{starts_at:%H:%M}"},
        )
        notify(
            holders(series.term.unit, Role.RESIDENCY_OFFICE),
            "rotations.slot_freed",
            params={"name": name_of(series), "when": window_text(weekday, starts_at, ends_at)},
            url=reverse("rotations:term", args=[series.term.public_id]),
            unit=series.term.unit,
        )
    return freed
