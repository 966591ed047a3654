"""
From the bytes of a spreadsheet to rows of text.

Nothing here knows what the columns mean. Every cell becomes text, the way a person sees it:
20260001.0 is ``20260001``, a day is ``2026-09-01``, and a number that the spreadsheet program
has rounded shows its exponent, so that nobody takes it for an id.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation
from cotutelle.core.text import UnreadableText, decode

MAX_ROWS = 50_000
MAX_COLUMNS = 300
MAX_CELLS = 3_000_000
MAX_UNPACKED_BYTES = 400 * 1024 * 1024
_CHUNK = 1024 * 1024
_EXACT = 1e15  # whole numbers from here on have more digits than a spreadsheet keeps
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^>]*(?<!/)>")
_OVERLAP = 400
_DELIMITERS = ",;\t"
_MAX_SHEETS = 40

Cells = tuple[str, ...]
Area = tuple[tuple[int, int], tuple[int, int]]


class Unreadable(RuleViolation):
    """The file is not a spreadsheet we can take; the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"exchange.{code}", message, status=422, field="file")


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    A sheet as text.

    ``rows[0]`` is row 1. ``merged`` are areas ((top, left), (bottom, right)), counted from 0;
    only their first cell holds the text.
    """

    name: str
    rows: tuple[Cells, ...]
    merged: tuple[Area, ...] = ()

    @property
    def width(self) -> int:
        """How many columns the widest row has."""
        return max((len(row) for row in self.rows), default=0)


@dataclass(frozen=True, slots=True)
class Book:
    """The visible sheets of a file; a CSV file has one, without a name."""

    sheets: tuple[Sheet, ...]


def read_book(content: bytes, name: str, *, max_bytes: int) -> Book:
    """
    Read xlsx, xlsm (without its macros) or CSV; the content decides, not the name.

    Raises
    ------
    Unreadable
        ``exchange.empty``, ``.too_large``, ``.old_format``, ``.not_a_spreadsheet``,
        ``.damaged``, ``.too_many_rows``, ``.too_many_columns``: each with a sentence that says
        what to do.
    """
    if not content.strip():
        raise Unreadable("empty", _("The file is empty."))
    if len(content) > max_bytes:
        raise Unreadable(
            "too_large",
            _("The file is larger than %(n)s MB. Split it and import the parts one by one.")
            % {"n": max_bytes // 1024 // 1024},
        )
    if content.startswith(_OLE):
        raise Unreadable(
            "old_format",
            _(
                "This is an old Excel file (.xls) or one with a password. Save it as .xlsx"
                " without a password and upload that."
            ),
        )
    if content.startswith(b"PK"):
        return Book(_sheets_of_workbook(content))
    return Book((_sheet_of_csv(content, name),))


def letter(column: int) -> str:
    """Return the letters of ``column`` (from 0): ``A``, ``Z``, ``AA``."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _sheets_of_workbook(content: bytes) -> tuple[Sheet, ...]:
    import python_calamine as calamine  # noqa: PLC0415  a compiled library

    _refuse_bombs(content)
    try:
        book = calamine.load_workbook(io.BytesIO(content))
        visible = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == calamine.SheetVisibleEnum.Visible
        ]
        return tuple(_sheet(book.get_sheet_by_name(name)) for name in visible[:_MAX_SHEETS])
    except RuleViolation:
        raise
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the Rust library is not an Exception
        raise _damaged() from error


def _sheet(source: Any) -> Sheet:
    rows = _trimmed(
        tuple(_text(value) for value in row)
        for row in source.to_python(skip_empty_area=False, nrows=MAX_ROWS * 2)
    )
    merged = tuple(((a[0], a[1]), (b[0], b[1])) for a, b in source.merged_cell_ranges or ())
    return _limited(Sheet(source.name, rows, merged))


