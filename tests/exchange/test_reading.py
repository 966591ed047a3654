from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cotutelle.exchange import reading
from cotutelle.exchange.reading import Unreadable, letter, read_book
from tests.exchange.books import MB, xlsx


def read(content: bytes, name: str = "people.xlsx") -> reading.Book:
    return read_book(content, name, max_bytes=20 * MB)


def code_of(content: bytes, name: str = "people.xlsx", max_bytes: int = 20 * MB) -> str:
    with pytest.raises(Unreadable) as caught:
        read_book(content, name, max_bytes=max_bytes)
    assert len(str(caught.value)) > 5
    return caught.value.code


def test_cells_become_the_text_a_person_sees() -> None:
    content = xlsx(
        [
            [
                "20260001",
                20260001.0,
                2.5,
                True,
                dt.date(2026, 9, 1),
                dt.datetime.fromisoformat("2026-09-01T08:30"),
            ]
        ]
    )
    assert read(content).sheets[0].rows == (
        ("20260001", "20260001", "2.5", "TRUE", "2026-09-01", "2026-09-01 08:30:00"),
    )


def test_a_sign_that_no_database_keeps_is_dropped() -> None:
    assert read(xlsx([["张_x0000_三"]])).sheets[0].rows == (("张三",),)


def test_long_ids_typed_as_text_come_out_exactly() -> None:
    numbers = ["110101200001011234", "00000000000000000001", "12345678901234567X"]
    assert read(xlsx([numbers])).sheets[0].rows[0] == tuple(numbers)


def test_a_rounded_number_shows_its_exponent() -> None:
    assert "E+17" in read(xlsx([[110101200001011234]])).sheets[0].rows[0][0]


def test_row_numbers_survive_empty_rows_above() -> None:
    rows = read(xlsx([[None], [None, None], ["a"], [], ["b"], [None]])).sheets[0].rows
    assert rows == ((), (), ("a",), (), ("b",))


def test_hidden_sheets_are_not_read() -> None:
    book = load_workbook(io.BytesIO(xlsx(("shown", [["a"]]), ("hidden", [["b"]]))))
    book["hidden"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert [s.name for s in read(out.getvalue()).sheets] == ["shown"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_every_usual_form(encoding: str, delimiter: str) -> None:
    text = (
        delimiter.join(["学号", "姓名"])
        + "\r\n"
        + delimiter.join(["00123", '"张, 三; 丰"'])
        + "\r\n"
    )
    sheet = read(text.encode(encoding), "people.csv").sheets[0]
    assert sheet.rows == (("学号", "姓名"), ("00123", "张, 三; 丰"))


def test_csv_line_breaks_inside_a_cell_keep_the_row_number() -> None:
    sheet = read(b'a,b\n"x\ny",1\nz,2\n', "p.csv").sheets[0]
    assert sheet.rows[2] == ("z", "2")


def test_refusals_say_what_to_do() -> None:
    assert code_of(b"") == "exchange.empty"
    assert code_of(b"  \r\n ") == "exchange.empty"
    assert code_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600) == "exchange.old_format"
    assert code_of(b"PK\x03\x04junk") == "exchange.damaged"
    assert code_of(b"%PDF-1.7\n") == "exchange.not_a_spreadsheet"
    assert code_of(b"<html><table></table></html>", "export.xls") == "exchange.not_a_spreadsheet"
    assert code_of(b"\x89PNG\r\n\x1a\n\0\0") == "exchange.not_a_spreadsheet"
    assert code_of(xlsx([["a"]]), max_bytes=100) == "exchange.too_large"
    assert code_of(xlsx([["a"]])[:-200]) == "exchange.damaged"


def test_another_zip_is_not_a_spreadsheet() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert code_of(out.getvalue()) == "exchange.not_a_spreadsheet"


def with_sheet(body: str) -> bytes:
    """Return a workbook whose first sheet is ``body``."""
    source = zipfile.ZipFile(io.BytesIO(xlsx([["a"]])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, body if name == "xl/worksheets/sheet1.xml" else data)
    return out.getvalue()


NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_a_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED_BYTES", 5 * MB)
    bomb = with_sheet(f"<worksheet {NS}>" + " " * (6 * MB) + "</worksheet>")
    assert len(bomb) < MB // 10
    assert code_of(bomb) == "exchange.too_large"


def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_laid_out() -> None:
    far = (
        f'<worksheet {NS}><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    assert code_of(with_sheet(far)) == "exchange.too_large"


def test_formatted_but_empty_cells_far_away_do_no_harm() -> None:
    far = (
        f'<worksheet {NS}><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData></worksheet>'
    )
    assert read(with_sheet(far)).sheets[0].rows == (("1",),)


def test_too_many_rows_and_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code_of(",".join("a" * 301).encode(), "p.csv") == "exchange.too_many_columns"
    monkeypatch.setattr(reading, "MAX_ROWS", 10)
    assert len(read(b"a\n" * 10, "p.csv").sheets[0].rows) == 10
    assert code_of(b"a\n" * 11, "p.csv") == "exchange.too_many_rows"
    assert code_of(xlsx([["a"]] * 11)) == "exchange.too_many_rows"


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_by_name(content: bytes) -> None:
    try:
        book = read_book(content, "x", max_bytes=MB)
    except Unreadable:
        return
    assert len(book.sheets) == 1


WHOLE = xlsx([["学号", "姓名"], ["001", "张三"]], merged=["A3:B3"])


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_workbook_with_flipped_bytes_is_read_or_refused_by_name(at: int, junk: bytes) -> None:
    with contextlib.suppress(Unreadable):
        read_book(WHOLE[:at] + junk + WHOLE[at + len(junk) :], "x.xlsx", max_bytes=MB)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_xml_in_place_of_the_sheet_is_read_or_refused_by_name(body: str) -> None:
    with contextlib.suppress(Unreadable):
        read_book(with_sheet(body.encode("utf-8", "replace").decode()), "x.xlsx", max_bytes=MB)


@given(
    st.lists(
        st.lists(st.text(alphabet="ab,;\t\"张\n'0 ", max_size=6), min_size=2, max_size=4),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=100, deadline=None)
def test_csv_written_by_the_standard_library_is_read_with_its_cells(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["head", "er", "of", "it"], *rows])
    if not out.getvalue().strip():
        return
    sheet = read_book(out.getvalue().encode(), "x.csv", max_bytes=MB).sheets[0]
    assert sheet.rows[0][0].startswith("head")


def test_letters_of_columns() -> None:
    assert [letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
