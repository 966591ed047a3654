from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.test import RequestFactory
from openpyxl import load_workbook

from cotutelle.exchange.reading import read_book
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table, to_csv, to_xlsx
from tests.exchange.books import MB

DANGEROUS = ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "＝1"]
COLUMNS = [
    Out("工号", lambda r: r[0]),
    Out("分数", lambda r: r[1], "number"),
    Out("日期", lambda r: r[2], "date"),
]


def first_sheet(content: bytes) -> Any:
    return load_workbook(io.BytesIO(content)).active


def table(*rows: tuple[Any, ...], **more: Any) -> Table:
    return Table("名单/2026", COLUMNS, rows, **more)


@pytest.mark.parametrize("text", DANGEROUS)
def test_csv_never_starts_a_formula(text: str) -> None:
    raw = to_csv(Table("t", [Out(text, lambda r: text)], [1])).decode("utf-8-sig")
    for cell in [c for row in csv.reader(io.StringIO(raw, newline="")) for c in row]:
        assert cell == f"'{text}"


@pytest.mark.parametrize("text", [*DANGEROUS, "#N/A", "#REF!"])
def test_xlsx_text_is_text(text: str) -> None:
    sheet = first_sheet(to_xlsx(table((text, None, None))))
    cell = sheet["A2"]
    assert cell.data_type == "s"
    assert bool(cell.quotePrefix) is (text in DANGEROUS)
    assert cell.value.strip() == text.strip()


def test_our_own_csv_comes_back_as_it_was() -> None:
    content = to_csv(table(("=1+1", -2, None), ("00123", 1, None)))
    rows = read_book(content, "x.csv", max_bytes=MB).sheets[0].rows
    assert rows[1:] == (("=1+1", "-2"), ("00123", "1"))


def test_signs_that_no_workbook_holds_are_left_out_everywhere() -> None:
    odd = Table(
        "名\x0b单", [Out("工\x07号", lambda r: r)], ["=\x1b1"], header="h\x01", footer="f\x02"
    )
    sheet = first_sheet(to_xlsx(odd, watermark="王\x0b医生"))
    assert sheet.title == "名单"
    assert [row[0].value for row in sheet] == ["王医生", "工号", "=1"]
    assert (sheet.oddHeader.center.text, sheet.oddFooter.left.text) == ("h", "王医生")


def test_values_keep_their_kinds() -> None:
    content = to_xlsx(table(("00123", Decimal("-2.5"), dt.date(2026, 9, 1)), ("a\x00b", None, "")))
    sheet = first_sheet(content)
    assert sheet.title == "名单_2026"
    assert [c.value for c in sheet[1]] == ["工号", "分数", "日期"]
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"
    assert [c.value for c in sheet[2]] == ["00123", -2.5, dt.datetime.fromisoformat("2026-09-01")]
    assert sheet["C2"].number_format == "yyyy-mm-dd"
    assert sheet["A3"].value == "ab"
    assert sheet.column_dimensions["A"].width >= 8


def test_a_watermark_stands_above_and_in_the_footer() -> None:
    content = to_xlsx(table(("1", 1, None)), watermark="Ann & Co, 2026-09-01")
    sheet = first_sheet(content)
    assert sheet["A1"].value == "Ann & Co, 2026-09-01"
    assert sheet["A2"].value == "工号"
    assert sheet.freeze_panes == "A3"
    assert "Ann && Co" in (sheet.oddFooter.left.text or "")


def test_moments_are_written_in_local_time() -> None:
    moment = dt.datetime(2026, 9, 1, 0, 0, tzinfo=dt.UTC)
    raw = to_csv(Table("t", [Out("at", lambda r: r, "datetime")], [moment])).decode("utf-8-sig")
    assert "2026-09-01 08:00" in raw
    sheet = first_sheet(to_xlsx(Table("t", [Out("at", lambda r: r, "datetime")], [moment])))
    assert sheet["A2"].value == dt.datetime.fromisoformat("2026-09-01T08:00")


def test_download_names_the_file_and_its_reader() -> None:
    request = RequestFactory().get("/")
    request.user = type("Reader", (), {"display_name": "王丽"})()
    response = download(request, table(("1", 1, None)), "xlsx", watermark=True)
    assert response["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert "/" not in response["Content-Disposition"]
    sheet = first_sheet(response.content)
    assert "王丽" in sheet["A1"].value
    response = download(request, table(("1", 1, None)), "csv")
    assert response["Content-Type"].startswith("text/csv")
    with pytest.raises(BadRequest):
        download(request, table(), "pdf")
