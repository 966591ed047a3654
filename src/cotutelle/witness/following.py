"""
One look at a log: does it still say what it said, and what does it say in our name?

The look reads the checkpoint and every entry since the last look, and appends the entries to the
edge of the tree seen so far. If the root then is the signed one, the log has only grown, and these
are the entries it signed; no proof needs to be believed. On the way the root is compared with every
checkpoint that this witness has cosigned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cotutelle.engines.translog import (
    Checkpoint,
    Note,
    NoteError,
    ProofError,
    Verifier,
    consistency_proof,
    open_checkpoint,
    verify_consistency,
    verify_note,
)
from cotutelle.witness.frontier import Frontier
from cotutelle.witness.notes import trusted_part
from cotutelle.witness.reader import LogReader
from cotutelle.witness.records import EMPTY_ROOT

MAX_KIND = 40
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Trouble(Exception):
    """
    The log cannot be followed at this look.

    Attributes
    ----------
    code
        ``no_answer``, ``bad_checkpoint``, ``went_back`` or ``bad_entries``.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Fork(Exception):
    """
    The log signed two histories.

    Attributes
    ----------
    checkpoint, note
        What it shows now.
    size
        Of the tree that we know and that it contradicts.
    """

    def __init__(self, checkpoint: Checkpoint, note: str, size: int) -> None:
        super().__init__(f"{checkpoint.size} does not extend {size}")
        self.checkpoint = checkpoint
        self.note = note
        self.size = size


@dataclass(frozen=True, slots=True)
class Seen:
    """The tree as it was at the last look; before the first it is empty."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    frontier: bytes = b""


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry in our institution's name: its index, kind and day."""

    index: int
    issuer: str
    kind: str
    day: str


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a look found.

    ``note`` has the log's signatures and ours; ``cosigned_at`` is the time in ours, if it is there.
    """

    checkpoint: Checkpoint
    note: str
    frontier: Frontier
    cosigned_at: int | None
    own_entries: Sequence[OwnEntry]


@dataclass(frozen=True, slots=True)
class Follower:
    """
    Looks at one log.

    Parameters
    ----------
    reader
        Its files.
    log_keys, own_keys
        Who signs for it, and with what this witness cosigns.
    issuers
        The names to watch for.
    seen
        What the last look found.
    cosigned
        Roots that this witness has cosigned, by size: those from the last look on, and one before.
    root_at
        Returns the root cosigned at any size, if there is one.
    go_on
        Asked for each entry; may raise to break off.
    """

    reader: LogReader
    log_keys: Sequence[Verifier]
    own_keys: Sequence[Verifier]
    issuers: frozenset[str]
    seen: Seen
    cosigned: Mapping[int, bytes]
    root_at: Callable[[int], bytes | None]
    go_on: Callable[[], None] = field(default=lambda: None)

    def look(self, *, from_start: bool = False) -> Look:
        """
        Return what the log shows, verified.

        Parameters
        ----------
        from_start
            Read all entries again, because the names to watch for have changed.

        Raises
        ------
        Trouble, Fork
            What is wrong.
        """
        checkpoint, note, cosigned_at = self._checkpoint()
        if self.root_at(checkpoint.size) not in {None, checkpoint.root}:
            raise Fork(checkpoint, note, checkpoint.size)
        if checkpoint.size == self.seen.size and checkpoint.root != self.seen.root:
            raise Fork(checkpoint, note, checkpoint.size)
        if checkpoint.size < self.seen.size:
            raise Trouble("went_back", f"{self.seen.size} → {checkpoint.size}")
        frontier = Frontier() if from_start else Frontier(self.seen.size, self.seen.frontier)
        self._refuse_other_past(checkpoint, note, frontier.size)
        own_entries = self._read_entries(checkpoint, note, frontier)
        return Look(checkpoint, note, frontier, cosigned_at, own_entries)

    def _checkpoint(self) -> tuple[Checkpoint, str, int | None]:
        try:
            note = self.reader.checkpoint()
        except OSError as error:
            raise Trouble("no_answer", str(error)) from error
        try:
            checkpoint = open_checkpoint(note, self.log_keys)
            ours = verify_note(Note.parse(note), self.own_keys)
        except NoteError as error:
            raise Trouble("bad_checkpoint", str(error)) from error
        times = [found.timestamp for found in ours if found.timestamp is not None]
        kept = trusted_part(note, [*self.log_keys, *self.own_keys])
        return checkpoint, kept, max(times, default=None)

    def _refuse_other_past(self, checkpoint: Checkpoint, note: str, read_to: int) -> None:
        """Check by tiles the latest tree cosigned among those the entries will not pass again."""
        size = max((size for size in self.cosigned if 0 < size < read_to), default=0)
        if size and not self._extends(size, self.cosigned[size], checkpoint):
            raise Fork(checkpoint, note, size)

    def _extends(self, size: int, root: bytes, checkpoint: Checkpoint) -> bool:
        try:
            tree = self.reader.tree(checkpoint.size)
            if tree.root() != checkpoint.root:
                raise Trouble("bad_entries", "the tiles do not have the signed root")
            proof = consistency_proof(tree, size, checkpoint.size)
            verify_consistency(size, checkpoint.size, root, checkpoint.root, proof)
        except ProofError:
            return False
        except (OSError, LookupError, ValueError) as error:
            raise Trouble("bad_entries", str(error)) from error
        return True

    def _read_entries(
        self, checkpoint: Checkpoint, note: str, frontier: Frontier
    ) -> list[OwnEntry]:
        own: list[OwnEntry] = []
        contradicted: int | None = None
        known = {**self.cosigned, self.seen.size: self.seen.root}
        try:
            for data in self.reader.entries(frontier.size, checkpoint.size):
                self.go_on()
                own += self._ours(frontier.size, data)
                frontier.append(data)
                expected = known.get(frontier.size)
                if contradicted is None and expected not in {None, frontier.root()}:
                    contradicted = frontier.size
        except (OSError, ValueError) as error:
            raise Trouble("bad_entries", str(error)) from error
        if frontier.root() != checkpoint.root:
            size = self.seen.size
            if size and not self._extends(size, self.seen.root, checkpoint):
                raise Fork(checkpoint, note, size)
            raise Trouble("bad_entries", "the entries do not have the signed root")
        if contradicted is not None:
            raise Fork(checkpoint, note, contradicted)
        return own

    def _ours(self, index: int, data: bytes) -> list[OwnEntry]:
        try:
            entry = json.loads(data)
        except (ValueError, RecursionError):
            return []
        issuer = entry.get("issuer") if isinstance(entry, dict) else None
        if not isinstance(issuer, str) or issuer not in self.issuers:
            return []
        day = str(entry.get("day"))
        kind = str(entry.get("kind"))[:MAX_KIND].encode(errors="replace").decode()
        return [OwnEntry(index, issuer, kind, day if DAY.fullmatch(day) else "")]
