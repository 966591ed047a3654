"""Publishing the week: a meeting for every week of the term, calendars, notices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import WorkingCalendar, time_zone_of, working_calendar
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person
from cotutelle.rotations.enums import MeetingState, TermState
from cotutelle.rotations.models import Meeting, Series, Term
from cotutelle.rotations.queries.weekly import series_of
from cotutelle.rotations.queries.weekly_clashes import Clash, clash_words, clashes_of
from cotutelle.rotations.queries.weekly_grid import Grid
from cotutelle.rotations.services.weekly_calendar import publish_meetings, withdraw_meetings
from cotutelle.rotations.services.weekly_terms import require_open


@dataclass(slots=True)
class Changes:
    """What a publication does to meetings: new ones, moved ones, those that fall away."""

    fresh: list[Meeting] = field(default_factory=list)
    moved: list[Meeting] = field(default_factory=list)
    gone: list[Meeting] = field(default_factory=list)

    @property
    def series(self) -> set[int]:
        """Whose meetings change."""
        return {row.series_id for row in (*self.fresh, *self.moved, *self.gone)}

    def __bool__(self) -> bool:
        return bool(self.fresh or self.moved or self.gone)


def clashes_in(changes: Changes) -> list[Clash]:
    """Return who, and which rooms, would be needed twice at once after a publication."""
    return clashes_of([*changes.fresh, *changes.moved], changes.gone)


def _require_no_clash(changes: Changes, code: str) -> None:
    """Refuse to put anybody, or a room, into two meetings at once."""
    found = clashes_in(changes)
    if found:
        raise RuleViolation(code, clash_words(found))


def days_of(series: Series, calendar: WorkingCalendar) -> Iterator[dt.date]:
    """Yield the days of the term on which a series is held: its weekday, no holidays."""
    if series.weekday is None:
        return
    term = series.term
    ahead = (series.weekday - term.starts_on.weekday()) % 7
    day = term.starts_on + dt.timedelta(days=ahead)
    while day <= term.ends_on:
        if calendar.is_working_day(day) or _is_weekend_grid(series, calendar, day):
            yield day
        day += dt.timedelta(days=7)


def _is_weekend_grid(series: Series, calendar: WorkingCalendar, day: dt.date) -> bool:
    """A time planned on a weekend is held there unless the day is a holiday by name."""
    return series.weekday is not None and series.weekday >= 5 and day not in calendar.days  # noqa: PLR2004


def changes_of(term: Term, only: Series | None = None) -> Changes:
    """
    Return what publishing the week (or one series) would change: meetings to come only.

    A meeting keeps the day it was made for within its week; one moved or cancelled by hand, held
    or missed stays as it is. One that fell away (a holiday, no slot) comes back with its slot.
    """
    calendar, grid = working_calendar(term.unit), Grid(term)
    zone = ZoneInfo(time_zone_of(term.unit))
    moment = now()
    result = Changes()
    rows = list(series_of(term).filter(**{"pk": only.pk} if only else {}))
    present: dict[tuple[int, tuple[int, int]], Meeting] = {
        (m.series_id, _week(m.original_on)): m
        for m in Meeting.objects.filter(series__in=rows).select_related("series")
    }
    for series in rows:
        seen = set()
        for day in days_of(series, calendar) if grid.holds(series) else ():
            wanted = _meeting(series, day, zone)
            seen.add(_week(day))
            row = present.get((series.pk, _week(day)))
            if wanted.starts_at <= moment:
                continue
            if row is None:
                result.fresh.append(wanted)
            elif _fell_away(row) or (
                row.state == MeetingState.PLANNED
                and row.starts_at > moment
                and _differs(row, wanted)
            ):
                row.state, row.original_on, row.starts_at = (
                    MeetingState.PLANNED,
                    wanted.original_on,
                    wanted.starts_at,
                )
                row.ends_at, row.room = wanted.ends_at, wanted.room
                row.series = series
                result.moved.append(row)
        result.gone += [
            row
            for (key, week), row in present.items()
            if key == series.pk
            and week not in seen
            and row.state == MeetingState.PLANNED
            and row.starts_at > moment
        ]
    return result


def _fell_away(row: Meeting) -> bool:
    """Tell whether a publication called it off: by hand nobody does so without a reason."""
    return row.state == MeetingState.CANCELLED and not row.reason


def _week(day: dt.date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def _meeting(series: Series, day: dt.date, zone: ZoneInfo) -> Meeting:
    # In UTC: in local time an hour is added or lost, and never equals another zone's.
    starts = dt.datetime.combine(day, series.starts_at or dt.time(), zone).astimezone(dt.UTC)
    return Meeting(
        series=series,
        original_on=day,
        starts_at=starts,
        ends_at=starts + dt.timedelta(minutes=series.minutes),
        room=series.room,
    )


def _differs(row: Meeting, wanted: Meeting) -> bool:
    names = ("original_on", "starts_at", "ends_at", "room_id")
    return any(getattr(row, name) != getattr(wanted, name) for name in names)


@transaction.atomic
def publish_week(term: Term, *, actor: Person) -> Changes:
    """
    Make the planned week hold: meetings to come, calendars, notices to whom it concerns.

    Refuses: ``term.state``, ``term.unplanned`` (nothing has a slot), ``term.unchanged``,
    ``term.clash`` (somebody or a room is needed at two meetings at once).
    """
    check(actor, "rotations.plan_week", term)
    term = Term.objects.select_for_update().select_related("unit").get(pk=term.pk)
    require_open(term)
    if not series_of(term).filter(weekday__isnull=False).exists():
        raise RuleViolation("term.unplanned", _("Nothing has a slot yet. Plan the week first."))
    changes = changes_of(term)
    is_first = term.state == TermState.DRAFT
    if not changes and not is_first:
        raise RuleViolation(
            "term.unchanged", _("Nothing has changed since the week was published.")
        )
    _require_no_clash(changes, "term.clash")
    _store(changes)
    publish_meetings([*changes.fresh, *changes.moved])
    term.state, term.published_at = TermState.PUBLISHED, now()
    term.save(update_fields=["state", "published_at"])
    record(
        "rotations.term.published",
        actor=actor,
        subject=term,
        after={"meetings": len(changes.fresh) + len(changes.moved) + len(changes.gone)},
        decision=True,
    )
    notify(
        _people(changes.series),
        "rotations.week_published" if is_first else "rotations.week_changed",
        params={"term": bilingual(term)},
        url=reverse("rotations:my-week"),
        unit=term.unit,
    )
    return changes


def publish_series(series: Series) -> Changes:
    """
    Let the meetings of one series follow its slot, in the caller's transaction; tell its people.

    Refuses: ``series.clash`` (somebody or a room is needed at another meeting then).
    """
    changes = changes_of(series.term, only=series)
    _require_no_clash(changes, "series.clash")
    _store(changes)
    publish_meetings([*changes.fresh, *changes.moved])
    if changes:
        notify(
            _people([series.pk]),
            "rotations.week_changed",
            params={"term": bilingual(series.term)},
            url=reverse("rotations:my-week"),
            unit=series.term.unit,
        )
    return changes


def _store(changes: Changes) -> None:
    for row in changes.moved:
        row.sequence += 1
    for row in changes.gone:
        row.state = MeetingState.CANCELLED
        row.sequence += 1
    Meeting.objects.bulk_create(changes.fresh, batch_size=1000)
    Meeting.objects.bulk_update(
        changes.moved,
        ["state", "original_on", "starts_at", "ends_at", "room", "sequence"],
        batch_size=500,
    )
    Meeting.objects.bulk_update(changes.gone, ["state", "sequence"], batch_size=500)
    withdraw_meetings(changes.gone)


def _people(series: Iterable[int]) -> list[Person]:
    return list(Person.objects.filter(series_places__series__in=list(series)).distinct())
