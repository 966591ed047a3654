"""
Signed documents kept within reach while their issuer is not: status lists and issuer keys.

A witness keeps only what a log it trusts has logged, proven by a checkpoint that it has cosigned
itself. It judges nothing else: whether a key or a list counts is for whoever verifies.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cotutelle.engines.translog import (
    Checkpoint,
    Entry,
    LogProof,
    Note,
    Policy,
    TranslogError,
    Verifier,
    canonical_json,
    check_entry,
    leaf_hash,
    open_checkpoint,
    verify_inclusion,
    verify_note,
)
from cotutelle.witness.cosigning import Refusal
from cotutelle.witness.folder import Folder, WitnessProblem
from cotutelle.witness.logs import find_log
from cotutelle.witness.notes import trusted_part
from cotutelle.witness.records import known_note, now
from cotutelle.witness.store import Store

MAX_KEY_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Logged:
    """Evidence that holds: the public entry, where it stands, and the proof as we pass it on."""

    entry: Entry
    statement: Mapping[str, Any]
    origin: str
    index: int
    proof: str

    @property
    def evidence(self) -> str:
        """Return it as JSON, in the form in which it came."""
        return json.dumps({"entry": json.loads(self.entry.data), "proof": self.proof})


class Documents:
    """
    The documents one witness mirrors.

    Parameters
    ----------
    folder, store
        The witness.
    clock
        Seconds since 1970.
    """

    def __init__(self, folder: Folder, store: Store, clock: Callable[[], int] = now) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock

    def add(self, body: bytes) -> dict[str, Any]:
        """
        Keep a document, unless a newer one is here already.

        Parameters
        ----------
        body
            JSON ``{"document": …, "logged": EVIDENCE}``; a key event needs no document.

        Returns
        -------
        dict
            ``kind``, ``index`` of the entry, and ``kept``: whether it is what we now serve.

        Raises
        ------
        Refusal
            400 malformed, 404 unknown_log, 403 not_witnessed, 422 not_proven.
        """
        document, evidence = _read(body)
        with self._store.reading() as db:
            logged = self._proven(db, evidence)
        with self._store.writing() as db:
            if logged.entry.kind == "status":
                kept = self._keep_list(db, document, logged)
            elif logged.entry.kind == "key":
                kept = self._keep_key_event(db, document, logged)
            else:
                raise _unproven("only status lists and key events are kept", logged.origin)
        return {"kind": logged.entry.kind, "index": logged.index, "kept": kept}

    def status_list(self, id_: str) -> dict[str, Any] | None:
        """Return the newest status list of this id, with its evidence."""
        with self._store.reading() as db:
            row = db.execute(
                "SELECT document, evidence FROM status_lists WHERE id = ?"
                " ORDER BY stated_at DESC, entry_index DESC LIMIT 1",
                (id_,),
            ).fetchone()
        if row is None:
            return None
        return {"credential": json.loads(row["document"]), "logged": json.loads(row["evidence"])}

    def keys(self, controller: str) -> dict[str, Any] | None:
        """Return the evidence of all key events of an issuer, oldest first."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT evidence FROM key_events WHERE controller = ? ORDER BY origin, entry_index",
                (controller,),
            ).fetchall()
        if not rows:
            return None
        return {"controller": controller, "keys": [json.loads(row["evidence"]) for row in rows]}

    def _proven(self, db: sqlite3.Connection, evidence: Mapping[str, Any]) -> Logged:
        try:
            entry = check_entry(evidence["entry"], evidence.get("payload"), evidence.get("salt"))
            proof = LogProof.parse(evidence["proof"])
        except (TranslogError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(400, "malformed", f"The evidence cannot be read: {error}.\n") from None
        head = proof.head()
        keys = self._keys(db, head.origin)
        self._refuse_unwitnessed(db, proof, head, keys)
        try:
            verify_inclusion(proof.index, head.size, leaf_hash(entry.data), proof.hashes, head.root)
        except TranslogError as error:
            raise _unproven(str(error), head.origin) from None
        if entry.statement is None:
            raise _unproven("the entry states nothing in public", head.origin)
        passed_on = LogProof(proof.index, proof.hashes, trusted_part(proof.checkpoint, keys))
        return Logged(entry, entry.statement, head.origin, proof.index, passed_on.text)

    def _keys(self, db: sqlite3.Connection, origin: str) -> list[Verifier]:
        """Return whose signatures are passed on: the log's, ours, those the policy names."""
        log = find_log(db, origin)
        if log is None:
            raise Refusal(404, "unknown_log", "This witness does not know the log.\n")
        policy = read_policy(db)
        others = [] if policy is None else [each.verifier for each in policy.witnesses]
        return list(dict.fromkeys([*log.verifiers, *self._folder.verifiers, *others]))

    def _refuse_unwitnessed(
        self, db: sqlite3.Connection, proof: LogProof, head: Checkpoint, keys: list[Verifier]
    ) -> None:
        own = self._folder.verifiers
        try:
            open_checkpoint(proof.checkpoint, keys)
            signed = {found.verifier for found in verify_note(Note.parse(proof.checkpoint), keys)}
            policy = read_policy(db)
            if policy is not None:
                policy.check(proof.checkpoint)
        except TranslogError as error:
            raise Refusal(403, "not_witnessed", f"{error}.\n", head.origin) from None
        known = known_note(db, head.origin, head.size)
        if signed.isdisjoint(own) and (known is None or known[0] != head.root):
            message = "This witness has not cosigned that checkpoint.\n"
            raise Refusal(403, "not_witnessed", message, head.origin)

    def _keep_list(self, db: sqlite3.Connection, document: Any, logged: Logged) -> bool:
        statement = logged.statement
        _refuse_other_list(document, logged)
        values = (
            str(statement["id"]),
            logged.origin,
            logged.index,
            logged.entry.issuer,
            str(statement.get("at", "")),
            canonical_json(document).decode(),
            logged.evidence,
            self._clock(),
        )
        return bool(
            db.execute(
                "INSERT INTO status_lists (id, origin, entry_index, issuer, stated_at, document,"
                " evidence, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " entry_index = excluded.entry_index, stated_at = excluded.stated_at,"
                " document = excluded.document, evidence = excluded.evidence, at = excluded.at"
                " WHERE excluded.entry_index >= status_lists.entry_index",
                values,
            ).rowcount
        )

    def _keep_key_event(self, db: sqlite3.Connection, document: Any, logged: Logged) -> bool:
        controller = logged.statement.get("controller")
        if not isinstance(controller, str) or controller != logged.entry.issuer:
            raise _unproven("the key event is about another issuer", logged.origin)
        if document is not None and document != logged.statement:
            raise _unproven("the document is not the key event that was logged", logged.origin)
        (count,) = db.execute(
            "SELECT count(*) FROM key_events WHERE controller = ?", (controller,)
        ).fetchone()
        if count >= MAX_KEY_EVENTS:
            raise _unproven(f"more than {MAX_KEY_EVENTS} key events of one issuer", logged.origin)
        values = (logged.origin, logged.index, controller, logged.evidence, self._clock())
        db.execute(
            "INSERT INTO key_events (origin, entry_index, controller, evidence, at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET evidence = excluded.evidence",
            values,
        )
        return True


def set_policy(store: Store, text: str) -> Policy:
    """
    Keep only documents whose checkpoint satisfies this policy, and pass on its witnesses' lines.

    Raises
    ------
    WitnessProblem
        When it is no policy.
    """
    try:
        policy = Policy.parse(text)
    except TranslogError as error:
        raise WitnessProblem(f"This is no policy: {error}") from None
    with store.writing() as db:
        db.execute(
            "INSERT INTO policy (only, text) VALUES (1, ?)"
            " ON CONFLICT DO UPDATE SET text = excluded.text",
            (text,),
        )
    return policy


def read_policy(db: sqlite3.Connection) -> Policy | None:
    """Return the policy, or None when none was given."""
    row = db.execute("SELECT text FROM policy").fetchone()
    return None if row is None else Policy.parse(row["text"])


def _read(body: bytes) -> tuple[Any, Mapping[str, Any]]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "malformed", "The request is not JSON.\n") from None
    if not isinstance(request, dict) or not isinstance(request.get("logged"), dict):
        message = 'The request is not {"document": …, "logged": …}.\n'
        raise Refusal(400, "malformed", message)
    return request.get("document"), request["logged"]


def _unproven(reason: str, origin: str) -> Refusal:
    return Refusal(422, "not_proven", f"Not proven: {reason}.\n", origin)


def _refuse_other_list(document: Any, logged: Logged) -> None:
    """Refuse a list that is not the one logged, or that its issuer may not publish there."""
    statement, issuer = logged.statement, logged.entry.issuer
    id_ = statement.get("id")
    if statement.get("event") != "list" or not isinstance(id_, str):
        raise _unproven("the entry is not about a status list", logged.origin)
    if not isinstance(document, dict) or document.get("id") != id_:
        raise _unproven("the document has another id than the one logged", logged.origin)
    try:
        digest = hashlib.sha256(canonical_json(document)).hexdigest()
    except ValueError as error:
        raise Refusal(400, "malformed", f"The document: {error}.\n", logged.origin) from None
    if digest != statement.get("digest"):
        raise _unproven("the document is not the one logged", logged.origin)
    named = document.get("issuer")
    if (named.get("id") if isinstance(named, dict) else named) != issuer:
        raise _unproven("the document is another issuer's", logged.origin)
    if not id_.startswith(issuer.replace("/issuers/", "/status/") + "/"):
        raise _unproven("the issuer may not publish lists under this address", logged.origin)
