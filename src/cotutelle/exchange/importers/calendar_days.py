"""Holidays, adjusted working days (调休) and vacations from a spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.enums import DayKind
from cotutelle.institutions.models import Calendar, CalendarDay
from cotutelle.institutions.services import create_calendar, set_days

_LONGEST_DAYS = 366

COLUMNS = (
    Column(
        "first",
        ("开始日期", "First day", "日期", "起始日期", "Day", "Date"),
        required=True,
        parse=parsing.date(),
        examples=("2026-10-01",),
    ),
    Column(
        "last",
        ("结束日期", "Last day", "截止日期"),
        help=gettext_lazy("Empty: one day."),
        parse=parsing.date(),
        examples=("2026-10-08",),
    ),
    Column(
        "kind",
        ("类型", "Kind", "类别"),
        required=True,
        parse=parsing.choice(
            DayKind,
            {"节假日": "holiday", "法定节假日": "holiday", "放假": "holiday", "假日": "holiday",
             "调休": "workday", "补班": "workday", "上班": "workday", "调休上班": "workday",
             "工作日": "workday", "寒假": "vacation", "暑假": "vacation", "寒暑假": "vacation"},
        ),
        examples=("节假日",),
    ),
    Column(
        "name_zh",
        ("名称", "Chinese name", "节日", "说明"),
        parse=parsing.text(max_length=60),
        examples=("国庆节",),
    ),
    Column("name_en", ("英文名称", "English name"), parse=parsing.text(max_length=60)),
)  # fmt: skip


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the rows whose days are all known; they differ unless kind and names agree."""
    days = _known_days(ctx)
    found: dict[Key, Mapping[str, Any]] = {}
    for row in rows:
        known = [days.get(day) for day in _span(row)]
        first = known[0] if known else None
        if first is None:
            continue
        same = all(
            d is not None and (d.kind, d.name_zh) == (first.kind, first.name_zh) for d in known
        )
        found[(row["first"],)] = {
            "kind": first.kind if same else "",
            "name_zh": first.name_zh,
            "name_en": first.name_en,
        }
    return found


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Ranges that run backwards or over each other."""
    problems: list[Problem] = []
    taken: dict[dt.date, int] = {}
    for row in rows:
        first, last = row["first"], row["last"]
        if first and last and not 0 <= (last - first).days < _LONGEST_DAYS:
            problems.append(
                Problem(
                    row.number,
                    "last",
                    "calendar.range",
                    _("The last day must follow the first, within one year."),
                )
            )
            continue
        other = next((taken[day] for day in _span(row) if day in taken), None)
        if other is not None and first not in (r["first"] for r in rows if r.number == other):
            problems.append(
                Problem(
                    row.number,
                    "first",
                    "calendar.overlap",
                    _("These days overlap with those of row %(row)s.") % {"row": other},
                )
            )
        for day in _span(row):
            taken.setdefault(day, row.number)
    return problems


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Set the days of the unit's own calendar, which is made when there is none."""
    split = split_rows(rows, ("first",), current(rows, ctx))
    calendar = Calendar.objects.filter(units=ctx.unit, unit=ctx.unit).first()
    if calendar is None:
        calendar = create_calendar(
            ctx.unit,
            name_zh=f"{ctx.unit.name_zh}工作日历",
            name_en=f"{ctx.unit.name_en or ctx.unit.name_zh} calendar",
            actor=ctx.actor,
        )
    for done, row in enumerate([*split.create, *(c.row for c in split.update)], 1):
        set_days(
            calendar,
            row["first"],
            row["last"] or row["first"],
            row["kind"],
            name_zh=row.get("name_zh", ""),
            name_en=row.get("name_en", ""),
            actor=ctx.actor,
        )
        progress(done)
    return split.counts


def _known_days(ctx: Context) -> dict[dt.date, CalendarDay]:
    found = CalendarDay.objects.filter(calendar__units=ctx.unit, calendar__unit=ctx.unit)
    return {d.day: d for d in found}


def _span(row: Row) -> list[dt.date]:
    first, last = row["first"], row["last"] or row["first"]
    if not first or not 0 <= (last - first).days < _LONGEST_DAYS:
        return []
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


IMPORTER = register(
    Importer(
        kind="calendar_days",
        label=gettext_lazy("Calendar days"),
        help=gettext_lazy(
            "Public holidays, adjusted working days and vacations of an institution."
        ),
        columns=COLUMNS,
        permission="institutions.change_calendar",
        key=("first",),
        current=current,
        check=check,
        apply=apply,
    )
)
