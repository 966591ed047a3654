"""What is held every week, changed by hand: who takes part, its slot, its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from cotutelle.availability.services import withdraw_sources
from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import MeetingState, MemberRole, SeriesKind
from cotutelle.rotations.models import Meeting, MeetingRoom, Series, SeriesMember, Term, Ward
from cotutelle.rotations.queries.weekly import PLACED
from cotutelle.rotations.queries.weekly_clashes import clash_words, clashes_of
from cotutelle.rotations.queries.weekly_grid import Grid
from cotutelle.rotations.queries.weekly_rounds import source_of
from cotutelle.rotations.services.weekly_calendar import (
    publish_meetings,
    withdraw_meetings,
)
from cotutelle.rotations.services.weekly_terms import require_open
from cotutelle.rotations.task_kinds.weekly import FIND_NEW_SLOT, FREE_SLOT
from cotutelle.workflow.services import close_tasks

ROUND_MINUTES = 120


@dataclass(frozen=True, slots=True)
class MemberData:
    """Somebody of a series: part, needed or wished, may be remote."""

    person: Person
    role: str
    is_needed: bool = True
    may_be_remote: bool = False


@dataclass(frozen=True, slots=True)
class SeriesData:
    """What is held: kind, names, minutes, ward, whether it needs a room, link for remote people."""

    kind: str
    name_zh: str = ""
    name_en: str = ""
    minutes: int = ROUND_MINUTES
    ward: Ward | None = None
    needs_room: bool = False
    link: str = ""


@transaction.atomic
def save_series(
    term: Term,
    data: SeriesData,
    members: Sequence[MemberData],
    *,
    actor: Person,
    series: Series | None = None,
) -> Series:
    """
    Add a weekly appointment, or change one; who no longer fits its slot shows when it is planned.

    Refuses: ``term.state``, ``series.members`` (nobody; twice; a joint round without both
    mentors), ``series.minutes``, ``series.ended``, ``series.clash`` (who joins is needed at
    another meeting then).
    """
    check(actor, "rotations.plan_week", term)
    term = Term.objects.select_for_update().select_related("unit").get(pk=term.pk)
    require_open(term)
    if series is not None and series.ended_at is not None:
        raise RuleViolation("series.ended", _("This weekly time has ended."))
    _require_members(data, members)
    grid = Grid(term)
    if not any(grid.fits(s.number, grid.length(data.minutes)) for s in grid.slots):
        raise RuleViolation(
            "series.minutes", _("It does not fit between two pauses of a day."), field="minutes"
        )
    made = series or Series(term=term)
    for name in ("kind", "name_zh", "name_en", "minutes", "ward", "needs_room", "link"):
        setattr(made, name, getattr(data, name))
    if not made.needs_room:
        made.room = None
    made.save()
    needed = set(made.members.filter(is_needed=True).values_list("person", flat=True))
    _take_out(made, [m.person for m in members])
    for member in members:
        SeriesMember.objects.update_or_create(
            series=made,
            person=member.person,
            defaults={
                "role": member.role,
                "is_needed": member.is_needed,
                "may_be_remote": member.may_be_remote,
            },
        )
    ahead = list(_ahead(made).select_related("series__term__unit"))
    _require_free(ahead, needed)
    publish_meetings(ahead)
    record("rotations.series.saved", actor=actor, subject=made, after={"members": len(members)})
    return made


def _require_free(ahead: Sequence[Meeting], known: Collection[int]) -> None:
    """Refuse with ``series.clash`` people beyond the ``known`` who are needed elsewhere then."""
    found = [c for c in clashes_of(ahead) if c.person is not None and c.person.pk not in known]
    if found:
        raise RuleViolation("series.clash", clash_words(found))


def _ahead(series: Series) -> QuerySet[Meeting]:
    """Return the meetings to come that take place."""
    return series.meetings.filter(starts_at__gt=now(), state__in=PLACED)


def _take_out(series: Series, staying: Sequence[Person]) -> None:
    """Take everybody else out of a series, and its meetings to come out of their calendars."""
    leaving = list(series.members.exclude(person__in=staying).select_related("person"))
    sources = [source_of(row) for row in _ahead(series)]
    for member in leaving:
        withdraw_sources(sources, person=member.person)
        for kind in (FIND_NEW_SLOT, FREE_SLOT):
            close_tasks(series, kind, assignee=member.person, cancelled=True)
        member.delete()


def _require_members(data: SeriesData, members: Sequence[MemberData]) -> None:
    people = [m.person.pk for m in members]
    if not people:
        raise RuleViolation("series.members", _("Somebody takes part."))
    if len(set(people)) != len(people):
        raise RuleViolation("series.members", _("Somebody stands there twice."))
    roles = {m.role for m in members}
    both = {MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR}
    if data.kind == SeriesKind.JOINT_ROUND and not both <= roles:
        raise RuleViolation(
            "series.members", _("A joint round has a clinical mentor and a research mentor.")
        )


@transaction.atomic
def end_series(series: Series, *, actor: Person) -> int:
    """
    End a weekly appointment; its meetings to come are cancelled and leave the calendars.

    Returns how many those are. Refuses: ``series.ended``.
    """
    check(actor, "rotations.plan_week", series)
    moment = now()
    live = Series.objects.filter(pk=series.pk, ended_at__isnull=True)
    if not live.update(ended_at=moment, sequence=F("sequence") + 1):
        raise RuleViolation("series.ended", _("This weekly time has ended."))
    series.refresh_from_db()
    ahead = list(_ahead(series))
    Meeting.objects.filter(pk__in=[m.pk for m in ahead]).update(
        state=MeetingState.CANCELLED, sequence=F("sequence") + 1
    )
    withdraw_meetings(ahead)
    for kind in (FIND_NEW_SLOT, FREE_SLOT):
        close_tasks(series, kind, cancelled=True)
    record("rotations.series.ended", actor=actor, subject=series, after={"count": len(ahead)})
    return len(ahead)


def set_slot(series: Series, start: int | None, room: MeetingRoom | None, grid: Grid) -> bool:
    """Give a series a slot of the grid, in the caller's transaction; tell whether it changed."""
    weekday: int | None = None
    starts_at: dt.time | None = None
    if start is not None:
        weekday, starts_at, _ends = grid.window(start, 1)
    new = (weekday, starts_at, room.pk if room else None)
    if (series.weekday, series.starts_at, series.room_id) == new:
        return False
    series.weekday, series.starts_at, series.room = weekday, starts_at, room
    series.sequence += 1
    series.save(update_fields=["weekday", "starts_at", "room", "sequence"])
    return True
