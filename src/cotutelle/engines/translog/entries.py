"""
Log entries: who decided something of a coarse kind on a day, and a commitment to what it was.

The entry names no person; what it commits to is kept off the log, with a random salt, and can be
destroyed. Statements about institutions are public and stand in the entry itself, their salt
being zero, so that one rule checks all commitments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from cotutelle.engines.translog.errors import EntryError
from cotutelle.engines.translog.jcs import canonical_json
from cotutelle.engines.translog.strict import is_number
from cotutelle.engines.translog.tiles import MAX_ENTRY_BYTES

VERSION = 1
KINDS = ("decision", "credential", "status", "key", "agreement", "publication")
PUBLIC_KINDS = ("status", "key")  # always with a statement
PRIVATE_KINDS = ("decision", "credential")  # never with one
PUBLIC_SALT = bytes(32)
SALT_BYTES = 32
_DOMAIN = b"cotutelle/commitment/v1\n"
_MEMBERS = {"v", "issuer", "kind", "day", "commitment"}
_HEX = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A log entry.

    ``data`` are its exact bytes (RFC 8785), of which the leaf hash is made; ``statement`` is
    ``None`` unless the entry is public.
    """

    issuer: str
    kind: str
    day: str
    commitment: str
    statement: Mapping[str, Any] | None
    data: bytes


def commitment(payload: Any, salt: bytes) -> str:
    """
    Return SHA-256(domain || salt || RFC 8785 JSON of the payload) in hexadecimal.

    Parameters
    ----------
    payload
        A JSON value.
    salt
        32 bytes, random unless the payload is public: without it a grade could be guessed.
    """
    if not isinstance(salt, bytes) or len(salt) != SALT_BYTES:
        raise ValueError(f"salt must be {SALT_BYTES} bytes")
    return sha256(_DOMAIN + salt + canonical_json(payload)).hexdigest()


def entry_bytes(
    issuer: str,
    kind: str,
    day: str,
    commitment: str,
    statement: Mapping[str, Any] | None = None,
) -> bytes:
    """
    Return the bytes of an entry.

    Parameters
    ----------
    issuer
        URL that names the institution.
    kind
        One of ``KINDS``.
    day
        ``YYYY-MM-DD``.
    commitment
        As `commitment` returns it.
    statement
        For public entries; the commitment is to it, with a salt of zeroes.

    Raises
    ------
    EntryError
        When a part is malformed.
    """
    members = {
        "v": VERSION,
        "issuer": issuer,
        "kind": kind,
        "day": day,
        "commitment": commitment,
    }
    if statement is not None:
        members["statement"] = statement
    return read_entry(members).data


def statement_entry(issuer: str, kind: str, day: str, statement: Mapping[str, Any]) -> bytes:
    """Return the bytes of a public entry; see `entry_bytes`."""
    return entry_bytes(issuer, kind, day, commitment(statement, PUBLIC_SALT), statement)


def read_entry(entry: bytes | Mapping[str, Any]) -> Entry:
    """
    Read an entry, from its bytes or from the JSON object they stand for.

    Raises
    ------
    EntryError
        When it is malformed, its bytes are not canonical, or a public statement is not what the
        commitment says.
    """
    members = _members(entry)
    try:
        data = canonical_json(members)
    except ValueError as error:
        raise EntryError("entry.json", f"entry: {error}") from None
    if isinstance(entry, bytes) and entry != data:
        raise EntryError("entry.canonical", "the bytes are not the canonical form of the entry")
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError("entry.too_large", f"an entry has {MAX_ENTRY_BYTES} bytes at most")
    _refuse_members(members)
    statement = members.get("statement")
    if statement is not None and commitment(statement, PUBLIC_SALT) != members["commitment"]:
        raise EntryError("entry.commitment", "the commitment is not to the statement")
    return Entry(
        members["issuer"], members["kind"], members["day"], members["commitment"], statement, data
    )


def _members(entry: bytes | Mapping[str, Any]) -> dict[str, Any]:
    try:
        members = json.loads(entry) if isinstance(entry, bytes) else entry
    except (ValueError, RecursionError):
        raise EntryError("entry.json", "an entry is a JSON object") from None
    if not isinstance(members, Mapping):
        raise EntryError("entry.json", "an entry is a JSON object")
    return dict(members)


def _refuse_members(members: Mapping[str, Any]) -> None:
    if set(members) - {"statement"} != _MEMBERS:
        raise EntryError("entry.members", "an entry has other members", {"members": [*members]})
    if not is_number(members["v"]) or members["v"] != VERSION:
        raise EntryError("entry.version", f"an entry has version {VERSION}")
    if not isinstance(members["issuer"], str) or not members["issuer"]:
        raise EntryError("entry.issuer", "issuer must be text")
    if not _is_day(members["day"]):
        raise EntryError("entry.day", "day must be YYYY-MM-DD")
    if not isinstance(members["commitment"], str) or not _HEX.fullmatch(members["commitment"]):
        raise EntryError("entry.commitment_form", "commitment must be 64 hexadecimal digits")
    kind = members["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise EntryError("entry.kind", f"kind must be one of {', '.join(KINDS)}")
    if "statement" in members and not isinstance(members["statement"], dict):
        raise EntryError("entry.statement", "statement must be an object")
    if kind in (PRIVATE_KINDS if "statement" in members else PUBLIC_KINDS):
        raise EntryError("entry.statement", f"an entry of kind {kind} is always or never public")


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def check_entry(
    entry: bytes | Mapping[str, Any], payload: Any = None, salt: bytes | str | None = None
) -> Entry:
    """
    Check that an entry commits to a payload.

    Parameters
    ----------
    entry
        Bytes or JSON object.
    payload, salt
        What the issuer kept off the log; the salt as 32 bytes or 64 lower-case hexadecimal
        digits. Neither is needed for public entries; given, they must be the statement and zeroes.

    Returns
    -------
    Entry
        With the bytes of which the leaf hash is made.

    Raises
    ------
    EntryError
        When the entry is malformed, the payload or salt is missing, or the commitment is to
        something else.
    """
    read = read_entry(entry)
    if read.statement is not None:
        payload = read.statement if payload is None else payload
        salt = PUBLIC_SALT if salt is None else salt
    if payload is None or salt is None:
        raise EntryError("entry.withheld", "payload and salt are needed, unless public")
    if isinstance(salt, str):
        salt = bytes.fromhex(salt) if _HEX.fullmatch(salt) else b""
    try:
        computed = commitment(payload, salt)
    except ValueError as error:
        raise EntryError("entry.payload", f"payload or salt: {error}") from None
    if computed != read.commitment:
        evidence = {"stated": read.commitment, "computed": computed}
        raise EntryError("entry.commitment", "the entry commits to something else", evidence)
    return read
