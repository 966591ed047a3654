"""Files from strangers: read alike by everybody, or not at all."""

from __future__ import annotations

import json

import pytest

from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.reading import MAX_BYTES, MAX_DEPTH, check_value, read_json
from cotutelle.engines.translog.jcs import canonical_json


def code(data):
    with pytest.raises(FileProblem) as refused:
        read_json(data)
    return refused.value.code


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_what_it_reads_is_what_the_standard_library_reads():
    value = {"a": [1, -2, 0.5, 1e-7, True, None, "林"], "b": {"": {}}, "c": 2**53 - 1}

    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value
    assert read_json(b"\xef\xbb\xbf" + b'{"bom": 1}') == {"bom": 1}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('{"a":1,"a":1}', "file.duplicate_key"),
        ('{"x":{"a":1,"b":2,"\\u0061":3}}', "file.duplicate_key"),
        ("NaN", "file.number"),
        ("[Infinity]", "file.number"),
        ("[-Infinity]", "file.number"),
        ("1e400", "file.number"),
        ("9007199254740992", "file.number"),
        ("-9007199254740992", "file.number"),
        ("1" * 5000, "file.number"),
        ('"\\ud800"', "file.not_text"),
        ('{"\\udfff": 1}', "file.not_text"),
        ("", "file.not_json"),
        ("{", "file.not_json"),
        ("{'a': 1}", "file.not_json"),
        ("[1,]", "file.not_json"),
        ("01", "file.not_json"),
        ('"\n"', "file.not_json"),
        ("\ufeff\ufeff1", "file.not_json"),
        (b"\xff\xfe1\0", "file.not_json"),
        (b'"\xed\xa0\x80"', "file.not_json"),
        (nested(MAX_DEPTH + 1), "file.too_deep"),
        (nested(100_000), "file.too_deep"),
        (b" " * MAX_BYTES + b"1", "file.too_large"),
    ],
)
def test_what_two_programs_may_read_differently_is_refused(data, expected):
    assert code(data) == expected


def test_a_number_is_read_as_it_is_signed_whatever_its_spelling():
    read = read_json("[4.0, 4e0, 40e-1, -0.0, 4.5, 1e300, 9007199254740992.0]")

    assert read == [4, 4, 4, 0, 4.5, 1e300, 2.0**53]
    assert [type(number) for number in read] == [int] * 4 + [float] * 3
    assert canonical_json(read[:4]) == b"[4,4,4,0]"


def test_the_deepest_that_is_allowed_is_read():
    assert read_json(nested(MAX_DEPTH)) is not None
    assert read_json("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH) is not None


def test_values_made_in_python_are_looked_at_as_well():
    for value in ({"a": {1}}, {"a": b""}, {1: "a"}, {"a": 2**53}, {"a": float("nan")}):
        with pytest.raises(FileProblem):
            check_value(value)
