"""
Cosigning checkpoints: the one promise of a witness, never to sign two histories of a log.

Source: C2SP tlog-witness; the order of the refusals is the order of its text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from cotutelle.engines.translog import (
    Checkpoint,
    Note,
    NoteError,
    cosign,
    open_checkpoint,
    verify_consistency,
)
from cotutelle.witness.folder import Folder
from cotutelle.witness.logs import find_log
from cotutelle.witness.notes import trusted_part
from cotutelle.witness.records import (
    keep_fork,
    known_note,
    next_timestamp,
    now,
    read_record,
    save_record,
)
from cotutelle.witness.store import Store
from cotutelle.witness.submissions import Submission, parse_submission

SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


class Refusal(Exception):
    """
    A request that is answered with an HTTP status other than 200.

    Attributes
    ----------
    status
        The HTTP status.
    code
        The reason in one word, counted for the dashboard.
    origin
        The log concerned, "" when it is none of ours.
    content_type
        Of the message, which is the body.
    """

    def __init__(
        self, status: int, code: str, message: str, origin: str = "", content_type: str = TEXT_TYPE
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.origin = origin
        self.content_type = content_type


class Cosigner:
    """
    Answers ``add-checkpoint`` for one folder; any number may work on the same folder at once.

    Parameters
    ----------
    folder, store
        The keys and the memory.
    clock
        Seconds since 1970.
    """

    def __init__(self, folder: Folder, store: Store, clock: Callable[[], int] = now) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> str:
        """
        Return the cosignature lines for a request, after the new state is on disk.

        Raises
        ------
        Refusal
            400 malformed or old_above_size, 404 unknown_log, 403 bad_signature, 409 other_size or
            fork (the body is the recorded size), 422 bad_proof.
        """
        submission, checkpoint = _read(body)
        origin = checkpoint.origin
        with self._store.reading() as db:
            log = find_log(db, origin)
        if log is None:
            raise Refusal(404, "unknown_log", "This witness does not know the log.\n")
        try:
            open_checkpoint(submission.note, log.verifiers)
        except NoteError as error:
            raise Refusal(
                403, "bad_signature", f"No trusted signature: {error}.\n", origin
            ) from None
        if submission.old_size > checkpoint.size:
            message = "The old size is above that of the checkpoint.\n"
            raise Refusal(400, "old_above_size", message, origin)
        note = trusted_part(submission.note, log.verifiers)
        with self._store.writing() as db:
            refusal = self._refusal(db, submission, checkpoint, note)
            if refusal is None:
                at = next_timestamp(db, self._clock())
                lines = "".join(cosign(checkpoint.text, by, at) for by in self._folder.signers)
                save_record(db, checkpoint, note=note, lines=lines, at=at)
        # Raised outside: the transaction that keeps the evidence must not be rolled back.
        if refusal is not None:
            raise refusal
        return lines

    def _refusal(
        self, db: sqlite3.Connection, submission: Submission, checkpoint: Checkpoint, note: str
    ) -> Refusal | None:
        """Return why this may not be cosigned, if so. Evidence of a fork is kept on the way."""
        origin = checkpoint.origin
        record = read_record(db, origin)
        size_line = f"{record.size}\n"
        known = known_note(db, origin, checkpoint.size)
        if known is not None and known[0] != checkpoint.root:
            at = self._clock()
            keep_fork(db, checkpoint, note, kept_note=known[1], seen_by="request", at=at)
            return Refusal(409, "fork", size_line, origin, SIZE_TYPE)
        if submission.old_size != record.size:
            return Refusal(409, "other_size", size_line, origin, SIZE_TYPE)
        try:
            if record.size in {0, checkpoint.size}:
                if submission.proof:
                    raise ValueError("there should be none")
            else:
                roots = record.root, checkpoint.root
                verify_consistency(record.size, checkpoint.size, *roots, submission.proof)
        except ValueError as error:
            return Refusal(422, "bad_proof", f"Wrong proof: {error}.\n", origin)
        return None


def _read(body: bytes) -> tuple[Submission, Checkpoint]:
    try:
        submission = parse_submission(body)
        return submission, Checkpoint.parse(Note.parse(submission.note).text)
    except ValueError as error:
        raise Refusal(400, "malformed", f"Malformed request: {error}.\n") from None
