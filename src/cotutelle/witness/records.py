"""What was cosigned, and what contradicts it."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from dataclasses import dataclass

from cotutelle.engines.translog import Checkpoint

EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_FORKS = 100
PATIENCE_S = 15 * 60


@dataclass(frozen=True, slots=True)
class Record:
    """The latest checkpoint cosigned for a log; size 0 and the empty root before the first."""

    size: int
    root: bytes


def now() -> int:
    """Return the seconds since 1970, in UTC."""
    return int(time.time())


def read_record(db: sqlite3.Connection, origin: str) -> Record:
    """Return the latest checkpoint cosigned for this origin."""
    row = db.execute("SELECT size, root FROM records WHERE origin = ?", (origin,)).fetchone()
    return Record(0, EMPTY_ROOT) if row is None else Record(row["size"], row["root"])


def save_record(
    db: sqlite3.Connection, checkpoint: Checkpoint, *, note: str, lines: str, at: int
) -> None:
    """
    Make ``checkpoint`` the latest one.

    Parameters
    ----------
    note
        The checkpoint with the log's signatures.
    lines
        Our cosignatures, which are appended to it.
    at
        The time they state, in seconds since 1970.
    """
    db.execute(
        "INSERT INTO records (origin, size, root, note, cosigned_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,"
        " note = excluded.note, cosigned_at = excluded.cosigned_at",
        (checkpoint.origin, checkpoint.size, checkpoint.root, note + lines, at),
    )
    db.execute(
        "INSERT INTO history (origin, size, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (checkpoint.origin, checkpoint.size, checkpoint.root, note),
    )


def next_timestamp(db: sqlite3.Connection, at: int) -> int:
    """Return ``at``, or the last time signed when the clock has run back, and remember it."""
    db.execute(
        "INSERT INTO clock (only, latest) VALUES (1, ?)"
        " ON CONFLICT DO UPDATE SET latest = max(latest, excluded.latest)",
        (at,),
    )
    return int(db.execute("SELECT latest FROM clock").fetchone()["latest"])


def known_note(db: sqlite3.Connection, origin: str, size: int) -> tuple[bytes, str] | None:
    """Return root and signed note cosigned at this size; the tree of no entries needs no note."""
    row = db.execute(
        "SELECT root, note FROM history WHERE origin = ? AND size = ?", (origin, size)
    ).fetchone()
    if row is not None:
        return row["root"], row["note"]
    return None if size else (EMPTY_ROOT, "")


def keep_fork(
    db: sqlite3.Connection,
    checkpoint: Checkpoint,
    other_note: str,
    *,
    kept_note: str,
    seen_by: str,
    at: int,
) -> None:
    """
    Keep two notes that the same log signed and that cannot both be true.

    A log that signs without end fills no disk: the first hundred are kept.

    Parameters
    ----------
    checkpoint, other_note
        What contradicts our memory, with the log's signature.
    kept_note
        What we had seen before.
    seen_by
        ``request`` or ``monitor``.
    at
        Seconds since 1970.
    """
    (kept,) = db.execute(
        "SELECT count(*) FROM forks WHERE origin = ?", (checkpoint.origin,)
    ).fetchone()
    if kept >= MAX_FORKS:
        return
    db.execute(
        "INSERT INTO forks (origin, size, root, kept_note, other_note, seen_by, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (checkpoint.origin, checkpoint.size, checkpoint.root, kept_note, other_note, seen_by, at),
    )
