"""Messy spreadsheets, made by hand."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook

from cotutelle.exchange import parsing
from cotutelle.exchange.importing import Column, Context, Counts, Importer, Progress, Row

MB = 1024 * 1024


def xlsx(
    *sheets: Iterable[Sequence[Any]] | tuple[str, Iterable[Sequence[Any]]],
    merged: Sequence[str] = (),
) -> bytes:
    """Return a workbook with ``sheets``; ``merged`` areas are on the first."""
    book = Workbook()
    del book["Sheet"]
    for number, sheet in enumerate(sheets):
        name, rows = sheet if isinstance(sheet, tuple) else (f"Sheet{number + 1}", sheet)
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
        if number == 0:
            for area in merged:
                page.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


COLUMNS = (
    Column(
        "number",
        ("学号", "Student number", "编号"),
        required=True,
        parse=parsing.number_text(),
        examples=("00123",),
    ),
    Column("name", ("姓名", "Name"), required=True, parse=parsing.name(), examples=("张三",)),
    Column("phone", ("电话", "Phone"), parse=parsing.phone()),
    Column("email", ("邮箱", "E-mail"), parse=parsing.email()),
    Column("born", ("出生日期", "Date of birth"), parse=parsing.date(), help="A day."),
    Column("joint", ("是否联合培养", "Joint training"), parse=parsing.yes_no()),
    Column("track", ("方向", "Track"), parse=parsing.choice({"c": "临床", "r": "科研"})),
)


def nothing_known(rows: Sequence[Row], ctx: Context) -> dict[Any, Any]:
    return {}


def no_rules(rows: Sequence[Row], ctx: Context) -> list[Any]:
    return []


def create_all(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    progress(len(rows))
    return Counts(created=len(rows))


def importer(**changes: Any) -> Importer:
    return Importer(
        **{
            "kind": "sample",
            "label": "Sample",
            "columns": COLUMNS,
            "permission": "people.change_person",
            "key": ("number",),
            "current": nothing_known,
            "check": no_rules,
            "apply": create_all,
            **changes,
        }
    )
