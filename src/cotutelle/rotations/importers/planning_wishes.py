"""Spreadsheets of wishes and constraints, as the page of a plan's trainees writes them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CycleState, WishKind
from cotutelle.rotations.models import Cycle, Participant, Ward
from cotutelle.rotations.months import first_of
from cotutelle.rotations.queries.planning import cycles_planned_by
from cotutelle.rotations.queries.planning_keys import ward_key
from cotutelle.rotations.queries.planning_months import period_of
from cotutelle.rotations.services.planning_wishes import WishData, add_wish, wish_fault
from cotutelle.ui.dates import YEARS

SOURCE = "import"
MOST_WEIGHT = 5
_MONTH = re.compile(r"(\d{4})\D+(\d{1,2})\D*")


def _month(text: str) -> str:
    found = _MONTH.fullmatch(text.strip())
    if not found or int(found[1]) not in YEARS or not 1 <= int(found[2]) <= 12:  # noqa: PLR2004
        raise ValueError(gettext("Write the month as 2027-09."))
    return f"{int(found[1]):04}-{int(found[2]):02}"


COLUMNS = (
    Column("number", ("学号", "Student number"), required=True, parse=parsing.number_text(), examples=("2026010234",)),
    Column("name", ("姓名", "Name"), help=_("Only for you to read; the number counts.")),
    Column("kind", ("类型", "Kind", "类别"), parse=parsing.choice(WishKind), examples=("希望去某科室", "Away"), help=_("Empty: no wish in this row.")),
    Column("ward", ("科室", "Ward", "轮转科室"), examples=("YL1/ICU",), help=_("Code of the hospital, a slash, code of the ward.")),
    Column("hospital", ("医院", "Hospital"), examples=("YL1",), help=_("Code of the hospital.")),
    Column("first", ("起始月份", "From month", "起始月"), parse=_month, examples=("2027-09",)),
    Column("last", ("截止月份", "To month", "结束月"), parse=_month, examples=("2027-11",)),
    Column("weight", ("权重", "Weight"), parse=parsing.integer(low=1, high=MOST_WEIGHT), examples=("1",)),
    Column("reason", ("理由", "Reason", "原因"), parse=parsing.text(max_length=200)),
)  # fmt: skip


def _cycles(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
    rows = cycles_planned_by(actor).exclude(state=CycleState.ARCHIVED)
    return [(str(cycle.public_id), cycle.display_name) for cycle in rows]


CYCLE = Option("cycle", _("Rotation plan"), _cycles)


def _cycle(ctx: Context) -> Cycle:
    return cycles_planned_by(ctx.actor).get(public_id=ctx.options["cycle"])


class _Reader:
    """Turns rows into wishes of one cycle; few queries, however many rows."""

    def __init__(self, ctx: Context) -> None:
        self.cycle = _cycle(ctx)
        self.people: dict[str, Participant] = {
            row.student.person.number: row
            for row in self.cycle.participants.select_related("student__person", "cycle__unit")
        }
        self.wards = {ward_key(w): w for w in Ward.objects.select_related("hospital")}
        self.hospitals = {w.hospital.code: w.hospital for w in self.wards.values()}

    def period(self, text: str | None) -> int | None:
        """Return the period of a month written as ``2027-09``."""
        if text is None:
            return None
        year, month = (int(part) for part in text.split("-"))
        return period_of(self.cycle, first_of(self.cycle.starts_on.replace(year, month)))

    def wish(self, row: Row) -> WishData:
        """Return the wish of a row that names a kind."""
        return WishData(
            kind=row["kind"],
            ward=self.wards.get(row["ward"] or ""),
            hospital=self.hospitals.get(row["hospital"] or ""),
            first=self.period(row["first"]),
            last=self.period(row["last"]),
            weight=row.get("weight", 1),
            reason=row.get("reason", ""),
            source=SOURCE,
        )

    def known(self) -> dict[Key, dict[str, Any]]:
        """Return the wishes that are there, by the key of their rows."""
        found: dict[Key, dict[str, Any]] = {}
        for number, person in self.people.items():
            for wish in person.wishes.select_related("ward__hospital", "hospital"):
                ward = ward_key(wish.ward) if wish.ward else None
                hospital = wish.hospital.code if wish.hospital else None
                found[number, wish.kind, ward, hospital, wish.first] = {}
        return found

    def key(self, row: Row) -> Key:
        """Return what makes a wish the same one."""
        data = self.wish(row)
        ward = ward_key(data.ward) if data.ward else None
        hospital = data.hospital.code if data.hospital else None
        return (row["number"], data.kind, ward, hospital, data.first)


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Nothing is updated: a wish is there or it is new, which `apply` tells."""
    return {}


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report numbers of nobody in the plan, unknown wards and hospitals, incomplete wishes."""
    reader = _Reader(ctx)
    found = []
    for row in rows:
        if row["number"] and row["number"] not in reader.people:
            text = gettext("Nobody in this plan has this number.")
            found.append(Problem(row.number, "number", "wish.person", text, row["number"]))
        for name, known in (("ward", reader.wards), ("hospital", reader.hospitals)):
            if row[name] and row[name] not in known:
                text = gettext("There is no ward or hospital of this code.")
                found.append(Problem(row.number, name, "wish.place", text, row[name]))
                break
        else:
            found += _faults(row, reader)
    return found


def _faults(row: Row, reader: _Reader) -> list[Problem]:
    """Return what is wrong with the wish of a row that names a kind."""
    if not row["kind"]:
        return []
    data = reader.wish(row)
    if fault := wish_fault(data):
        return [Problem(row.number, fault[0], "wish.incomplete", fault[1])]
    text = gettext("This month lies outside the plan.")
    return [
        Problem(row.number, name, "wish.month", text, row[name])
        for name, period in (("first", data.first), ("last", data.last))
        if period is not None and not 0 <= period < reader.cycle.months
    ]


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Add the wishes that are not there yet."""
    reader = _Reader(ctx)
    known, made = reader.known(), 0
    for done, row in enumerate(rows, 1):
        if row["kind"] and (key := reader.key(row)) not in known:
            add_wish(reader.people[row["number"]], reader.wish(row), actor=ctx.actor)
            known[key] = {}
            made += 1
        progress(done)
    return Counts(created=made, unchanged=len(rows) - made)


register(
    Importer(
        kind="rotation-wishes",
        label=_("Wishes and constraints of a rotation plan"),
        columns=COLUMNS,
        permission="rotations.import_wishes",
        key=("number", "kind", "ward", "hospital", "first"),
        current=current,
        check=check,
        apply=apply,
        options=(CYCLE,),
        help=_("One row per wish; the trainees' page of a plan writes the same sheet out."),
    )
)
