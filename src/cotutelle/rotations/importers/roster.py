"""Duty rosters (排班表): a table of people by days with codes, or a list of shifts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.core.clock import today
from cotutelle.core.text import half_width
from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Option,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.rotations.enums import DutyKind
from cotutelle.rotations.models import DutyEntry
from cotutelle.rotations.months import add_months, first_of, last_of, month_text, months_from
from cotutelle.rotations.queries.hours import policy_for
from cotutelle.rotations.queries.hours_roster import Roster, code_of, roster_of
from cotutelle.rotations.services.hours import save_duties
from cotutelle.rotations.shifts import USUAL, Shift, read_cell, shifts_of

_PAST, _AHEAD = 6, 3
_DAY_MINUTES = 1440
_MONTH_DAYS = 31


def _months(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
    """Return the months a roster may be of, the present one first."""
    present = first_of(today())
    others = months_from(add_months(present, -_PAST), _PAST + _AHEAD + 1)
    return [(f"{m:%Y-%m}", month_text(m)) for m in sorted(others, key=lambda m: m != present)]


def _codes() -> str:
    usual = [f"{s.code} {s.kind.label} {s.minutes / 60:g} h" for s in USUAL]
    return gettext(
        "Codes, joined by +; 休 is a free day, an empty cell changes nothing. Usual codes: %(codes)s."
    ) % {"codes": gettext("; ").join(usual)}


def _cell() -> Callable[[str], str]:
    def parse(cell: str) -> str:
        return "+".join(part.strip() for part in half_width(cell).replace("、", "+").split("+"))

    return parse


_PERSON = Column(
    "person", ("学号", "Student number", "考生编号", "编号", "姓名", "Name"), required=True,
    parse=parsing.text(max_length=60),
    help=_("Student number, or the name where the file has no numbers."),
)  # fmt: skip
_NAME = Column(
    "name", ("姓名", "Name"), parse=parsing.name(),
    help=_("Only for you to read; the student's number counts."),
)  # fmt: skip
GRID_COLUMNS = (
    _PERSON,
    _NAME,
    *(
        Column(
            f"d{n}", (f"{n}日", str(n), f"{n}号", f"{n:02}"), parse=_cell(),
            help=lazy(_codes, str)() if n == 1 else "", examples=("白", "上+科") if n == 1 else (),
        )
        for n in range(1, _MONTH_DAYS + 1)
    ),
)  # fmt: skip


def _clock() -> Callable[[str], dt.time]:
    def parse(cell: str) -> dt.time:
        raw = half_width(cell).strip()
        try:
            time: dt.time | None = dt.time.fromisoformat(raw.zfill(5) if raw[1:2] == ":" else raw)
        except ValueError:
            time = None
        if time is None or time.tzinfo is not None:
            raise ValueError(gettext("This is not a time. Write it like 08:00."))
        return time

    return parse


LIST_COLUMNS = (
    _PERSON,
    _NAME,
    Column("day", ("日期", "Day", "Date"), required=True, parse=parsing.date(),
           examples=("2026-11-16",)),
    Column("kind", ("类别", "Kind", "班次类别"), required=True, parse=parsing.choice(DutyKind)),
    Column("start", ("开始时间", "Start", "上班时间"), parse=_clock(), examples=("08:00",)),
    Column("hours", ("小时", "Hours", "时长"), required=True,
           parse=parsing.decimal(low=0, high=24), examples=("8",)),
)  # fmt: skip
_LIST_KEY = ("person", "day", "kind", "start")


def _span(rows: Sequence[Row], ctx: Context) -> tuple[dt.date, dt.date]:
    """Return the first and the last day the file speaks of."""
    if "month" in ctx.options:
        first = dt.date.fromisoformat(f"{ctx.options['month']}-01")
        return first, last_of(first)
    days = [row["day"] for row in rows if row["day"]] or [today()]
    return min(days), max(days)


def _opened(rows: Sequence[Row], ctx: Context) -> Roster:
    return roster_of(ctx.unit, *_span(rows, ctx), words={row["person"] or "" for row in rows})


def _person_problems(rows: Sequence[Row], roster: Roster) -> list[Problem]:
    problems = []
    seen: dict[int, int] = {}
    for row in rows:
        found = roster.people.get(row["person"] or "", [])
        if len(found) == 1 and "day" not in row:
            other = seen.setdefault(found[0].pk, row.number)
            if other != row.number:
                message = gettext("Row %(row)d is the same student.") % {"row": other}
                problems.append(Problem(row.number, "person", "roster.same", message))
        if row["person"] and len(found) != 1:
            message = (
                gettext("Several students have this name. Give the number.")
                if found
                else gettext("No student of this unit or its wards has this number or name then.")
            )
            problems.append(Problem(row.number, "person", "roster.person", message, row["person"]))
    return problems


def _cells(row: Row, first: dt.date) -> Iterable[tuple[str, dt.date | None, str]]:
    """Return column, day (``None`` where the month has no such day) and text of filled cells."""
    last = last_of(first).day
    for n in range(1, _MONTH_DAYS + 1):
        if row[f"d{n}"]:
            yield f"d{n}", first.replace(day=n) if n <= last else None, row[f"d{n}"]


def _day_fault(shifts: Sequence[Shift]) -> str:
    """Return what is wrong with the shifts of one day, or nothing."""
    if len({(s.kind, s.start) for s in shifts}) < len(shifts):
        return gettext("The same shift stands here twice.")
    if sum(s.minutes for s in shifts) > _DAY_MINUTES:
        return gettext("The day has more than 24 hours.")
    return ""


def check_grid(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report unknown people, unknown codes, days the month has not and days on other wards."""
    roster, shifts = _opened(rows, ctx), shifts_of(policy_for(ctx.unit))
    problems = _person_problems(rows, roster)
    first = _span(rows, ctx)[0]
    for row in rows:
        found = roster.people.get(row["person"] or "", [])
        for column, day, text in _cells(row, first):
            try:
                read = read_cell(text, shifts)
            except ValueError as error:
                problems.append(Problem(row.number, column, "roster.code", str(error), text))
                continue
            fault = _day_fault(read)
            if day is None and read:
                fault = gettext("The month has no such day.")
            elif day and len(found) == 1 and not roster.is_ours(found[0], day):
                fault = gettext("The student is on a ward of another unit on that day.")
            if fault:
                problems.append(Problem(row.number, column, "roster.day", fault, text))
    return problems


