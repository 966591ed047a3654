"""Log entries and what they commit to; canonical JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from cotutelle.engines.translog import (
    KINDS,
    PUBLIC_SALT,
    EntryError,
    canonical_json,
    check_entry,
    commitment,
    entry_bytes,
    read_entry,
    statement_entry,
)

ISSUER = "https://demo.cotutelle.example/issuers/hospital"
DAY = "2026-11-21"
SALT = bytes(range(32))
PAYLOAD = {"v": 1, "action": "credentials.award.signed", "after": {"grade": "良好"}}
STATEMENT = {"event": "added", "controller": ISSUER, "key": "z6Mk"}


def _entry(**changes: Any) -> dict[str, Any]:
    members = {
        "v": 1,
        "issuer": ISSUER,
        "kind": "decision",
        "day": DAY,
        "commitment": commitment(PAYLOAD, SALT),
    }
    return {name: value for name, value in (members | changes).items() if value is not ...}


def test_a_commitment_is_the_hash_it_says() -> None:
    data = '{"action":"credentials.award.signed","after":{"grade":"良好"},"v":1}'.encode()
    expected = hashlib.sha256(b"cotutelle/commitment/v1\n" + SALT + data).hexdigest()
    assert commitment(PAYLOAD, SALT) == expected


def test_an_entry_is_canonical_json_and_nothing_else() -> None:
    data = entry_bytes(ISSUER, "decision", DAY, commitment(PAYLOAD, SALT))
    assert data == rfc8785.dumps(_entry())
    entry = check_entry(data, PAYLOAD, SALT)
    assert (entry.issuer, entry.kind, entry.day) == (ISSUER, "decision", DAY)
    assert entry.statement is None
    assert entry.data == data
    assert check_entry(json.loads(data), PAYLOAD, SALT.hex()) == entry
    assert read_entry(data) == entry


def test_a_public_entry_commits_to_its_statement_with_no_salt() -> None:
    data = statement_entry(ISSUER, "key", DAY, STATEMENT)
    entry = check_entry(data)
    assert entry.statement == STATEMENT
    assert entry.commitment == commitment(STATEMENT, PUBLIC_SALT)
    assert check_entry(data, STATEMENT, PUBLIC_SALT) == entry
    for payload, salt in (({**STATEMENT, "event": "x"}, PUBLIC_SALT), (STATEMENT, SALT)):
        with pytest.raises(EntryError):
            check_entry(data, payload, salt)


@pytest.mark.parametrize(
    ("payload", "salt", "code"),
    [
        ({**PAYLOAD, "v": 2}, SALT, "entry.commitment"),
        ({**PAYLOAD, "more": None}, SALT, "entry.commitment"),
        (PAYLOAD, bytes(32), "entry.commitment"),
        (PAYLOAD, SALT[:31], "entry.payload"),
        (PAYLOAD, "zz" * 32, "entry.payload"),
        (PAYLOAD, SALT.hex().upper(), "entry.payload"),
        (PAYLOAD, SALT.hex(" "), "entry.payload"),
        (PAYLOAD, SALT.hex() + "\n", "entry.payload"),
        (PAYLOAD, None, "entry.withheld"),
        (None, SALT, "entry.withheld"),
        (None, None, "entry.withheld"),
        ({"x": float("nan")}, SALT, "entry.payload"),
    ],
)
def test_what_the_entry_does_not_commit_to_is_refused(payload: Any, salt: Any, code: str) -> None:
    with pytest.raises(EntryError) as caught:
        check_entry(_entry(), payload, salt)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"v": 2}, "entry.version"),
        ({"v": True}, "entry.version"),
        ({"v": 1.0}, "entry.version"),
        ({"v": ...}, "entry.members"),
        ({"issuer": ...}, "entry.members"),
        ({"person": "s-17"}, "entry.members"),
        ({"issuer": ""}, "entry.issuer"),
        ({"issuer": 7}, "entry.issuer"),
        ({"kind": "grade"}, "entry.kind"),
        ({"kind": ["decision"]}, "entry.kind"),
        ({"day": "2026-02-30"}, "entry.day"),
        ({"day": "2026-11-21T08:30:00Z"}, "entry.day"),
        ({"day": "20261121"}, "entry.day"),
        ({"day": None}, "entry.day"),
        ({"commitment": "0" * 63}, "entry.commitment_form"),
        ({"commitment": "A" * 64}, "entry.commitment_form"),
        ({"commitment": "0" * 64 + "\n"}, "entry.commitment_form"),
        ({"statement": None}, "entry.statement"),
        ({"statement": STATEMENT}, "entry.statement"),
        ({"kind": "key"}, "entry.statement"),
        ({"kind": "status"}, "entry.statement"),
        ({"kind": "publication", "statement": STATEMENT}, "entry.commitment"),
        ({"kind": "publication", "statement": "text"}, "entry.statement"),
        ({"issuer": "x" * 66_000}, "entry.too_large"),
        ({"issuer": "\ud800"}, "entry.json"),
        ({"v": 2**60}, "entry.json"),
    ],
)
def test_malformed_entries_are_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(EntryError) as caught:
        read_entry(_entry(**changes))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d + b"\n",
        lambda d: d.replace(b":", b": ", 1),
        lambda d: b"\xef\xbb\xbf" + d,
        lambda d: d[:-1] + b',"day":"2026-11-21"}',
        lambda d: d.replace(b'"v":1', b'"v":1.0'),
        lambda d: d.replace(b"decision", b"decis\\u0069on"),
        lambda d: b"[" + d + b"]",
        lambda d: b"",
        lambda d: b"null",
        lambda d: b"\xff",
        lambda d: b"[" * 100_000,
    ],
)
def test_bytes_that_are_not_the_canonical_form_are_refused(
    change: Callable[[bytes], bytes],
) -> None:
    with pytest.raises(EntryError):
        read_entry(change(entry_bytes(ISSUER, "decision", DAY, commitment(PAYLOAD, SALT))))


def test_every_kind_may_be_what_it_is() -> None:
    for kind in KINDS:
        if kind in ("key", "status"):
            assert read_entry(statement_entry(ISSUER, kind, DAY, STATEMENT)).kind == kind
        else:
            assert read_entry(entry_bytes(ISSUER, kind, DAY, "0" * 64)).kind == kind
    assert read_entry(statement_entry(ISSUER, "publication", DAY, STATEMENT)).statement


def test_without_its_salt_a_grade_cannot_be_guessed_from_its_commitment() -> None:
    """The attack with a dictionary: all grades there are, under every salt that could be known."""
    target = commitment({"grade": 87}, hashlib.sha256(b"secret").digest())
    guesses = {commitment({"grade": n}, salt) for n in range(101) for salt in (bytes(32), SALT)}
    assert target not in guesses
    assert commitment({"grade": 87}, bytes(32)) in guesses


# Canonical JSON.

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
@example({"\ue000": 1, "\U00010000": 2, "a": 3})
@example({"控制": '\x00\x1f\x7f\u2028"\\/\b\f\n\r\t', "a": [1e21, 1e-7, -0.0, 0.1]})
def test_the_fast_path_writes_what_the_package_does(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, (2,)), b"[1,[2]]"),
        ({"a": Colour.RED}, b'{"a":"red"}'),
        ([2**53 - 1, -(2**53) + 1], b"[9007199254740991,-9007199254740991]"),
        ({"b": True, "a": None}, b'{"a":null,"b":true}'),
        ({}, b"{}"),
        ("é", b'"\xc3\xa9"'),
    ],
)
def test_forms(value: Any, text: bytes) -> None:
    assert canonical_json(value) == text


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def _own_member() -> Any:
    value: list[Any] = []
    value.append({"a": value})
    return value


@pytest.mark.parametrize(
    "value",
    [
        _own_member(),
        {1: 2},
        {None: 2},
        {"a": {True: 1}},
        2**53,
        -(2**53),
        float("nan"),
        float("inf"),
        "\ud800",
        {"\ud800": 1},
        {"a": b"bytes"},
        {"a": {1, 2}},
        object(),
        _nested(100_000),
        [0.5, _nested(100_000)],
    ],
)
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_json(value)
