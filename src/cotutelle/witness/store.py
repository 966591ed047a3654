"""
What a witness must never forget, in one SQLite file.

No write-ahead log: a `-wal` file looks like rubbish, and whoever deletes or forgets to copy it takes
the witness back behind what it has already signed. With a rollback journal everything that was
answered is in the one file; ``synchronous=EXTRA`` also flushes the folder after the journal is gone,
so that a power cut cannot bring the journal, and with it the older state, back.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

FILE_NAME = "witness.db"
LOCK_PATIENCE_S = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS logs (
    origin TEXT PRIMARY KEY, url TEXT NOT NULL DEFAULT '', trusted INTEGER NOT NULL DEFAULT 1,
    asked_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS log_keys (
    vkey TEXT PRIMARY KEY, origin TEXT NOT NULL REFERENCES logs (origin)
) STRICT;
CREATE TABLE IF NOT EXISTS records (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL, cosigned_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS history (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (origin, size)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (
    only INTEGER PRIMARY KEY CHECK (only = 1), latest INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS forks (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    kept_note TEXT NOT NULL, other_note TEXT NOT NULL, seen_by TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT;
CREATE TABLE IF NOT EXISTS refusals (
    code TEXT NOT NULL, origin TEXT NOT NULL, count INTEGER NOT NULL, latest INTEGER NOT NULL,
    PRIMARY KEY (code, origin)
) STRICT;
CREATE TABLE IF NOT EXISTS status_lists (
    id TEXT NOT NULL, origin TEXT NOT NULL, entry_index INTEGER NOT NULL, issuer TEXT NOT NULL,
    stated_at TEXT NOT NULL, document TEXT NOT NULL, evidence TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (id, origin)
) STRICT;
CREATE TABLE IF NOT EXISTS key_events (
    origin TEXT NOT NULL, entry_index INTEGER NOT NULL, controller TEXT NOT NULL,
    evidence TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (origin, entry_index)
) STRICT;
CREATE INDEX IF NOT EXISTS key_events_controller ON key_events (controller);
CREATE TABLE IF NOT EXISTS policy (
    only INTEGER PRIMARY KEY CHECK (only = 1), text TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS followed (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, frontier BLOB NOT NULL,
    note TEXT NOT NULL, issuers TEXT NOT NULL, agreed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS findings (
    origin TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL,
    since INTEGER NOT NULL, latest INTEGER NOT NULL, PRIMARY KEY (origin, code)
) STRICT;
CREATE TABLE IF NOT EXISTS own_entries (
    origin TEXT NOT NULL, entry_index INTEGER NOT NULL, issuer TEXT NOT NULL,
    kind TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (origin, entry_index)
) STRICT, WITHOUT ROWID;
"""


class Store:
    """
    The SQLite file of one witness.

    Threads of this process queue at a lock, which is fair; other processes on the same folder are
    kept out by SQLite's own, which is not.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._turn = threading.Lock()
        self.path.touch(mode=0o600)
        with contextlib.closing(self._connect()) as connection:
            connection.executescript(SCHEMA)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """
        Yield a connection that alone may write; what it wrote is on disk when the block ends.

        Raises
        ------
        sqlite3.OperationalError
            When another process holds the file for too long, or the disk is full.
        """
        with self._turn, contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that sees one state throughout."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN")
            yield connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=LOCK_PATIENCE_S, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection
