"""Spreadsheets of wards, of their places by month, and of trainees who are not planned here."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below
from cotutelle.rotations.enums import OccupancyKind
from cotutelle.rotations.models import Department, Occupancy, Ward, WardMonth
from cotutelle.rotations.services.setup_wards import (
    HALF_DAYS,
    Range,
    WardData,
    accredit_ward,
    create_ward,
    edit_ward,
    set_months,
    set_occupancy,
)
from cotutelle.ui.dates import YEARS

_MOST = 999
_MONTH = re.compile(r"^(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?(?:[-/.]?0?1日?)?$")
_COUNT = parsing.integer(low=0, high=_MOST)


def month() -> Any:
    """A month: 2026-09, 2026/9, 202609, 2026年9月, or any day of it."""

    def parse(cell: str) -> dt.date:
        found = _MONTH.match(half_width(cell).strip())
        if found and int(found[1]) in YEARS and 1 <= int(found[2]) <= 12:  # noqa: PLR2004
            return dt.date(int(found[1]), int(found[2]), 1)
        try:
            return parsing.date()(cell).replace(day=1)
        except ValueError:
            raise ValueError(gettext("This is not a month. Write it like 2026-09.")) from None

    return parse


WARD_COLUMNS = (
    Column("unit", ("单位代码", "Unit code", "科室单位代码"), parse=parsing.number_text(),
           help=_("Unit that runs the ward; empty means the unit you import into.")),
    Column("code", ("轮转科室代码", "Code", "代码", "科室代码"), required=True,
           parse=parsing.number_text(), examples=("CARD",),
           help=_("Identifies the ward; importing it again updates.")),
    Column("name_zh", ("中文名称", "Name in Chinese", "名称", "轮转科室"), required=True,
           parse=parsing.text(max_length=80)),
    Column("name_en", ("英文名称", "Name in English"), parse=parsing.text(max_length=120)),
    Column("departments", ("国家标准科室代码", "Departments", "认定科室"),
           parse=parsing.many(parsing.number_text()), examples=("CARD;ECG",),
           help=_("Codes of the departments for which the ward is accredited.")),
    Column("upper", ("每月最多", "Most trainees a month", "容量", "最大容量"), parse=_COUNT),
    Column("lower", ("每月最少", "Fewest trainees a month", "最少人数"), parse=_COUNT),
    Column("research_half_days", ("每周科研半天", "Research half-days a week"),
           parse=parsing.integer(low=0, high=HALF_DAYS)),
)  # fmt: skip
_FIELDS = ("name_zh", "name_en", "upper", "lower", "research_half_days")


def _wards(rows: Sequence[Row], ctx: Context) -> dict[str, list[Ward]]:
    """Return the wards at or below the unit of the import, by code."""
    codes = {code for row in rows if (code := row["code"] or row["ward"])}
    found: dict[str, list[Ward]] = defaultdict(list)
    rows_ = Ward.objects.filter(code__in=codes, unit__path__startswith=ctx.unit.path)
    for ward in rows_.select_related("unit", "hospital").prefetch_related(
        "accreditations__department"
    ):
        found[ward.code].append(ward)
    return found


def _values(ward: Ward) -> dict[str, Any]:
    values = {name: getattr(ward, name) for name in _FIELDS}
    departments = tuple(a.department.code for a in ward.accreditations.all())
    return values | {"unit": ward.unit.code, "departments": departments}


def current_wards(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the rows, by code; departments already there are no change."""
    wards = _wards(rows, ctx)
    found: dict[Key, Mapping[str, Any]] = {}
    for row in rows:
        ours = wards.get(row["code"] or "", [])
        if len(ours) != 1:
            continue
        values = _values(ours[0])
        if not set(row["departments"] or ()) - set(values["departments"]):
            values["departments"] = row["departments"]
        found[row["code"],] = values
    return found


