"""All that a witness can say about itself, for the dashboard, the command and programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from cotutelle.witness.folder import Folder
from cotutelle.witness.logs import TrustedLog, trusted_logs
from cotutelle.witness.records import PATIENCE_S, now
from cotutelle.witness.store import Store

LATEST_ENTRIES = 20


def facts(folder: Folder, store: Store, issuers: Sequence[str] = ()) -> dict[str, Any]:
    """
    Return everything, as JSON values; times are seconds since 1970, roots hexadecimal.

    Parameters
    ----------
    folder, store
        The witness.
    issuers
        The names whose entries are counted; without any, all that were ever watched.
    """
    with store.reading() as db:
        at = now()
        row = db.execute("SELECT latest FROM clock").fetchone()
        return {
            "name": folder.name,
            "vkeys": folder.vkeys,
            "at": at,
            "clock_behind_s": max(0, row["latest"] - at) if row else 0,
            "logs": [_log(db, log) for log in trusted_logs(db)],
            "forks": _forks(db),
            "refusals": _rows(
                db,
                "SELECT code, sum(count) AS count, max(latest) AS latest FROM refusals"
                " GROUP BY code ORDER BY code",
            ),
            "documents": {
                "status": _rows(
                    db,
                    "SELECT id, issuer, origin, entry_index AS 'index', stated_at, at"
                    " FROM status_lists ORDER BY id, origin",
                ),
                "keys": _rows(
                    db,
                    "SELECT controller, count(*) AS count, max(at) AS at FROM key_events"
                    " GROUP BY controller ORDER BY controller",
                ),
            },
            "issuers": list(issuers),
            "entries": _entries(db, issuers),
        }


def _log(db: sqlite3.Connection, log: TrustedLog) -> dict[str, Any]:
    recorded = db.execute(
        "SELECT size, hex(root) AS root, cosigned_at FROM records WHERE origin = ?", (log.origin,)
    ).fetchone()
    followed = db.execute(
        "SELECT size, hex(root) AS root, agreed_at FROM followed WHERE origin = ?", (log.origin,)
    ).fetchone()
    asked = db.execute("SELECT asked_at FROM logs WHERE origin = ?", (log.origin,)).fetchone()
    is_new = recorded is None and followed is None
    findings = db.execute(
        "SELECT code, detail, since, latest FROM findings WHERE origin = ? ORDER BY code",
        (log.origin,),
    )
    return {
        "origin": log.origin,
        "keys": list(log.vkeys),
        "url": log.url,
        "recorded": _tree(recorded),
        "followed": _tree(followed),
        "asked_at": asked["asked_at"],
        "findings": [{**dict(row), "is_alarm": _is_alarm(row, is_new=is_new)} for row in findings],
    }


def _is_alarm(finding: sqlite3.Row, *, is_new: bool) -> bool:
    """Whether it is more than a log that was never seen and may not have begun yet."""
    waited_s = finding["latest"] - finding["since"]
    return not (is_new and finding["code"] == "no_answer" and waited_s < PATIENCE_S)


def _tree(row: sqlite3.Row | None) -> dict[str, Any] | None:
    return None if row is None else {**dict(row), "root": row["root"].lower()}


def _forks(db: sqlite3.Connection) -> list[dict[str, Any]]:
    found = _rows(
        db,
        "SELECT origin, size, hex(root) AS root, kept_note, other_note, seen_by, at FROM forks"
        " ORDER BY at DESC, origin, size",
    )
    return [{**fork, "root": fork["root"].lower()} for fork in found]


def _entries(db: sqlite3.Connection, issuers: Sequence[str]) -> dict[str, Any]:
    names = ",".join("?" * len(issuers))
    only = f" WHERE issuer IN ({names})" if issuers else ""
    chosen = tuple(issuers)
    return {
        "months": _rows(
            db,
            "SELECT substr(day, 1, 7) AS month, kind, count(*) AS count"  # noqa: S608 - marks only
            f" FROM own_entries{only} GROUP BY 1, 2 ORDER BY 1 DESC, 2",
            chosen,
        ),
        "latest": _rows(
            db,
            "SELECT origin, entry_index AS 'index', issuer, kind, day"  # noqa: S608 - marks only
            f" FROM own_entries{only} ORDER BY day DESC, entry_index DESC LIMIT {LATEST_ENTRIES}",
            chosen,
        ),
    }


def _rows(db: sqlite3.Connection, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(query, values)]
