"""Following all logs, and remembering what was found."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue

import httpx

from cotutelle.witness.folder import Folder
from cotutelle.witness.following import Follower, Fork, Look, Seen, Trouble
from cotutelle.witness.logs import TrustedLog, trusted_logs
from cotutelle.witness.reader import LogReader
from cotutelle.witness.records import (
    PATIENCE_S,
    keep_fork,
    known_note,
    next_timestamp,
    now,
    read_record,
    save_record,
)
from cotutelle.witness.store import Store

ANSWER_TIMEOUT_S = 10.0
AT_ONCE = 4
ROUND_S = 60.0
PASSING = ("no_answer", "bad_checkpoint", "went_back", "bad_entries", "withheld", "fork_shown")
logger = logging.getLogger(__name__)


class Stopped(Exception):
    """The process is ending."""


class Monitor:
    """
    Looks at all trusted logs that have an address.

    Parameters
    ----------
    folder, store
        The witness.
    issuers
        The names under which our institution issues.
    client
        Speaks HTTP.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        folder: Folder,
        store: Store,
        issuers: Sequence[str],
        client: httpx.Client,
        clock: Callable[[], int] = now,
    ) -> None:
        self._folder = folder
        self._store = store
        self._issuers = sorted(set(issuers))
        self._client = client
        self._clock = clock
        self._stopped = threading.Event()
        self._looked_at: set[str] = set()
        self._turn = threading.Lock()

    def run(self, interval_s: float) -> None:
        """Look again and again until :meth:`stop`."""
        while not self._stopped.is_set():
            try:
                self.look()
            except Stopped:
                return
            except Exception:
                logger.exception("A look at the logs failed")
            self._stopped.wait(interval_s)

    def stop(self) -> None:
        """End :meth:`run` soon."""
        self._stopped.set()

    def look(self) -> None:
        """
        Look once at every log, at a few at once; what is wrong with one becomes a finding.

        Whatever takes longer than a minute goes on beside the next look, which passes it over: a log
        that sends its files drop by drop would keep all others from being looked at.
        """
        waiting: SimpleQueue[TrustedLog] = SimpleQueue()
        with self._store.reading() as db:
            for log in trusted_logs(db):
                if log.url and log.origin not in self._looked_at:
                    waiting.put(log)
        # Daemons: such a log does not keep the process from ending either.
        threads = [
            threading.Thread(target=self._look_at_all, args=(waiting,), name="look", daemon=True)
            for _number in range(min(AT_ONCE, waiting.qsize()))
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + ROUND_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._go_on()

    def _look_at_all(self, waiting: SimpleQueue[TrustedLog]) -> None:
        """Look at one log after another until none waits, or the process is ending."""
        while not self._stopped.is_set():
            try:
                log = waiting.get_nowait()
            except Empty:
                return
            if not self._begin(log.origin):
                continue
            try:
                self._look_at(log)
            except Stopped:
                return
            except Exception:  # the others are looked at all the same
                logger.exception("A look at %s failed", log.origin)
            finally:
                self._looked_at.discard(log.origin)

    def _begin(self, origin: str) -> bool:
        """Say that a log is looked at; false where another thread looks at it already."""
        with self._turn:
            if origin in self._looked_at:
                return False
            self._looked_at.add(origin)
            return True

    def _look_at(self, log: TrustedLog) -> None:
        seen, cosigned, from_start = self._memory(log)
        follower = Follower(
            LogReader(self._client, log.url),
            log.verifiers,
            self._folder.verifiers,
            frozenset(self._issuers),
            seen,
            cosigned,
            partial(self._root_at, log.origin),
            self._go_on,
        )
        try:
            found: Look | Trouble | Fork = follower.look(from_start=from_start)
        except (Trouble, Fork) as wrong:
            found = wrong
        with self._store.writing() as db:
            self._save(db, log.origin, found)

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def _memory(self, log: TrustedLog) -> tuple[Seen, dict[int, bytes], bool]:
        """Return the last look, what was cosigned since, and whether to read all again."""
        seen, from_start = Seen(), True
        with self._store.reading() as db:
            row = db.execute("SELECT * FROM followed WHERE origin = ?", (log.origin,)).fetchone()
            if row is not None:
                seen = Seen(row["size"], row["root"], row["frontier"])
                from_start = json.loads(row["issuers"]) != self._issuers
            rows = db.execute(
                "SELECT size, root FROM history WHERE origin = ?1 AND size >= coalesce((SELECT"
                " max(size) FROM history WHERE origin = ?1 AND size < ?2), 0)",
                (log.origin, 0 if from_start else seen.size),
            )
            return seen, {row["size"]: row["root"] for row in rows}, from_start

    def _root_at(self, origin: str, size: int) -> bytes | None:
        with self._store.reading() as db:
            known = known_note(db, origin, size)
        return None if known is None else known[0]

    def _save(self, db: sqlite3.Connection, origin: str, found: Look | Trouble | Fork) -> None:
        at = self._clock()
        codes: dict[str, str] = {}
        if isinstance(found, Look):
            self._save_look(db, found, at)
        elif isinstance(found, Fork):
            codes["fork_shown"] = str(found)
            keep_fork(
                db,
                found.checkpoint,
                found.note,
                kept_note=self._note_at(db, origin, found.size),
                seen_by="monitor",
                at=at,
            )
        else:
            codes[found.code] = str(found)
        if isinstance(found, Trouble):
            # Silence says nothing about what was wrong before.
            passed = () if found.code == "no_answer" else PASSING
        else:
            passed = PASSING
            codes |= self._withheld(db, found.checkpoint.origin, found.checkpoint.size, at)
        _save_findings(db, origin, codes, passed, at)

    def _save_look(self, db: sqlite3.Connection, look: Look, at: int) -> None:
        origin = look.checkpoint.origin
        db.execute(
            "INSERT INTO followed (origin, size, root, frontier, note, issuers, agreed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size,"
            " root = excluded.root, frontier = excluded.frontier, note = excluded.note,"
            " issuers = excluded.issuers, agreed_at = excluded.agreed_at"
            " WHERE excluded.size >= size",
            (
                origin,
                look.checkpoint.size,
                look.checkpoint.root,
                bytes(look.frontier),
                look.note,
                json.dumps(self._issuers),
                at,
            ),
        )
        db.executemany(
            "INSERT INTO own_entries (origin, entry_index, issuer, kind, day)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(origin, own.index, own.issuer, own.kind, own.day) for own in look.own_entries],
        )
        if look.cosigned_at is not None and look.checkpoint.size > read_record(db, origin).size:
            self._catch_up(db, look, look.cosigned_at, at)

    @staticmethod
    def _catch_up(db: sqlite3.Connection, look: Look, cosigned_at: int, at: int) -> None:
        """
        Take over a checkpoint that carries our own signature and that we have forgotten.

        It extends everything we remember, or the look had ended in a fork.
        """
        checkpoint = look.checkpoint
        size = read_record(db, checkpoint.origin).size
        next_timestamp(db, cosigned_at)
        save_record(db, checkpoint, note=look.note, lines="", at=cosigned_at)
        detail = f"{size} → {checkpoint.size}"
        _save_finding(db, checkpoint.origin, "forgot", detail, at)

    def _note_at(self, db: sqlite3.Connection, origin: str, size: int) -> str:
        known = known_note(db, origin, size)
        if known is not None:
            return known[1]
        row = db.execute("SELECT note FROM followed WHERE origin = ?", (origin,)).fetchone()
        return "" if row is None else row["note"]

    @staticmethod
    def _withheld(db: sqlite3.Connection, origin: str, size: int, at: int) -> dict[str, str]:
        """Return a finding when the log has long kept a cosigned checkpoint from the public."""
        row = db.execute(
            "SELECT size, cosigned_at FROM records WHERE origin = ?", (origin,)
        ).fetchone()
        if row is None or size >= row["size"] or at - row["cosigned_at"] < PATIENCE_S:
            return {}
        return {"withheld": f"{row['size']} → {size}"}


def _save_findings(
    db: sqlite3.Connection, origin: str, codes: dict[str, str], passed: Sequence[str], at: int
) -> None:
    """Remember what is wrong, and forget those of ``passed`` that are no longer."""
    for code in passed:
        if code not in codes:
            db.execute("DELETE FROM findings WHERE origin = ? AND code = ?", (origin, code))
    for code, detail in codes.items():
        _save_finding(db, origin, code, detail, at)
    db.execute("UPDATE logs SET asked_at = ? WHERE origin = ?", (at, origin))


def _save_finding(db: sqlite3.Connection, origin: str, code: str, detail: str, at: int) -> None:
    db.execute(
        "INSERT INTO findings (origin, code, detail, since, latest) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (origin, code) DO UPDATE SET detail = excluded.detail,"
        " latest = excluded.latest",
        (origin, code, detail, at, at),
    )
