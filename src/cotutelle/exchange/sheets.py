"""Workbooks we make: the template to fill in, and the uploaded table with its bad cells marked."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cotutelle.exchange.importing import Column, Importer, Problem
from cotutelle.exchange.mapping import Header
from cotutelle.exchange.reading import Sheet, letter
from cotutelle.ui.exporting import is_dangerous, writable

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_TEMPLATE_ROWS = 2_000
_COMMENT_SIZE = (320, 120)
_ACCENT, _BAD = "E9EFFA", "FCE9E8"


def template(importer: Importer) -> bytes:
    """
    Return the workbook to fill in: a header, text cells, lists, and a sheet that explains.

    Examples stand on the help sheet, so that nobody imports them.
    """
    from openpyxl import Workbook  # noqa: PLC0415  heavy

    book = Workbook()
    sheet: Any = book.active
    sheet.title = _safe_title(str(importer.label))
    lists = book.create_sheet("lists")
    lists.sheet_state = "hidden"
    for index, column in enumerate(importer.columns):
        _template_column(sheet, lists, index, column)
    sheet.freeze_panes = "A2"
    _help_sheet(book.create_sheet(_safe_title(_("How to fill in")), 1), importer)
    return _saved(book)


def marked(
    sheet: Sheet,
    header: Header,
    mapping: Mapping[str, int],
    problems: Sequence[Problem],
) -> bytes:
    """
    Return the rows with problems as they were uploaded, bad cells red with the reason.

    The first column names the row in the uploaded file; it is passed over when the corrected
    table is imported.
    """
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.styles import PatternFill  # noqa: PLC0415

    by_row: dict[int, list[Problem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    book = Workbook()
    page: Any = book.active
    page.title = _safe_title(writable(sheet.name) or _("Problems"))
    _write_row(page, 1, [_("Row in the file"), _("Problems"), *header.labels], bold=True)
    page.freeze_panes = "C2"
    fill = PatternFill("solid", fgColor=_BAD)
    for line, (number, found) in enumerate(sorted(by_row.items()), 2):
        cells = sheet.rows[number - 1] if number <= len(sheet.rows) else ()
        reasons = "\n".join(f"{_place(p, mapping)} {p.message}".strip() for p in found)
        _write_row(page, line, [str(number), reasons, *cells])
        for problem in found:
            if (index := mapping.get(problem.column)) is not None:
                cell = page.cell(line, index + 3)
                cell.fill = fill
                cell.comment = _comment(problem.message)
    _set_widths(page, [12, 48, *[16] * len(header.labels)])
    return _saved(book)


def _template_column(sheet: Worksheet, lists: Worksheet, index: int, column: Column) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415

    at = letter(index)
    cell = sheet.cell(1, index + 1, f"{column.label} *" if column.required else column.label)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor=_ACCENT)
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    cell.comment = _comment(_explanation(column))
    sheet.column_dimensions[at].width = max(14, len(column.label) * 2 + 4)
    sheet.column_dimensions[at].number_format = "@"
    for row in range(2, 202):
        sheet.cell(row, index + 1).number_format = "@"
    if column.choices:
        _add_list(sheet, lists, index, column.choices)


def _add_list(sheet: Worksheet, lists: Worksheet, index: int, choices: Sequence[str]) -> None:
    """Offer ``choices`` in the cells; a column of a hidden sheet holds them."""
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    at = letter(index)
    for row, word in enumerate(choices, 1):
        lists.cell(row, index + 1, word)
    rule = DataValidation(
        type="list",
        formula1=f"lists!${at}$1:${at}${len(choices)}",
        allow_blank=True,
        showErrorMessage=False,
    )
    rule.add(f"{at}2:{at}{_TEMPLATE_ROWS}")
    sheet.add_data_validation(rule)


def _help_sheet(page: Worksheet, importer: Importer) -> None:
    heads = [_("Column"), _("Needed"), _("How to fill in"), _("Possible entries"), _("Example")]
    _write_row(page, 1, [str(s) for s in heads], bold=True)
    for line, column in enumerate(importer.columns, 2):
        _write_row(
            page,
            line,
            [
                column.label,
                _("yes") if column.required else _("no"),
                str(column.help),
                _("; ").join(column.choices),
                _("; ").join(column.examples),
            ],
        )
    _set_widths(page, [22, 10, 48, 48, 28])
    page.freeze_panes = "A2"


def _explanation(column: Column) -> str:
    parts = [
        _("Needed.") if column.required else _("May stay empty."),
        str(column.help),
        _("Example: %(example)s") % {"example": _("; ").join(column.examples)}
        if column.examples
        else "",
    ]
    return "\n".join(p for p in parts if p)


def _comment(text: str) -> Any:
    from openpyxl.comments import Comment  # noqa: PLC0415

    width, height = _COMMENT_SIZE
    return Comment(writable(text), "Cotutelle", width=width, height=height)


def _write_row(page: Worksheet, line: int, values: Sequence[str], *, bold: bool = False) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415

    for index, value in enumerate(values, 1):
        if not value:
            continue
        cell = page.cell(line, index)
        cell.value = writable(value)
        cell.data_type = "s"
        cell.number_format = "@"
        if is_dangerous(value):
            cell.quotePrefix = True
        if bold:
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor=_ACCENT)
        elif "\n" in value:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _place(problem: Problem, mapping: Mapping[str, int]) -> str:
    index = mapping.get(problem.column)
    return f"{letter(index)}{problem.row}:" if index is not None else ""


def _set_widths(page: Worksheet, widths: Sequence[int]) -> None:
    for index, width in enumerate(widths):
        page.column_dimensions[letter(index)].width = width


def _safe_title(title: str) -> str:
    return "".join("_" if c in "[]:*?/\\" else c for c in title)[:31] or "Sheet1"


def _saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
