"""Requests that no log would send: each is refused as such, and changes nothing."""

from __future__ import annotations

import base64

import pytest

from tests.factories.witnesses import RunningWitness, SmallLog

HASH = base64.b64encode(bytes(32)).decode()
SHORT = base64.b64encode(bytes(31)).decode()
LONG = base64.b64encode(bytes(33)).decode()


def _with(head: str) -> tuple[str, str]:
    """Return a change that puts this before the empty line."""
    return "old 0\n\n", f"{head}\n\n"


CHANGES = {
    "no empty line": ("\n\n", "\n"),
    "no old line": ("old 0\n", ""),
    "old without a number": _with("old "),
    "leading zero": _with("old 00"),
    "plus sign": _with("old +1"),
    "negative": _with("old -1"),
    "two spaces": _with("old  0"),
    "trailing space": _with("old 0 "),
    "too large a number": _with(f"old {2**63}"),
    "far too large a number": _with(f"old {'9' * 5000}"),
    "other digits": _with("old ٣"),
    "capital letter": _with("Old 0"),
    "carriage returns": ("\n", "\r\n"),
    "64 proof lines": _with("old 0\n" + "\n".join([HASH] * 64)),
    "proof line not base64": _with(f"old 0\n*{HASH[1:]}"),
    "hash of 31 bytes": _with(f"old 0\n{SHORT}"),
    "hash of 33 bytes": _with(f"old 0\n{LONG}"),
    "base64 with stray bits": _with(f"old 0\n{HASH[:-2]}B="),
    "base64 without padding": _with(f"old 0\n{HASH[:-1]}"),
    "base64 of addresses": _with(f"old 0\n{'_' * 42}8="),
    "space after a hash": _with(f"old 0\n{HASH} "),
    "two empty lines": _with("old 0\n"),
    "size with a leading zero": ("\n20\n", "\n020\n"),
    "size in words": ("\n20\n", "\ntwenty\n"),
    "no size": ("\n20\n", "\n"),
    "no origin": ("old 0\n\nlog", "old 0\n\n\nlog"),
    "control character": ("\n20\n", "\n2\t0\n"),
    "other dash": ("\n— ", "\n- "),
}


def _body(log: SmallLog, change: tuple[str, str]) -> bytes:
    return log.request(0).decode().replace(*change).encode()


def _refused(witness: RunningWitness, log: SmallLog, body: bytes) -> None:
    answer = witness.post("/add-checkpoint", body)

    assert (answer.status_code, answer.text[:9]) == (400, "Malformed")
    assert witness.post("/add-checkpoint", log.request(1)).text == "0\n"


@pytest.mark.parametrize("which", list(CHANGES))
def test_what_is_malformed_is_a_bad_request(witness: RunningWitness, log: SmallLog, which: str):
    body = _body(log, CHANGES[which])

    assert body != log.request(0)
    _refused(witness, log, body)


def test_a_body_that_is_cut_anywhere_is_never_cosigned(witness: RunningWitness, log: SmallLog):
    body = log.request(0)

    statuses = {witness.post("/add-checkpoint", body[:cut]).status_code for cut in range(len(body))}

    assert statuses == {400}


def test_other_bytes_are_a_bad_request(witness: RunningWitness, log: SmallLog):
    for body in (b"", b"\n", b"\n\n", bytes(1000), b"\xff\n\n" + log.note().encode()):
        _refused(witness, log, body)


def test_a_note_without_signatures_is_a_bad_request(witness: RunningWitness, log: SmallLog):
    text = log.checkpoint().text
    for body in (f"old 0\n\n{text}", f"old 0\n\n{text}\n"):
        _refused(witness, log, body.encode())
