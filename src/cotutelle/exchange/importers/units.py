"""Units of the tree from a spreadsheet: departments of a hospital, colleges of a university."""

from __future__ import annotations

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
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.institutions.services import change_unit, create_unit, move_unit

_KINDS = {k.value: k.label for k in UnitKind if k != UnitKind.CONSORTIUM}
_NAMES = ("name_zh", "name_en", "short_zh", "short_en")

COLUMNS = (
    Column(
        "code",
        ("单位代码", "Unit code", "代码", "编码", "Code"),
        required=True,
        help=gettext_lazy("Stays the same for ever; a new import with it updates the unit."),
        parse=parsing.number_text(),
        examples=("MU-CARD",),
    ),
    Column(
        "name_zh",
        ("单位名称", "Chinese name", "中文名称", "名称"),
        required=True,
        parse=parsing.text(max_length=150),
        examples=("心血管内科",),
    ),
    Column(
        "name_en",
        ("英文名称", "English name"),
        parse=parsing.text(max_length=200),
        examples=("Cardiology",),
    ),
    Column("short_zh", ("中文简称", "Short Chinese name", "简称"), parse=parsing.text(max_length=40)),
    Column("short_en", ("英文简称", "Short English name"), parse=parsing.text(max_length=60)),
    Column(
        "kind",
        ("单位类型", "Kind", "类型", "类别"),
        required=True,
        parse=parsing.choice(
            _KINDS,
            {"大学": "university", "高校": "university", "附属医院": "hospital", "科室": "department",
             "学院": "college", "规培基地": "training_base", "企业": "enterprise", "研究所": "institute",
             "研究院": "institute", "团队": "team", "课题组": "team"},
        ),
        examples=("科室",),
    ),
    Column(
        "parent",
        ("上级单位代码", "Code of the unit above", "上级单位", "上级代码", "所属单位"),
        help=gettext_lazy("Empty: directly below the unit you import into."),
        parse=parsing.number_text(),
        examples=("MU-H1",),
    ),
)  # fmt: skip


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the units with these codes."""
    known = _known(rows)
    found: dict[Key, Mapping[str, Any]] = {}
    for row in rows:
        unit = known.get(row["code"])
        if unit is not None:
            facts = {name: getattr(unit, name) for name in (*_NAMES, "kind")}
            above = unit.parent.code if unit.parent else ""
            found[(unit.code,)] = {**facts, "parent": above}
    return found


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Units elsewhere in the tree, unknown units above, circles."""
    known = _known(rows)
    above = {row["code"]: row["parent"] for row in rows if row["code"]}
    problems: list[Problem] = []
    for row in rows:
        unit = known.get(row["code"])
        if unit is not None and (unit == ctx.unit or not ctx.unit.covers(unit)):
            problems.append(
                Problem(
                    row.number,
                    "code",
                    "unit.elsewhere",
                    _("This code belongs to a unit that does not lie below %(unit)s.")
                    % {"unit": ctx.unit.display_name},
                )
            )
        parent = row["parent"]
        if not parent:
            continue
        over = known.get(parent)
        if parent not in above and (over is None or not ctx.unit.covers(over)):
            problems.append(
                Problem(
                    row.number,
                    "parent",
                    "unit.unknown_parent",
                    _("Neither this file nor %(unit)s has a unit with this code.")
                    % {"unit": ctx.unit.display_name},
                )
            )
        elif _is_circle(row["code"], above):
            problems.append(
                Problem(
                    row.number,
                    "parent",
                    "unit.cycle",
                    _("The units above each other form a circle."),
                )
            )
    return problems


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Create from the top down, then rename and move."""
    split = split_rows(rows, ("code",), current(rows, ctx))
    known = {u.code: u for u in Unit.objects.filter(path__startswith=ctx.unit.path)}
    done = 0
    for row in _parents_first(split.create):
        parent = known[row["parent"]] if row["parent"] else ctx.unit
        known[row["code"]] = create_unit(
            parent=parent,
            kind=row["kind"],
            code=row["code"],
            **{name: row.get(name, "") for name in _NAMES},
            actor=ctx.actor,
        )
        done += 1
        progress(done)
    for change in split.update:
        unit = known[change.row["code"]]
        fields = {n: v for n, v in change.after.items() if n != "parent"}
        if fields:
            unit = change_unit(unit, actor=ctx.actor, **fields)
        if "parent" in change.after:
            move_unit(unit, known[change.after["parent"]], actor=ctx.actor)
        done += 1
        progress(done)
    return split.counts


def _known(rows: Sequence[Row]) -> dict[str, Unit]:
    codes = {row[name] for row in rows for name in ("code", "parent") if row[name]}
    found = Unit.objects.filter(code__in=codes).select_related("parent")
    return {unit.code: unit for unit in found}


def _is_circle(code: str | None, above: Mapping[str, str | None]) -> bool:
    seen: set[str] = set()
    step = code
    while step and step in above:
        if step in seen:
            return True
        seen.add(step)
        step = above[step]
    return False


def _parents_first(rows: Sequence[Row]) -> list[Row]:
    waiting = {row["code"]: row for row in rows}
    ordered: list[Row] = []

    def place(row: Row) -> None:
        if waiting.pop(row["code"], None) is None:
            return
        if over := waiting.get(row["parent"]):
            place(over)
        ordered.append(row)

    for row in rows:
        place(row)
    return ordered


IMPORTER = register(
    Importer(
        kind="units",
        label=gettext_lazy("Units"),
        help=gettext_lazy("Institutions, colleges, departments and training bases below a unit."),
        columns=COLUMNS,
        permission="institutions.change_unit",
        key=("code",),
        current=current,
        check=check,
        apply=apply,
    )
)
