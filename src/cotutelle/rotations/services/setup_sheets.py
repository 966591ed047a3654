"""A whole curriculum as a workbook of three sheets, out and in."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cotutelle.core.i18n import localized
from cotutelle.exchange import parsing
from cotutelle.exchange.reading import Sheet, letter, read_book
from cotutelle.rotations.models import Curriculum, Department
from cotutelle.rotations.queries.setup_faults import (
    BlockLine,
    Content,
    GroupLine,
    OrderLine,
    content_of,
    faults_of,
)
from cotutelle.ui.exporting import is_dangerous, writable

_MONTHS = parsing.integer(low=1, high=60)
_ZERO_MONTHS = parsing.integer(low=0, high=60)


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column: its key, its headers in both languages, how a cell is read, what empty means."""

    name: str
    zh: str
    en: str
    parse: Callable[[str], Any]
    empty: Any = None
    required: bool = False

    @property
    def label(self) -> str:
        """The header in the reader's language."""
        return localized(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class SheetKind:
    """One of the three sheets."""

    zh: str
    en: str
    columns: tuple[SheetColumn, ...]

    @property
    def label(self) -> str:
        """The name of the sheet in the reader's language."""
        return localized(self.zh, self.en)


_CODE = parsing.number_text()
BLOCKS = SheetKind("轮转单元", "Blocks", (
    SheetColumn("code", "单元代码", "Code", _CODE, required=True),
    SheetColumn("department", "科室代码", "Department", _CODE, required=True),
    SheetColumn("months", "月数", "Months", _MONTHS, required=True),
    SheetColumn("part_months", "每段最长月数", "Longest part", _ZERO_MONTHS, 0),
    SheetColumn("earliest", "最早月", "Not before month", _MONTHS, 1),
    SheetColumn("latest", "最晚月", "Over by month", _MONTHS),
    SheetColumn("group", "选修组代码", "Group", parsing.number_text(max_length=20), ""),
))  # fmt: skip
GROUPS = SheetKind("选修组", "Groups", (
    SheetColumn("code", "选修组代码", "Code", parsing.number_text(max_length=20), required=True),
    SheetColumn("name_zh", "中文名称", "Name in Chinese", parsing.text(max_length=80), required=True),
    SheetColumn("name_en", "英文名称", "Name in English", parsing.text(max_length=120), ""),
    SheetColumn("choose", "选几个", "Choose", _MONTHS, 1),
))  # fmt: skip
ORDERS = SheetKind("先后顺序", "Orders", (
    SheetColumn("before", "先", "First", _CODE, required=True),
    SheetColumn("after", "后", "Then", _CODE, required=True),
    SheetColumn("is_needed", "先修必需", "Needed", parsing.yes_no(), False),
))  # fmt: skip
KINDS = (BLOCKS, GROUPS, ORDERS)


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell: sheet, row (from 1) and column letter; empty where all of it."""

    sheet: str
    row: int | None
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A workbook after the dry run: the content, or everything that is wrong with it."""

    content: Content
    faults: tuple[CellFault, ...]
    warnings: tuple[str, ...]


def write_sheets(curriculum: Curriculum) -> bytes:
    """Return the curriculum as a workbook that `read_sheets` takes back."""
    from openpyxl import Workbook  # noqa: PLC0415  heavy
    from openpyxl.styles import Font  # noqa: PLC0415

    content = content_of(curriculum)
    rows: tuple[list[list[Any]], ...] = (
        [_block_cells(b) for b in content.blocks],
        [[g.code, g.name_zh, g.name_en, g.choose] for g in content.groups],
        [[o.before, o.after, _("yes") if o.is_needed else _("no")] for o in content.orders],
    )
    book = Workbook()
    book.remove(book.worksheets[0])
    for kind, lines in zip(KINDS, rows, strict=True):
        page: Any = book.create_sheet(kind.label)
        page.append([column.label for column in kind.columns])
        for line in lines:
            page.append([writable(c) if isinstance(c, str) else c for c in line])
        for cell in page[1]:
            cell.font = Font(bold=True)
        for row in page.iter_rows(min_row=2):
            for cell in row:
                if isinstance(cell.value, str) and is_dangerous(cell.value):
                    cell.data_type, cell.quotePrefix = "s", True
        page.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read_sheets(upload: bytes, name: str, *, months: int) -> Reading:
    """
    Read a workbook without changing anything.

    Every cell that cannot be read, every unknown code and every contradiction is reported.

    Raises
    ------
    Unreadable
        The file is no spreadsheet.
    """
    book = read_book(upload, name, max_bytes=settings.COTUTELLE_UPLOAD_MAX_BYTES)
    faults: list[CellFault] = []
    blocks, groups, orders = (_rows(_sheet_of(kind, book.sheets), kind, faults) for kind in KINDS)
    _check_codes(BLOCKS, blocks, "code", faults)
    _check_codes(GROUPS, groups, "code", faults)
    departments = set(Department.objects.values_list("code", flat=True))
    _check_known(BLOCKS, blocks, "department", departments, faults)
    _check_known(BLOCKS, blocks, "group", {v["code"] for _n, v in groups} | {""}, faults)
    for end in ("before", "after"):
        _check_known(ORDERS, orders, end, {v["code"] for _n, v in blocks}, faults)
    _check_pairs(orders, faults)
    if faults:
        return Reading(Content(months), tuple(faults), ())
    content = Content(
        months,
        tuple(_block(values) for _n, values in blocks),
        tuple(GroupLine(**values) for _n, values in groups),
        tuple(OrderLine(**values) for _n, values in orders),
    )
    return Reading(content, (), tuple(f.message for f in faults_of(content)))


def _block_cells(line: BlockLine) -> list[Any]:
    latest = None if line.latest is None else line.latest + 1
    earliest = line.earliest + 1 if line.earliest else None
    parts = line.part_months or None
    return [line.code, line.department, line.months, parts, earliest, latest, line.group or None]


def _block(values: Mapping[str, Any]) -> BlockLine:
    latest = values["latest"]
    return BlockLine(
        **{
            **values,
            "earliest": values["earliest"] - 1,
            "latest": None if latest is None else latest - 1,
        }
    )


def _sheet_of(kind: SheetKind, sheets: Sequence[Sheet]) -> Sheet | None:
    names = {parsing.fold(kind.zh), parsing.fold(kind.en)}
    return next((s for s in sheets if parsing.fold(s.name) in names), None)


def _rows(
    sheet: Sheet | None, kind: SheetKind, faults: list[CellFault]
) -> list[tuple[int, dict[str, Any]]]:
    """Return (row number, values) of the readable rows; add a fault for every other cell."""
    if sheet is None or not sheet.rows:
        if kind is BLOCKS:
            faults.append(CellFault(kind.label, None, "", "", _("The sheet is missing or empty.")))
        return []
    heads = {parsing.fold(cell): index for index, cell in enumerate(sheet.rows[0])}
    places = {
        c.name: heads.get(parsing.fold(c.zh), heads.get(parsing.fold(c.en))) for c in kind.columns
    }
    for column in kind.columns:
        if column.required and places[column.name] is None:
            text = _("The column “%(name)s” is missing.") % {"name": column.label}
            faults.append(CellFault(kind.label, 1, "", "", text))
    if any(c.required and places[c.name] is None for c in kind.columns):
        return []
    found = []
    for number, cells in enumerate(sheet.rows[1:], 2):
        if any(cell.strip() for cell in cells):
            values = _values(kind, places, cells, number, faults)
            if values is not None:
                found.append((number, values))
    return found


def _values(
    kind: SheetKind,
    places: Mapping[str, int | None],
    cells: Sequence[str],
    number: int,
    faults: list[CellFault],
) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    before = len(faults)
    for column in kind.columns:
        at = places[column.name]
        text = cells[at].strip() if at is not None and at < len(cells) else ""
        if not text:
            if column.required:
                empty = _("This cell may not be empty.")
                faults.append(CellFault(kind.label, number, letter(at or 0), "", empty))
            values[column.name] = column.empty
            continue
        try:
            values[column.name] = column.parse(text)
        except ValueError as error:
            faults.append(CellFault(kind.label, number, letter(at or 0), text, str(error)))
    return values if len(faults) == before else None


def _check_codes(
    kind: SheetKind,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    name: str,
    faults: list[CellFault],
) -> None:
    seen: dict[str, int] = {}
    for number, values in rows:
        code = values[name]
        if code in seen:
            text = _("The same code stands in row %(row)s.") % {"row": seen[code]}
            faults.append(CellFault(kind.label, number, "", code, text))
        seen.setdefault(code, number)


def _check_known(
    kind: SheetKind,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    name: str,
    known: set[str],
    faults: list[CellFault],
) -> None:
    label = next(c.label for c in kind.columns if c.name == name)
    for number, values in rows:
        if values[name] not in known:
            text = _("%(column)s: there is nothing of this code.") % {"column": label}
            faults.append(CellFault(kind.label, number, "", values[name], text))


def _check_pairs(orders: Sequence[tuple[int, Mapping[str, Any]]], faults: list[CellFault]) -> None:
    seen: set[frozenset[str]] = set()
    for number, values in orders:
        pair = frozenset((values["before"], values["after"]))
        if len(pair) == 1 or pair in seen:
            text = _("An order joins two different blocks, and only once.")
            faults.append(CellFault(ORDERS.label, number, "", values["after"], text))
        seen.add(pair)
