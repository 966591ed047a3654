"""The grid of a term: its slots, and what times of day fall into which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from cotutelle.rotations.models import Series, Term
from cotutelle.ui.dates import format_weekday

_MONDAY = dt.date(2024, 1, 1)
HALF_DAY_MINUTES = 240


def minutes_of(time: dt.time) -> int:
    """Return the minutes since midnight."""
    return time.hour * 60 + time.minute


def time_of(minutes: int) -> dt.time:
    """Return the time of day so many minutes after midnight."""
    return dt.time(*divmod(minutes, 60))


def weekday_name(weekday: int) -> str:
    """Return ``周三`` or ``Wed`` of 0 (Monday) to 6."""
    return format_weekday(_MONDAY + dt.timedelta(days=weekday))


def window_text(weekday: int, start: dt.time, end: dt.time) -> str:
    """Return ``Wed 14:00–16:00``."""
    return f"{weekday_name(weekday)} {start:%H:%M}–{end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of the week; ``starts`` and ``ends`` in minutes since midnight."""

    number: int
    weekday: int
    starts: int
    ends: int

    @property
    def text(self) -> str:
        """In words."""
        return window_text(self.weekday, time_of(self.starts), time_of(self.ends))


class Grid:
    """The slots of a term, Monday first; the break holds none."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.minutes = term.slot_minutes
        self.weekdays = range(term.weekdays)
        self.starts = [start for run in _runs(term) for start in run]
        after_pause = {run[0] for run in _runs(term)[1:] if run}
        self.slots = tuple(
            Slot(number, weekday, start, start + self.minutes)
            for number, (weekday, start) in enumerate(
                (weekday, start) for weekday in self.weekdays for start in self.starts
            )
        )
        self.breaks = frozenset(slot.number for slot in self.slots if slot.starts in after_pause)

    @cached_property
    def by_start(self) -> dict[tuple[int, int], Slot]:
        """The slots by weekday and first minute."""
        return {(slot.weekday, slot.starts): slot for slot in self.slots}

    def length(self, minutes: int) -> int:
        """Return how many slots ``minutes`` take."""
        return max(1, -(-minutes // self.minutes))

    def half_day(self) -> int:
        """Return the minutes of a half-day: four hours, or what fits between two pauses."""
        runs = [len(run) * self.minutes for run in _runs(self.term) if run]
        return min([HALF_DAY_MINUTES, *runs])

    def touched(self, weekday: int, start: dt.time, end: dt.time) -> list[int]:
        """Return the slots that a time of the week touches."""
        first, last = minutes_of(start), minutes_of(end)
        return [
            slot.number
            for slot in self.slots
            if slot.weekday == weekday and slot.starts < last and slot.ends > first
        ]

    def slot_at(self, weekday: int | None, start: dt.time | None) -> int | None:
        """Return the slot that begins then."""
        if weekday is None or start is None:
            return None
        found = self.by_start.get((weekday, minutes_of(start)))
        return found.number if found else None

    def fits(self, start: int, length: int) -> bool:
        """Tell whether ``length`` slots from ``start`` on lie on one day without a pause."""
        if start < 0 or start + length > len(self.slots):
            return False
        window = self.slots[start : start + length]
        return len({s.weekday for s in window}) == 1 and not any(
            s.number in self.breaks for s in window[1:]
        )

    def holds(self, series: Series) -> bool:
        """Tell whether a series has a slot of this grid, and ends before the next pause."""
        start = self.slot_at(series.weekday, series.starts_at)
        return start is not None and self.fits(start, self.length(series.minutes))

    def window(self, start: int, length: int) -> tuple[int, dt.time, dt.time]:
        """Return weekday, beginning and end of ``length`` slots from ``start`` on."""
        first, last = self.slots[start], self.slots[start + length - 1]
        return first.weekday, time_of(first.starts), time_of(last.ends)

    def text(self, start: int, length: int) -> str:
        """Return the window in words."""
        return window_text(*self.window(start, length))

    def windows(self, slots: Iterable[int]) -> list[tuple[int, int]]:
        """Return runs of neighbouring slots as (first slot, length)."""
        runs: list[tuple[int, int]] = []
        for number in sorted(slots):
            if runs and sum(runs[-1]) == number and self.fits(runs[-1][0], runs[-1][1] + 1):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((number, 1))
        return runs


def _runs(term: Term) -> list[list[int]]:
    """Return the first minutes of the slots of a day, before and after the break."""
    first, last = minutes_of(term.day_starts), minutes_of(term.day_ends)
    if term.break_starts is None or term.break_ends is None:
        return [list(range(first, last - term.slot_minutes + 1, term.slot_minutes))]
    pause, resume = minutes_of(term.break_starts), minutes_of(term.break_ends)
    step = term.slot_minutes
    return [list(range(first, pause - step + 1, step)), list(range(resume, last - step + 1, step))]


def grid_fault(term: Term) -> str:
    """Return why the times of a term make no grid; empty when they do."""
    if (term.break_starts is None) != (term.break_ends is None):
        return _("A break has a beginning and an end.")
    if term.break_starts and term.break_ends:
        order = [term.day_starts, term.break_starts, term.break_ends, term.day_ends]
        if sorted(order) != order or term.break_starts == term.break_ends:
            return _("The break lies within the day.")
    if not Grid(term).slots:
        return _("No slot fits into the day.")
    return ""
