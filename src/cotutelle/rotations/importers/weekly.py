"""Spreadsheets of weekly times: when people are taken in a week of a term."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.core.text import half_width
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
from cotutelle.institutions.queries import ancestors
from cotutelle.people.models import Person
from cotutelle.rotations.enums import BusyKind, TermState
from cotutelle.rotations.models import Term, WeeklyBusy
from cotutelle.rotations.queries.weekly import people_kept_by
from cotutelle.rotations.services.weekly_terms import BusyLine, replace_busy

_DAYS = {
    name: day
    for day, names in enumerate(
        (
            "一 1 mon monday", "二 2 tue tuesday", "三 3 wed wednesday", "四 4 thu thursday",
            "五 5 fri friday", "六 6 sat saturday", "日 天 7 0 sun sunday",
        )
    )
    for name in names.split()
}  # fmt: skip
_TIME = re.compile(r"^(\d{1,2})\s*[:点时]\s*(\d{2})?分?(?::00)?$")
_LAST_HOUR, _LAST_MINUTE = 23, 59


def weekday() -> Callable[[str], int]:
    """A day of the week: 周一, 星期一, 1, Mon."""

    def parse(cell: str) -> int:
        text = half_width(cell).strip().lower()
        text = re.sub(r"^(周|星期|礼拜)", "", text)
        if text not in _DAYS:
            raise ValueError(gettext("This is not a day of the week. Write it like 周三 or Wed."))
        return _DAYS[text]

    return parse


def time() -> Callable[[str], dt.time]:
    """A time of day: 14:00, 14点, 8:30."""

    def parse(cell: str) -> dt.time:
        found = _TIME.match(half_width(cell).strip())
        if found:
            hour, minute = int(found[1]), int(found[2] or 0)
            if hour <= _LAST_HOUR and minute <= _LAST_MINUTE:
                return dt.time(hour, minute)
        raise ValueError(gettext("This is not a time of day. Write it like 14:00."))

    return parse


COLUMNS = (
    Column("term", ("学期", "Term"), required=True, parse=parsing.text(max_length=80),
           help=_("Chinese or English name of the term.")),
    Column("number", ("工号或学号", "Number", "工号", "学号"), required=True,
           parse=parsing.number_text(), examples=("010203",)),
    Column("weekday", ("星期", "Weekday", "周几"), required=True, parse=weekday(),
           examples=("周三",)),
    Column("starts_at", ("开始", "From", "开始时间"), required=True, parse=time(),
           examples=("08:00",)),
    Column("ends_at", ("结束", "Until", "结束时间"), required=True, parse=time(),
           examples=("12:00",)),
    Column("kind", ("是否可调", "How firmly"), parse=parsing.choice(BusyKind),
           help=_("Empty means taken.")),
)  # fmt: skip
_KEY = ("term", "number", "weekday", "starts_at")


def _terms(ctx: Context) -> dict[str, Term]:
    """Return the terms of the unit and of those above and below it that are not over, by name."""
    above = [unit.pk for unit in ancestors(ctx.unit)]
    rows = Term.objects.filter(unit__in=above) | Term.objects.filter(
        unit__path__startswith=ctx.unit.path
    )
    open_terms = rows.exclude(state=TermState.ARCHIVED).select_related("unit")
    return {name: t for t in open_terms for name in (t.name_zh, t.name_en) if name}


def _people(rows: Sequence[Row], ctx: Context) -> dict[str, list[Person]]:
    numbers = {number for row in rows if (number := row["number"])}
    found: dict[str, list[Person]] = {}
    kept = people_kept_by(ctx.actor).filter(
        number__in=numbers, unit__path__startswith=ctx.unit.path
    )
    for person in kept:
        found.setdefault(person.number, []).append(person)
    return found


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the times known of the people in the rows."""
    names = {t.pk: [name for name, other in _terms(ctx).items() if other.pk == t.pk]
             for t in _terms(ctx).values()}  # fmt: skip
    people = [p for group in _people(rows, ctx).values() for p in group]
    lines = WeeklyBusy.objects.filter(term__in=names, person__in=people).select_related("person")
    return {
        (name, line.person.number, line.weekday, line.starts_at): {
            "ends_at": line.ends_at,
            "kind": line.kind,
        }
        for line in lines
        if line.person is not None
        for name in names[line.term_id]
    }


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report unknown terms and people, and times that end before they begin."""
    terms, people = _terms(ctx), _people(rows, ctx)
    problems = []
    for row in rows:
        starts, ends = row["starts_at"], row["ends_at"]
        known = len(people.get(row["number"] or "", ()))
        faults = (
            (bool(row["term"]) and row["term"] not in terms, "term", "busy.term",
             gettext("There is no open term of this name."), row["term"]),
            (bool(row["number"]) and known == 0, "number", "busy.person",
             gettext("No mentor or student of your unit has this number."), row["number"]),
            (known > 1, "number", "busy.several",
             gettext("Several people have this number. Import into their unit."), row["number"]),
            (bool(starts and ends) and ends <= starts, "ends_at", "busy.time",
             gettext("It ends before it begins."), str(ends or "")),
        )  # fmt: skip
        problems += [
            Problem(row.number, column, code, message, str(value or ""))
            for broken, column, code, message, value in faults
            if broken
        ]
    return problems


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Replace the weekly times of everybody who stands in the file."""
    terms, people = _terms(ctx), _people(rows, ctx)
    counts = split_rows(rows, _KEY, current(rows, ctx)).counts
    lines: dict[int, list[BusyLine]] = {}
    by_key = {term.pk: term for term in terms.values()}
    for row in rows:
        (person,) = people[row["number"]]
        lines.setdefault(terms[row["term"]].pk, []).append(
            BusyLine(
                person, row["weekday"], row["starts_at"], row["ends_at"],
                row["kind"] or BusyKind.FIXED,
            )
        )  # fmt: skip
    done = 0
    for key, own in lines.items():
        replace_busy(by_key[key], own, actor=ctx.actor)
        done += len(own)
        progress(done)
    return counts


register(
    Importer(
        kind="weekly-times", label=_("Weekly times of mentors and students"),
        columns=COLUMNS, permission="rotations.import_week_times", key=_KEY,
        current=current, check=check, apply=apply,
        help=_("One row for each time somebody is taken; it replaces what was known of them."),
    )
)  # fmt: skip