def check_wards(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report unknown units and departments, ambiguous codes, ranges that end before they begin."""
    wards = _wards(rows, ctx)
    units = set(at_or_below(ctx.unit).values_list("code", flat=True))
    departments = set(Department.objects.values_list("code", flat=True))
    problems = []
    for row in rows:
        unknown = sorted(set(row["departments"] or ()) - departments)
        known = wards.get(row["code"] or "", [])
        old = known[0] if len(known) == 1 else None
        upper = row.get("upper", old.upper if old else None)
        lower = row.get("lower", old.lower if old else 0)
        faults = (
            (bool(row["unit"]) and row["unit"] not in units, "unit", "ward.unit",
             gettext("There is no such unit below the one you import into."), row["unit"]),
            (bool(unknown), "departments", "ward.department",
             gettext("There is no department of this code."), "; ".join(unknown)),
            (len(known) > 1, "code", "ward.several",
             gettext("Several hospitals have a ward of this code. Import into one of them."), row["code"]),
            (upper is not None and upper < lower, "lower", "ward.range",
             gettext("The most trainees are fewer than the fewest."), str(lower)),
        )  # fmt: skip
        problems += [
            Problem(row.number, column, code, message, str(value or ""))
            for broken, column, code, message, value in faults
            if broken
        ]
    return problems


def apply_wards(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Add new wards and change known ones; empty cells change nothing."""
    known = {code: wards[0] for code, wards in _wards(rows, ctx).items()}
    split = split_rows(rows, ("code",), current_wards(rows, ctx))
    units: dict[str, Unit] = {u.code: u for u in at_or_below(ctx.unit)}
    for done, row in enumerate(split.create, 1):
        fields = {n: v for n in _FIELDS if (v := row[n]) is not None}
        unit = units.get(row["unit"] or "", ctx.unit)
        made = create_ward(unit, WardData(code=row["code"], **fields), actor=ctx.actor)
        _accredit(made, row["departments"] or (), ctx)
        progress(done)
    for done, change in enumerate(split.update, 1 + len(split.create)):
        ward = known[change.row["code"]]
        new = {n: v for n, v in change.after.items() if n in _FIELDS and v is not None}
        fields = {n: getattr(ward, n) for n in _FIELDS} | new
        edit_ward(ward, WardData(code=ward.code, **fields), actor=ctx.actor)
        _accredit(ward, change.row["departments"] or (), ctx)
        progress(done)
    return split.counts


def _accredit(ward: Ward, codes: Sequence[str], ctx: Context) -> None:
    present = set(ward.accreditations.values_list("department__code", flat=True))
    for department in Department.objects.filter(code__in=set(codes) - present):
        accredit_ward(ward, department, actor=ctx.actor)


# ---------------------------------------------------------------- by month

_WARD = Column(
    "ward", ("轮转科室代码", "Ward", "科室代码", "Code"), required=True,
    parse=parsing.number_text(), examples=("CARD",), help=_("Code of the ward."),
)  # fmt: skip
_MONTH_COLUMN = Column(
    "month", ("月份", "Month", "年月"), required=True, parse=month(), examples=("2026-09",)
)
PLACE_COLUMNS = (
    _WARD,
    _MONTH_COLUMN,
    Column("upper", ("最多", "Most trainees", "容量", "每月最多"), required=True, parse=_COUNT),
    Column("lower", ("最少", "Fewest trainees", "每月最少"), parse=_COUNT),
    Column("note", ("备注", "Note"), parse=parsing.text(max_length=150)),
)
OTHER_COLUMNS = (
    _WARD,
    _MONTH_COLUMN,
    *(
        Column(str(kind), labels, parse=_COUNT)
        for kind, labels in (
            (OccupancyKind.SOCIAL, ("社会人", "Independent residents", "社会学员")),
            (OccupancyKind.EMPLOYED, ("单位人", "Residents of other employers", "外单位委培")),
            (OccupancyKind.INTERN, ("实习生", "Interns", "实习")),
            (OccupancyKind.OTHER, ("其他", "Others")),
        )
    ),
)


def check_ward(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report wards that do not exist in the unit of the import, or several times."""
    wards = _wards(rows, ctx)
    problems = []
    for row in rows:
        code = row["ward"]
        n = len(wards.get(code or "", ()))
        if code and n != 1:
            message = (
                gettext("Several hospitals have a ward of this code. Import into one of them.")
                if n
                else gettext("There is no ward of this code in the unit you import into.")
            )
            problems.append(Problem(row.number, "ward", "ward.unknown", message, code))
        if (row["lower"] or 0) > (row["upper"] if row["upper"] is not None else _MOST):
            message = gettext("The most trainees are fewer than the fewest.")
            problems.append(Problem(row.number, "lower", "ward.range", message, str(row["lower"])))
    return problems


def current_places(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the special ranges of the wards, by ward and month."""
    wards = {w.pk: w for found in _wards(rows, ctx).values() for w in found}
    return {
        (wards[m.ward_id].code, m.month): {"upper": m.upper, "lower": m.lower, "note": m.note}
        for m in WardMonth.objects.filter(ward__in=wards)
    }


def apply_places(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Set the ranges."""
    counts = split_rows(rows, ("ward", "month"), current_places(rows, ctx)).counts
    known = current_places(rows, ctx)
    wards = {code: found[0] for code, found in _wards(rows, ctx).items()}
    wanted: dict[str, dict[dt.date, Range | None]] = defaultdict(dict)
    for row in rows:
        old = known.get((row["ward"], row["month"]), {"lower": 0, "note": ""})
        wanted[row["ward"]][row["month"]] = Range(
            row["upper"], row.get("lower", old["lower"]), row.get("note", old["note"])
        )
    for done, (code, ranges) in enumerate(wanted.items(), 1):
        set_months(wards[code], ranges, actor=ctx.actor)
        progress(done)
    return counts


def current_others(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the numbers known, by ward and month."""
    wards = {w.pk: w for found in _wards(rows, ctx).values() for w in found}
    found: dict[Key, dict[str, Any]] = {}
    for one in Occupancy.objects.filter(ward__in=wards):
        key = (wards[one.ward_id].code, one.month)
        found.setdefault(key, dict.fromkeys(OccupancyKind.values, 0))[one.kind] = one.people
    return found


def apply_others(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Enter the numbers; empty cells change nothing."""
    counts = split_rows(rows, ("ward", "month"), current_others(rows, ctx)).counts
    wards = {code: found[0] for code, found in _wards(rows, ctx).items()}
    wanted: dict[str, dict[tuple[dt.date, str], int]] = defaultdict(dict)
    for row in rows:
        for kind in OccupancyKind.values:
            if row[kind] is not None:
                wanted[row["ward"]][row["month"], kind] = row[kind]
    for done, (code, people) in enumerate(wanted.items(), 1):
        set_occupancy(wards[code], people, actor=ctx.actor)
        progress(done)
    return counts


register(
    Importer(
        kind="wards", label=_("Wards"), columns=WARD_COLUMNS, permission="rotations.manage_wards",
        key=("code",), current=current_wards, check=check_wards, apply=apply_wards,
        help=_("One row per ward, identified by its code in the hospital."),
    )
)  # fmt: skip
register(
    Importer(
        kind="ward-places", label=_("Places of wards by month"), columns=PLACE_COLUMNS,
        permission="rotations.keep_ward", key=("ward", "month"), current=current_places,
        check=check_ward, apply=apply_places,
        help=_("One row per ward and month whose range differs from the usual one."),
    )
)  # fmt: skip
register(
    Importer(
        kind="ward-occupancy", label=_("Other trainees of wards"), columns=OTHER_COLUMNS,
        permission="rotations.keep_ward", key=("ward", "month"), current=current_others,
        check=check_ward, apply=apply_others,
        help=_("One row per ward and month: trainees who are not planned here, by kind."),
    )
)  # fmt: skip