def _sheet_of_csv(content: bytes, name: str) -> Sheet:
    try:
        text = decode(content)
    except UnreadableText:
        raise Unreadable(
            "not_a_spreadsheet",
            _("“%(name)s” is neither an Excel file (.xlsx) nor a CSV text file.") % {"name": name},
        ) from None
    if text.lstrip()[:1] == "<" or text.startswith("%PDF"):
        raise Unreadable(
            "not_a_spreadsheet",
            _("“%(name)s” is neither an Excel file (.xlsx) nor a CSV text file.") % {"name": name},
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        rows = _trimmed(tuple(_without_apostrophe(c) for c in row) for row in reader)
    except csv.Error as error:
        raise _damaged() from error
    return _limited(Sheet("", rows))


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the first lines into most columns, most evenly."""
    lines = [line for line in text.splitlines()[:40] if line.strip()]

    def score(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        common = max(set(counts), key=lambda n: (counts.count(n) * (n > 0), n), default=0)
        return (counts.count(common) if common else 0, common)

    return max(_DELIMITERS, key=score)


def _without_apostrophe(cell: str) -> str:
    """Undo what our own CSV export does to text that looks like a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@\t") else cell


def _trimmed(rows: Iterator[Cells]) -> tuple[Cells, ...]:
    """Drop empty cells at the end of rows and empty rows at the end."""
    out: list[Cells] = []
    last = 0
    for index, row in enumerate(rows):
        end = len(row)
        while end and not row[end - 1].strip():
            end -= 1
        out.append(row[:end])
        if end:
            last = index + 1
        if last > MAX_ROWS * 2:
            break
    return tuple(out[:last])


def _limited(sheet: Sheet) -> Sheet:
    if sum(1 for row in sheet.rows if row) > MAX_ROWS:
        raise Unreadable(
            "too_many_rows",
            _("A sheet has more than %(n)s rows. Split the file and import the parts one by one.")
            % {"n": f"{MAX_ROWS:,}"},
        )
    if sheet.width > MAX_COLUMNS:
        raise Unreadable(
            "too_many_columns",
            _("A sheet has more than %(n)s columns. Remove those that are not needed.")
            % {"n": MAX_COLUMNS},
        )
    return sheet


def _refuse_bombs(content: bytes) -> None:
    """Unpack once without keeping anything: sizes as they are, not as the file claims."""
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
                raise Unreadable(
                    "not_a_spreadsheet",
                    _("This is not an Excel file. Save it as .xlsx or CSV and upload that."),
                )
            for info in archive.infolist():
                for size in _scan(archive, info):
                    total += size
                    if total > MAX_UNPACKED_BYTES:
                        raise _too_big_inside()
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _damaged() from error


def _scan(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[int]:
    """Yield the size of each unpacked piece; refuse a sheet that reaches too far."""
    is_sheet = info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml")
    rows = columns = 0
    tail = b""
    with archive.open(info) as member:
        while chunk := member.read(_CHUNK):
            yield len(chunk)
            if not is_sheet:
                continue
            for found in _CELL.finditer(tail + chunk):
                rows = max(rows, int(found[2]))
                columns = max(columns, _column_number(found[1]))
            if rows * columns > MAX_CELLS and (rows > MAX_ROWS * 2 or columns > MAX_COLUMNS):
                raise _too_big_inside()
            tail = chunk[-_OVERLAP:]


def _column_number(letters: bytes) -> int:
    number = 0
    for code in letters:
        number = number * 26 + code - 64
    return number


def _text(value: object) -> str:
    """Return a cell as a person sees it."""
    if isinstance(value, str):
        return value.replace("\x00", "")  # written _x0000_; no database keeps it
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, dt.datetime):
        day_only = value.time() == dt.time(0)
        return value.date().isoformat() if day_only else value.isoformat(" ", "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return "" if value is None else str(value)


def _number(value: float) -> str:
    if abs(value) >= _EXACT:
        return f"{value:.14E}"
    return str(int(value)) if value == int(value) else format(value, ".15g")


def _damaged() -> Unreadable:
    return Unreadable(
        "damaged",
        _("The file is damaged or incomplete. Open it, save it again as .xlsx and upload that."),
    )


def _too_big_inside() -> Unreadable:
    return Unreadable(
        "too_large",
        _(
            "Unpacked, this file is far larger than a table of people can be. Copy the cells you"
            " need into a new file and upload that."
        ),
    )
