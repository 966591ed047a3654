from __future__ import annotations

from cotutelle.exchange.mapping import Header, find_header, fold_label, match_columns, valid_mapping
from cotutelle.exchange.reading import Book, read_book
from tests.exchange.books import COLUMNS, MB, xlsx


def book(content: bytes) -> Book:
    return read_book(content, "x.xlsx", max_bytes=MB)


def header_of(content: bytes) -> Header:
    header = find_header(book(content), COLUMNS)
    assert header is not None
    return header


def test_title_and_notes_above_the_header_are_passed_over() -> None:
    header = header_of(
        xlsx(
            [
                ["2026级研究生名单"],
                ["填表说明：学号必填"],
                [],
                ["序号", "学号（必填）", "姓 名*", "联系电话"],
                [1, "001", "张三", "13800138000"],
            ],
            merged=["A1:D1", "A2:D2"],
        )
    )
    assert (header.top, header.height) == (3, 1)
    assert match_columns(header, COLUMNS) == {"number": 1, "name": 2}


def test_a_header_of_two_merged_rows() -> None:
    header = header_of(
        xlsx(
            [
                ["名单"],
                ["学号", "姓名", "联系方式", None, "家长联系方式"],
                [None, None, "电话", "邮箱", "电话"],
                ["001", "张三", "13800138000", "a@b.cn", "13900139000"],
            ],
            merged=["A1:E1", "A2:A3", "B2:B3", "C2:D2"],
        )
    )
    assert (header.top, header.height) == (1, 2)
    assert header.labels == ("学号", "姓名", "联系方式 电话", "邮箱", "家长联系方式 电话")
    assert match_columns(header, COLUMNS) == {"number": 0, "name": 1, "phone": 2, "email": 3}
    assert header.first_data_row == 3


def test_the_sheet_that_knows_most_columns_is_chosen() -> None:
    header = header_of(
        xlsx(
            ("说明", [["学号", "怎么填"], ["文本", "…"]]),
            ("名单", [["Student Number", "NAME", "E-mail"], ["001", "Ann", "a@b.cn"]]),
        )
    )
    assert header.sheet == 1


def test_unknown_labels_leave_the_first_row_and_no_mapping() -> None:
    header = header_of(xlsx([[], ["foo", "bar"], ["1", "2"]]))
    assert (header.top, match_columns(header, COLUMNS)) == (1, {})


def test_empty_sheets_have_no_header() -> None:
    assert find_header(book(xlsx([])), COLUMNS) is None


def test_labels_are_compared_without_width_case_space_and_marks() -> None:
    assert fold_label(" Ｅ-Mail（选填） * ") == fold_label("e mail")
    assert fold_label("（学号）") == fold_label("(学号)") != ""


def test_one_column_of_the_sheet_serves_one_field() -> None:
    header = header_of(xlsx([["学号", "姓名"]]))
    assert valid_mapping({"number": 0, "name": 0, "email": 9, "x": 1}, header, COLUMNS) == {
        "number": 0
    }


def test_the_signature_follows_the_labels_alone() -> None:
    first = header_of(xlsx([["学号", "姓名"], ["1", "a"]]))
    moved = header_of(xlsx([["title"], ["学号 ", "姓名*"]]))
    other = header_of(xlsx([["学号", "姓名", "电话"]]))
    assert first.signature == moved.signature != other.signature
