from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.exchange import parsing
from cotutelle.institutions.enums import UnitKind

ALL: list[Callable[[str], Any]] = [
    parsing.text(max_length=20),
    parsing.long_text(),
    parsing.name(),
    parsing.number_text(),
    parsing.decimal(low=0, high=100),
    parsing.integer(low=0),
    parsing.date(),
    parsing.choice(UnitKind),
    parsing.many(parsing.choice(UnitKind)),
    parsing.yes_no(),
    parsing.email(),
    parsing.phone(),
]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("20260001", "20260001"),
        ("00123", "00123"),
        ("20260001.0", "20260001"),
        ("２０２６ ０００１", "20260001"),
        ("\u200b 001\u3000", "001"),
        ("'00123", "00123"),
        ("12345678901234567X", "12345678901234567X"),
        ("A-1.0", "A-1.0"),
    ],
)
def test_ids_stay_text(cell: str, value: str) -> None:
    assert parsing.number_text()(cell) == value


@pytest.mark.parametrize("cell", ["1.23E+17", "1.10101200001011E+17", "1E+15", "1,1E+17"])
def test_rounded_ids_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"文本|text"):
        parsing.number_text()(cell)


@pytest.mark.parametrize(
    "cell",
    ["2026-09-01", "2026/9/1", "2026.9.1", "2026年9月1日", "2026 年 9 月 1 日", "20260901", "46266",
     "46266.0", "2026-09-01 00:00:00", "２０２６／９／１"],
)  # fmt: skip
def test_dates_in_every_usual_form(cell: str) -> None:
    assert parsing.date()(cell) == dt.date(2026, 9, 1)


@pytest.mark.parametrize(
    "cell",
    ["2026-13-01", "2026-02-30", "1/9/2026", "9月1日", "99", "soon", "0000-01-01", "9999-12-31"],
)
def test_bad_dates_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsing.date()(cell)


def test_choices_by_value_and_by_label_of_either_language() -> None:
    parse = parsing.choice(UnitKind, {"附属医院": "hospital"})
    for cell in ("hospital", "Hospital", " HOSPITAL ", "附属医院", str(UnitKind.HOSPITAL.label)):
        assert parse(cell) == "hospital"
    with pytest.raises(ValueError, match=r"Hospital|医院"):
        parse("clinic")


@pytest.mark.parametrize(
    ("parse", "cell", "value"),
    [
        (parsing.yes_no(), "是", True),
        (parsing.yes_no(), "√", True),
        (parsing.yes_no(), "No", False),
        (parsing.decimal(), "３８７.5", Decimal("387.5")),
        (parsing.decimal(), "1,234.50", Decimal("1234.50")),
        (parsing.integer(), "3.0", 3),
        (parsing.name(), "张　三", "张三"),
        (parsing.name(), "Ann  Lee", "Ann Lee"),
        (parsing.email(), " Ａnn@Example.edu ", "ann@example.edu"),
        (parsing.phone(), "13800138000.0", "13800138000"),
        (parsing.phone(), "010-8888 6666转12", "010-8888 6666转12"),
        (parsing.many(parsing.text()), "a；b、a, c", ("a", "b", "c")),
        (parsing.long_text(), " one  two \n\n three ", "one two\n\nthree"),
    ],
)
def test_values(parse: Any, cell: str, value: object) -> None:
    assert parse(cell) == value


@pytest.mark.parametrize(
    ("parse", "cell"),
    [
        (parsing.yes_no(), "maybe"),
        (parsing.decimal(low=0, high=100), "101"),
        (parsing.decimal(low=0), "-1"),
        (parsing.decimal(high=5), "6"),
        (parsing.decimal(places=1), "1.25"),
        (parsing.decimal(), "1E5"),
        (parsing.decimal(), "nan"),
        (parsing.integer(), "2.5"),
        (parsing.email(), "ann@"),
        (parsing.email(), f"ann@{'a.' * 150}edu"),
        (parsing.phone(), "call me"),
        (parsing.text(max_length=3), "four"),
        (parsing.many(parsing.yes_no()), "yes;maybe"),
    ],
)
def test_refused_values(parse: Any, cell: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(cell)


@given(st.text(max_size=40))
def test_no_text_breaks_a_parser(cell: str) -> None:
    for parse in ALL:
        with contextlib.suppress(ValueError):
            parse(cell)
