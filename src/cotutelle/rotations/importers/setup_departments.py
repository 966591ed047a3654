"""Spreadsheets of departments of the national standard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

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
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import Department
from cotutelle.rotations.services.setup_departments import DepartmentData, save_department

_FIELDS = ("name_zh", "name_en", "family")
COLUMNS = (
    Column("code", ("科室代码", "Code", "代码"), required=True, parse=parsing.number_text(),
           examples=("CARD",), help=_("Identifies the department; importing it again updates.")),
    Column("name_zh", ("中文名称", "Name in Chinese", "名称", "科室"), required=True,
           parse=parsing.text(max_length=80), examples=("心血管内科",)),
    Column("name_en", ("英文名称", "Name in English"), parse=parsing.text(max_length=120)),
    Column("family", ("类别", "Family"), parse=parsing.choice(DepartmentFamily),
           help=_("Gives the colour on the board.")),
)  # fmt: skip


def _known(rows: Sequence[Row]) -> dict[Key, Department]:
    codes = [code for row in rows if (code := row["code"])]
    return {(d.code,): d for d in Department.objects.filter(code__in=codes)}


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the rows, by code."""
    return {key: {name: getattr(d, name) for name in _FIELDS} for key, d in _known(rows).items()}


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Nothing beyond single cells can be wrong."""
    return []


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Add new departments and change known ones; empty cells change nothing."""
    known = _known(rows)
    counts = split_rows(rows, ("code",), current(rows, ctx)).counts
    for done, row in enumerate(rows, 1):
        old = known.get((row["code"],))
        fields = {name: getattr(old, name) for name in _FIELDS} if old else {}
        fields |= {name: value for name in _FIELDS if (value := row[name]) is not None}
        save_department(DepartmentData(code=row["code"], **fields), department=old, actor=ctx.actor)
        progress(done)
    return counts


register(
    Importer(
        kind="rotation-departments", label=_("Departments of the national standard"),
        columns=COLUMNS, permission="rotations.manage_departments", key=("code",),
        current=current, check=check, apply=apply,
        help=_("One row per department, identified by its code."),
    )
)  # fmt: skip
