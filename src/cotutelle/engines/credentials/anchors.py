"""
What an anchor outside the log says: that the tree which holds a credential is at least so old.

An entry in a contract can only be looked up on its chain, so offline it is *stated*; a time-stamp token
can be checked against roots given beforehand. Neither makes a credential valid; a wrong one refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cotutelle.engines.credentials.errors import VerifyError, shown
from cotutelle.engines.credentials.evidence import Book, Logged
from cotutelle.engines.credentials.report import Finding
from cotutelle.engines.credentials.times import read_time, write_time
from cotutelle.engines.credentials.timestamps import check_imprint, verify_token
from cotutelle.engines.translog import Checkpoint, NoteError, ProofError, verify_inclusion
from cotutelle.engines.translog.strict import decode_base64, is_number

MAX_ANCHORS = 16

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


def check_anchors(
    anchors: object, logged: Logged | None, book: Book, roots: Sequence[bytes]
) -> Finding:
    """
    Return what a bundle's anchors say of the entry ``logged``: the best of them, unless one is bad.

    Notes
    -----
    Source: RFC 9162, section 2.1.3 (inclusion); RFC 3161 (tokens).
    """
    if anchors is None or anchors == []:
        return Finding("absent", "anchor.none")
    if not isinstance(anchors, list) or len(anchors) > MAX_ANCHORS:
        return Finding("bad", "anchor.malformed")
    if logged is None:
        return Finding("unknown", "anchor.unchecked")
    try:
        found = [_check(anchor, logged, book, roots) for anchor in anchors]
    except VerifyError as error:
        return Finding.bad(error)
    return next((finding for finding in found if finding.state == "good"), found[0])


def _check(anchor: object, logged: Logged, book: Book, roots: Sequence[bytes]) -> Finding:
    if not isinstance(anchor, dict) or anchor.get("type") not in ("evm", "rfc3161"):
        raise VerifyError("anchor.malformed")
    head = _head(anchor)
    if head.origin != logged.origin:
        raise VerifyError("anchor.wrong_root")
    try:
        verify_inclusion(logged.index, head.size, logged.leaf, _hashes(anchor), head.root)
    except ProofError:
        raise VerifyError("anchor.wrong_root") from None
    book.remember_root(head.origin, head.size, head.root)
    at = anchor.get("at")
    try:
        read_time(at)
    except ValueError:
        raise VerifyError("anchor.malformed") from None
    if anchor["type"] == "evm":
        chain, contract = anchor.get("chain_id"), anchor.get("contract")
        return Finding(
            "unknown",
            "anchor.stated",
            {
                "chain": chain if is_number(chain) else shown(chain),
                "contract": shown(contract),
                "at": at,
            },
        )
    token = _base64(anchor.get("token"))
    if not roots:
        check_imprint(token, head.text.encode())
        return Finding("unknown", "anchor.stated_time", {"at": at})
    stamped = verify_token(token, head.text.encode(), roots)
    return Finding("good", "anchor.stamped", {"at": write_time(stamped)})


def _head(anchor: Mapping[str, Any]) -> Checkpoint:
    origin, size, root = (anchor.get(name) for name in ("origin", "size", "root"))
    if not isinstance(origin, str) or not isinstance(root, str) or not _HEX.fullmatch(root):
        raise VerifyError("anchor.malformed")
    try:
        return Checkpoint(origin, size, bytes.fromhex(root))  # type: ignore[arg-type] # refused there
    except NoteError:
        raise VerifyError("anchor.malformed") from None


def _hashes(anchor: Mapping[str, Any]) -> list[bytes]:
    inclusion = anchor.get("inclusion")
    if not isinstance(inclusion, list):
        raise VerifyError("anchor.malformed")
    return [_base64(text) for text in inclusion]


def _base64(text: object) -> bytes:
    try:
        if isinstance(text, str):
            return decode_base64(text)
    except ValueError:
        pass
    raise VerifyError("anchor.malformed")
