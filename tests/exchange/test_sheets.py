from __future__ import annotations

import io
from typing import Any

from openpyxl import load_workbook

from cotutelle.exchange.importers import people
from cotutelle.exchange.importing import Problem
from cotutelle.exchange.mapping import find_header, match_columns
from cotutelle.exchange.reading import read_book
from cotutelle.exchange.sheets import marked, template
from tests.exchange.books import COLUMNS, MB, importer, xlsx


def test_the_template_explains_itself() -> None:
    book = load_workbook(io.BytesIO(template(importer())))
    sheet = book.worksheets[0]
    assert [c.value for c in sheet[1]][:2] == ["学号 *", "姓名 *"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A2"].number_format == "@"
    assert "00123" in (sheet["A1"].comment.text if sheet["A1"].comment else "")
    rules: list[Any] = list(sheet.data_validations.dataValidation)
    assert [(r.type, str(r.sqref)) for r in rules] == [("list", "G2:G2000")]
    lists = book["lists"]
    assert [lists["G1"].value, lists["G2"].value] == ["临床", "科研"]
    assert lists.sheet_state == "hidden"
    assert book.worksheets[1]["E2"].value == "00123"


def test_an_empty_template_imports_nothing_and_maps_everything() -> None:
    book = read_book(template(people.IMPORTER), "t.xlsx", max_bytes=MB)
    header = find_header(book, people.COLUMNS)
    assert header is not None
    assert (header.sheet, header.top, header.height) == (0, 0, 1)
    assert set(match_columns(header, people.COLUMNS)) == {c.name for c in people.COLUMNS}
    assert len(book.sheets[0].rows) == 1


def test_problems_come_back_with_the_bad_cells_marked() -> None:
    book = read_book(
        xlsx([["名单"], ["学号", "姓名", "电话"], ["001", "=1+1", "x"], ["002", "李四", None]]),
        "x.xlsx",
        max_bytes=MB,
    )
    header = find_header(book, COLUMNS)
    assert header is not None
    mapping = match_columns(header, COLUMNS)
    found = [
        Problem(3, "phone", "cell", "Not a\x0b number.", "x"),
        Problem(3, "number", "duplicate", "Twice."),
        Problem(4, "born", "missing", "Needed."),
    ]
    page = load_workbook(io.BytesIO(marked(book.sheets[0], header, mapping, found))).worksheets[0]
    assert [c.value for c in page[1]][2:] == ["学号", "姓名", "电话"]
    assert [c.value for c in page[2]] == ["3", "C3: Not a number.\nA3: Twice.", "001", None, "x"]
    assert page["E2"].fill.fgColor.rgb == "00FCE9E8"
    assert page["E2"].comment is not None
    assert page["E2"].comment.text == "Not a number."
    assert page["D2"].fill.fgColor.rgb != "00FCE9E8"
    assert page["B3"].value == "Needed."


def test_the_corrected_problem_sheet_can_be_imported() -> None:
    book = read_book(xlsx([["学号", "姓名"], ["001", "x"]]), "x.xlsx", max_bytes=MB)
    header = find_header(book, COLUMNS)
    assert header is not None
    content = marked(
        book.sheets[0], header, {"number": 0, "name": 1}, [Problem(2, "name", "cell", "Why.")]
    )
    again = find_header(read_book(content, "y.xlsx", max_bytes=MB), COLUMNS)
    assert again is not None
    assert match_columns(again, COLUMNS) == {"number": 2, "name": 3}
