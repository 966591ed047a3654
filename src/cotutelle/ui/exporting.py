"""Tables out: xlsx and CSV that no spreadsheet program mistakes for formulas."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from django.utils import timezone

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str

Kind = Literal["text", "number", "date", "datetime"]
_DANGEROUS = tuple("=+-@\t\r\n|＝＋－＠")
_CSV_BOM = "\ufeff"
_MIN_WIDTH, _MAX_WIDTH, _SAMPLE_ROWS = 8, 48, 200
_ASCII_LAST = 0x7F


@dataclass(frozen=True, slots=True)
class Out:
    """
    One column: its header and how to read the value off a row.

    ``kind`` ``"text"`` writes text whatever it looks like; use it for numbers of people.
    """

    header: StrOrPromise
    getter: Callable[[Any], Any]
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """
    What is exported.

    ``title`` names the sheet and the file; ``header`` and ``footer`` are printed on every page.
    """

    title: StrOrPromise
    columns: tuple[Out, ...] | list[Out]
    rows: Iterable[Any]
    header: StrOrPromise = ""
    footer: StrOrPromise = ""


def to_csv(table: Table, *, watermark: str | None = None) -> bytes:
    """
    Return ``table`` as UTF-8 CSV with a byte order mark, which Excel needs to read Chinese.

    Text that a spreadsheet program would run as a formula gets a leading apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    if watermark:
        writer.writerow([_harmless(watermark)])
    writer.writerow([_harmless(str(c.header)) for c in table.columns])
    for row in table.rows:
        writer.writerow([_csv_value(c.getter(row), c.kind) for c in table.columns])
    return (_CSV_BOM + out.getvalue()).encode()


def to_xlsx(table: Table, *, watermark: str | None = None) -> bytes:
    """
    Return ``table`` as xlsx: bold frozen header, widths, text as text.

    Parameters
    ----------
    watermark
        A line above the header and in the page footer: who exported it, when.
    """
    from openpyxl import Workbook  # noqa: PLC0415  heavy

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(_sheet_name(str(table.title)))
    rows = [[_plain(c.getter(row), c.kind) for c in table.columns] for row in table.rows]
    _lay_out(sheet, table, rows, watermark)
    if watermark:
        sheet.append([_cell(sheet, watermark, style="note")])
    sheet.append([_cell(sheet, str(c.header), style="header") for c in table.columns])
    for values in rows:
        sheet.append([_cell(sheet, value) if _needs_cell(value) else value for value in values])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def is_dangerous(text: str) -> bool:
    """Tell whether a spreadsheet program may take ``text`` for a formula or a command."""
    return text.lstrip(" \u3000").startswith(_DANGEROUS) or text.startswith(_DANGEROUS)


def _lay_out(sheet: Any, table: Table, rows: list[list[Any]], watermark: str | None) -> None:
    """Set what a write-only sheet must know before its first row."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for index, column in enumerate(table.columns):
        sample = [str(column.header), *(_shown(r[index]) for r in rows[:_SAMPLE_ROWS])]
        width = max(_width(text) for text in sample) + 2
        letter = get_column_letter(index + 1)
        sheet.column_dimensions[letter].width = min(_MAX_WIDTH, max(_MIN_WIDTH, width))
    top = 3 if watermark else 2
    sheet.freeze_panes = f"A{top}"
    sheet.print_title_rows = f"{top - 1}:{top - 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.oddHeader.center.text = _page_text(str(table.header or table.title))
    sheet.oddFooter.left.text = _page_text(watermark or str(table.footer))
    sheet.oddFooter.right.text = "&P / &N"


def _cell(sheet: Any, value: Any, style: str = "") -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415

    if isinstance(value, str):
        value = writable(value)
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
        if is_dangerous(value):
            cell.quotePrefix = True
    if style == "header":
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E9EFFA")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    elif style == "note":
        cell.font = Font(color="566173", size=9)
    elif isinstance(value, dt.datetime):
        cell.number_format = "yyyy-mm-dd hh:mm"
    elif isinstance(value, dt.date):
        cell.number_format = "yyyy-mm-dd"
    return cell


def _needs_cell(value: Any) -> bool:
    if isinstance(value, str):
        return is_dangerous(value) or value.startswith("#")
    return isinstance(value, dt.date)


def _plain(value: Any, kind: Kind) -> Any:
    """Return a value openpyxl writes as it should look."""
    if value is None or value == "":
        return None
    if kind == "number" and isinstance(value, int | float | Decimal):
        return value
    if kind in ("date", "datetime") and isinstance(value, dt.date):
        return _local(value)
    return writable(str(_local(value)))


def writable(text: str) -> str:
    """Return ``text`` without what no cell, name or header of a workbook may hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    return ILLEGAL_CHARACTERS_RE.sub("", text)


def _csv_value(value: Any, kind: Kind) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal) and kind == "number":
        return str(value)
    if isinstance(value, dt.datetime):
        return f"{_local(value):%Y-%m-%d %H:%M}"
    return _harmless(str(value))


def _harmless(text: str) -> str:
    return f"'{text}" if is_dangerous(text) else text


def _local(value: Any) -> Any:
    """Return an aware moment as local wall time: spreadsheets know no zones."""
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return "2026-09-01 08:00"
    return "" if value is None else str(value)


def _width(text: str) -> int:
    """Return the width of the widest line in half-width characters."""
    return max(
        (sum(1 if ord(c) <= _ASCII_LAST else 2 for c in line) for line in text.splitlines()),
        default=0,
    )


def _sheet_name(title: str) -> str:
    """Return ``title`` as Excel allows it: 31 characters, none of ``[]:*?/\\``."""
    name = "".join("_" if c in "[]:*?/\\" else c for c in writable(title)).strip("'")
    return name[:31] or "Sheet1"


def _page_text(text: str) -> str:
    """Escape ``&``, which starts a code in page headers."""
    return writable(text).replace("&", "&&")[:200]