def current_grid(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the roster known of the people in the file, in codes, by what the file calls them."""
    roster, shifts = _opened(rows, ctx), shifts_of(policy_for(ctx.unit))
    first, last = _span(rows, ctx)
    known: dict[Key, Mapping[str, Any]] = {}
    for word, found in roster.people.items():
        if len(found) == 1 and (days := roster.duties.get(found[0].pk)):
            known[word,] = {
                f"d{n}": code_of(days.get(first.replace(day=n), []), shifts)
                for n in range(1, last.day + 1)
            }
    return known


def apply_grid(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Replace the person-days that have a code; empty cells change nothing."""
    counts = split_rows(rows, ("person",), current_grid(rows, ctx)).counts
    roster, shifts = _opened(rows, ctx), shifts_of(policy_for(ctx.unit))
    first = _span(rows, ctx)[0]
    duties, replaced = [], {}
    for row in rows:
        student = roster.people[row["person"]][0]
        days = [(day, read_cell(text, shifts)) for _c, day, text in _cells(row, first) if day]
        replaced[student] = {day for day, _read in days}
        duties += [
            DutyEntry(
                student=student, day=day, kind=shift.kind, starts_at=shift.start,
                minutes=shift.minutes, ward=roster.ward_on(student, day), source=roster.source,
            )
            for day, read in days
            for shift in read
        ]  # fmt: skip
    save_duties(duties, replaced=replaced, actor=ctx.actor)
    progress(len(rows))
    return counts


def check_list(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report unknown people, days on other wards, and days with more than 24 hours."""
    roster = _opened(rows, ctx)
    problems = _person_problems(rows, roster)
    by_day: dict[tuple[Any, Any], list[Shift]] = defaultdict(list)
    for row in rows:
        found = roster.people.get(row["person"] or "", [])
        if len(found) != 1 or not row["day"] or not row["kind"] or row["hours"] is None:
            continue
        minutes = round(row["hours"] * 60)
        if minutes < 1:
            message = gettext("Leave out shifts without time.")
            problems.append(Problem(row.number, "hours", "roster.hours", message))
        if not roster.is_ours(found[0], row["day"]):
            message = gettext("The student is on a ward of another unit on that day.")
            problems.append(Problem(row.number, "day", "roster.day", message))
        day = by_day[found[0].pk, row["day"]]
        day.append(Shift("", DutyKind(row["kind"]), row["start"], minutes))
        if fault := _day_fault(day):
            problems.append(Problem(row.number, "start", "roster.day", fault))
    return problems


def current_list(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the shifts known of the people in the file."""
    roster = _opened(rows, ctx)
    return {
        (word, duty.day, duty.kind, duty.starts_at): {"hours": duty.minutes / 60}
        for word, found in roster.people.items()
        if len(found) == 1
        for duties in roster.duties.get(found[0].pk, {}).values()
        for duty in duties
        if duty.starts_at is not None
    }


def apply_list(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Replace the person-days the file speaks of."""
    counts = split_rows(rows, _LIST_KEY, current_list(rows, ctx)).counts
    roster = _opened(rows, ctx)
    duties, replaced = [], defaultdict(set)
    for row in rows:
        student = roster.people[row["person"]][0]
        replaced[student].add(row["day"])
        duties.append(
            DutyEntry(
                student=student, day=row["day"], kind=row["kind"], starts_at=row["start"],
                minutes=round(row["hours"] * 60), ward=roster.ward_on(student, row["day"]),
                source=roster.source,
            )
        )  # fmt: skip
    save_duties(duties, replaced=replaced, actor=ctx.actor)
    progress(len(rows))
    return counts


register(
    Importer(
        kind="roster", label=_("Duty roster, people by days"), columns=GRID_COLUMNS,
        permission="rotations.import_roster", key=("person",), current=current_grid,
        check=check_grid, apply=apply_grid,
        options=(Option("month", _("Month"), _months, _("The columns 1 to 31 are its days.")),),
        help=_("One row per person, one column per day, codes of shifts in the cells."),
    )
)  # fmt: skip
register(
    Importer(
        kind="roster-days", label=_("Duty roster, one row a shift"), columns=LIST_COLUMNS,
        permission="rotations.import_roster", key=_LIST_KEY, current=current_list,
        check=check_list, apply=apply_list,
        help=_("One row per shift. What stood on the same days of the same people is replaced."),
    )
)  # fmt: skip
