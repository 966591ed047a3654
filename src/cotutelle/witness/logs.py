"""The logs a witness trusts: which keys may sign for which origin, and where each is read."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from urllib.parse import urlsplit

from cotutelle.engines.translog import Algorithm, Verifier
from cotutelle.witness.folder import WitnessProblem
from cotutelle.witness.store import Store

MAX_ORIGIN_BYTES = 255  # in the message that ML-DSA-44 signs (C2SP tlog-cosignature)


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """A log: the line its checkpoints begin with, its keys, and its address ("" when unknown)."""

    origin: str
    vkeys: tuple[str, ...]
    url: str

    @property
    def verifiers(self) -> list[Verifier]:
        """Return the keys, ready to use."""
        return [Verifier.parse(vkey) for vkey in self.vkeys]


def add_log(store: Store, vkey: str, url: str | None = None) -> TrustedLog:
    """
    Trust ``vkey`` for the origin that its name is; a second key of a log is added to the first.

    Adding what is there already changes nothing but the address. What was once cosigned for this
    origin is still remembered, also after :func:`remove_log`: it can never start afresh.

    Raises
    ------
    WitnessProblem
        When the key cannot be read or is a witness's, or the address is not http(s).
    """
    try:
        verifier = Verifier.parse(vkey)
    except ValueError as error:
        raise WitnessProblem(f"This is no verifier key: {error}") from None
    if verifier.algorithm is Algorithm.COSIGNATURE:
        raise WitnessProblem("This is the key of a witness, not of a log")
    if len(verifier.name.encode()) > MAX_ORIGIN_BYTES:
        raise WitnessProblem(f"The name of a log has {MAX_ORIGIN_BYTES} bytes at most")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise WitnessProblem(f"{url} is no http or https address")
    with store.writing() as db:
        db.execute(
            "INSERT INTO logs (origin) VALUES (?) ON CONFLICT DO UPDATE SET trusted = 1",
            (verifier.name,),
        )
        if url is not None:
            db.execute("UPDATE logs SET url = ? WHERE origin = ?", (url.rstrip("/"), verifier.name))
        db.execute(
            "INSERT INTO log_keys (vkey, origin) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (vkey, verifier.name),
        )
        found = find_log(db, verifier.name)
    assert found is not None  # noqa: S101 - just written
    return found


def remove_log(store: Store, name: str) -> None:
    """
    Trust a log, or one of its keys, no longer; ``name`` is the origin or the verifier key.

    Raises
    ------
    WitnessProblem
        When no such log or key is trusted.
    """
    with store.writing() as db:
        if db.execute("DELETE FROM log_keys WHERE vkey = ?", (name,)).rowcount:
            db.execute(
                "UPDATE logs SET trusted = 0 WHERE origin NOT IN (SELECT origin FROM log_keys)"
            )
            return
        changed = db.execute(
            "UPDATE logs SET trusted = 0 WHERE origin = ? AND trusted = 1", (name,)
        ).rowcount
        db.execute("DELETE FROM log_keys WHERE origin = ?", (name,))
    if not changed:
        raise WitnessProblem(f"{name} is not among the trusted logs")


def trusted_logs(db: sqlite3.Connection) -> list[TrustedLog]:
    """Return all trusted logs by origin."""
    rows = db.execute("SELECT origin FROM logs WHERE trusted = 1 ORDER BY origin").fetchall()
    found = [find_log(db, row["origin"]) for row in rows]
    return [log for log in found if log is not None]


def find_log(db: sqlite3.Connection, origin: str) -> TrustedLog | None:
    """Return the trusted log of this origin, or None."""
    row = db.execute("SELECT url FROM logs WHERE origin = ? AND trusted = 1", (origin,)).fetchone()
    if row is None:
        return None
    keys = db.execute("SELECT vkey FROM log_keys WHERE origin = ? ORDER BY vkey", (origin,))
    return TrustedLog(origin, tuple(key["vkey"] for key in keys), row["url"])
