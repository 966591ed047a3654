from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from cotutelle.exchange.checking import Check, check_rows
from cotutelle.exchange.importing import (
    Choice,
    Context,
    Counts,
    Importer,
    Key,
    Problem,
    Row,
    split_rows,
)
from cotutelle.exchange.mapping import find_header, match_columns
from cotutelle.exchange.reading import read_book
from tests.exchange.books import COLUMNS, MB, importer, xlsx


def context(**changes: Any) -> Context:
    return Context(unit=cast(Any, None), actor=cast(Any, None), **changes)


def check(content: bytes, kind: Importer | None = None, **changes: Any) -> Check:
    book = read_book(content, "x.xlsx", max_bytes=MB)
    header = find_header(book, COLUMNS)
    assert header is not None
    mapping = match_columns(header, COLUMNS)
    return check_rows(
        kind or importer(), book.sheets[header.sheet], header, mapping, context(**changes)
    )


HEAD = ["学号", "姓名", "电话", "邮箱", "出生日期"]


def test_every_bad_cell_is_named() -> None:
    found = check(
        xlsx(
            [
                ["名单"],
                HEAD,
                ["001", "张三", "13800138000", "a@b.cn", "2000/1/2"],
                [None, "李四", "x", "not an address", "2000-13-01"],
                [],
                [110101200001011234, None, None, None, 36527],
            ]
        )
    )
    assert [(p.row, p.column, p.code) for p in found.problems] == [
        (4, "number", "empty"),
        (4, "phone", "cell"),
        (4, "email", "cell"),
        (4, "born", "cell"),
        (6, "number", "cell"),
        (6, "name", "empty"),
    ]
    assert found.problems[2].value == "not an address"
    assert "E+17" in found.problems[4].value
    assert [r.number for r in found.good] == [3]
    assert len(found.rows) == 3
    assert not found.is_clean


def test_rows_without_any_mapped_text_are_passed_over() -> None:
    assert check(xlsx([HEAD, ["001", "张三"], [" ", "\u3000"], ["002", "李四"]])).counts == Counts(
        created=2
    )


def test_both_of_two_duplicates_are_at_fault_until_the_first_is_to_be_kept() -> None:
    content = xlsx([HEAD, ["001", "张三"], ["001", "张三丰", "bad"], ["002", "李四"]])
    strict = check(content)
    assert [(p.row, p.column, p.code) for p in strict.problems] == [
        (2, "number", "duplicate"),
        (3, "number", "duplicate"),
        (3, "phone", "cell"),
    ]
    assert strict.has_duplicates
    assert "3" in strict.problems[0].message
    assert strict.problems[0].value == "001"
    lenient = check(content, keep_first=True)
    assert lenient.is_clean
    assert [r["name"] for r in lenient.good] == ["张三", "李四"]
    assert lenient.counts == Counts(created=2, skipped=1)


def test_ids_that_differ_only_in_leading_zeros_are_two() -> None:
    assert check(xlsx([HEAD, ["001", "张三"], ["01", "李四"]])).is_clean


def ask(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    choices = (Choice("same", "Same"), Choice("new", "New"))
    return [
        Problem(r.number, "name", "namesake", "Who?", key=f"k{r['number']}", choices=choices)
        for r in rows
        if r["name"] == "张三"
    ]


def test_a_question_is_a_problem_until_it_is_answered() -> None:
    content = xlsx([HEAD, ["001", "张三"], ["002", "李四"]])
    open_ = check(content, importer(check=ask))
    assert [(p.code, p.value) for p in open_.problems] == [("namesake", "张三")]
    assert len(open_.questions) == 1
    wrong = check(content, importer(check=ask), decisions={"k001": "perhaps"})
    assert not wrong.is_clean
    answered = check(content, importer(check=ask), decisions={"k001": "new"})
    assert answered.is_clean
    assert len(answered.questions) == 1


def test_an_importer_that_names_no_cell_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no cell"):
        check(
            xlsx([HEAD, ["001", "张三"]]),
            importer(check=lambda rows, ctx: [Problem(99, "number", "x", "y")]),
        )
    with pytest.raises(ValueError, match="needs a key"):
        check(
            xlsx([HEAD, ["001", "张三"]]),
            importer(
                check=lambda rows, ctx: [
                    Problem(2, "number", "x", "y", choices=(Choice("a", "A"),))
                ]
            ),
        )


def test_only_columns_of_the_file_are_compared() -> None:
    known: dict[Key, dict[str, Any]] = {
        ("001",): {"name": "张三", "phone": "1", "email": ""},
        ("002",): {"name": "王五", "phone": "", "email": ""},
    }
    rows = [
        Row(2, {"number": "001", "name": "张三", "email": None}),
        Row(3, {"number": "002", "name": "李四"}),
        Row(4, {"number": "003", "name": "赵六"}),
    ]
    split = split_rows(rows, ("number",), known)
    assert split.counts == Counts(created=1, updated=1, unchanged=1)
    assert (split.update[0].before, split.update[0].after) == ({"name": "王五"}, {"name": "李四"})


def test_rows_answer_for_what_the_file_has() -> None:
    row = Row(2, {"number": "1", "phone": None})
    assert row["phone"] is None
    assert row["email"] is None
    assert "phone" in row
    assert "email" not in row
    assert row.get("phone", "-") == "-"
    assert row.key(("number", "phone")) is None


CELL = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(min_value=dt.date(1900, 3, 1)),
)


@given(st.lists(st.lists(CELL, min_size=1, max_size=7), max_size=6))
@settings(max_examples=80, deadline=None)
def test_whatever_stands_in_the_cells_every_row_is_good_or_named(rows: list[list[Any]]) -> None:
    clean = [
        [ILLEGAL_CHARACTERS_RE.sub("", c).lstrip("=") if isinstance(c, str) else c for c in row]
        for row in rows
    ]
    found = check(xlsx([[c.labels[0] for c in COLUMNS], *clean]))
    named = {p.row for p in found.problems}
    assert {r.number for r in found.rows} == named | {r.number for r in found.good}
    assert not named & {r.number for r in found.good}
