"""
Evidence that something was logged, checked under one policy.

Evidence is an entry, its payload and salt (unless erased), and a C2SP tlog-proof of its place. All
evidence of a file is checked by one ``Evidence`` book, which so notices two histories: two entries at
one place, or two roots of one size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.translog import (
    Checkpoint,
    Entry,
    EntryError,
    NoteError,
    Policy,
    PolicyError,
    ProofError,
    check_entry,
    leaf_hash,
    open_checkpoint,
    read_entry,
    verify_inclusion,
)
from cotutelle.engines.translog.proofs import LogProof

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint of a log of the policy; ``problem`` says why its witnesses do not suffice."""

    checkpoint: Checkpoint
    cosigners: tuple[str, ...]
    problem: VerifyError | None


@dataclass(frozen=True, slots=True)
class Logged:
    """
    An entry whose place in a log is proven.

    ``payload`` is what the entry commits to, None when it was erased or is not shown.
    """

    entry: Entry
    payload: Mapping[str, Any] | None
    index: int
    head: Head

    @property
    def origin(self) -> str:
        """The log."""
        return self.head.checkpoint.origin

    @property
    def leaf(self) -> bytes:
        """RFC 6962 leaf hash of the entry."""
        return leaf_hash(self.entry.data)


@dataclass(slots=True)
class Book:
    """
    Checks evidence and remembers what was seen.

    ``fork`` is the first contradiction found: the log signed two histories.
    """

    policy: Policy
    fork: VerifyError | None = None
    _heads: dict[str, Head | VerifyError] = field(default_factory=dict)
    _leaves: dict[tuple[str, int], bytes] = field(default_factory=dict)
    _roots: dict[str, dict[int, bytes]] = field(default_factory=dict)

    @property
    def heads(self) -> Mapping[str, Mapping[int, bytes]]:
        """Every state of a log that was stated: origin → size → root."""
        return self._roots

    def prove(self, evidence: object) -> Logged:
        """
        Return what ``evidence`` proves.

        Too few witnesses are no refusal here: see ``Logged.head.problem``.

        Raises
        ------
        VerifyError
            ``logged.absent``, ``.malformed``, ``.log`` (no log of the policy), ``.signature`` (of the
            log), ``.proof`` (the entry is not there) or ``.commitment`` (the payload is another's).
        """
        if evidence is None:
            raise VerifyError("logged.absent")
        entry, proof = _read(evidence)
        head = self._head(proof.checkpoint)
        size, root = head.checkpoint.size, head.checkpoint.root
        try:
            verify_inclusion(proof.index, size, leaf_hash(entry.data), proof.hashes, root)
        except ProofError:
            raise VerifyError("logged.proof") from None
        self._remember(head.checkpoint.origin, proof.index, leaf_hash(entry.data), size, root)
        assert isinstance(evidence, dict)  # noqa: S101 - _read made sure
        return Logged(entry, _payload(evidence, entry), proof.index, head)

    def remember_root(self, origin: str, size: int, root: bytes) -> None:
        """Note that somebody states this root for this size of the log."""
        roots = self._roots.setdefault(origin, {})
        if roots.setdefault(size, root) != root and self.fork is None:
            self.fork = VerifyError("witnesses.fork", origin=origin, size=size)

    def _remember(self, origin: str, index: int, leaf: bytes, size: int, root: bytes) -> None:
        self.remember_root(origin, size, root)
        if self._leaves.setdefault((origin, index), leaf) != leaf and self.fork is None:
            self.fork = VerifyError("witnesses.fork", origin=origin, size=size)

    def _head(self, note: str) -> Head:
        if note not in self._heads:
            try:
                self._heads[note] = check_head(self.policy, note)
            except VerifyError as error:
                self._heads[note] = error
        found = self._heads[note]
        if isinstance(found, VerifyError):
            raise found
        return found


def check_head(policy: Policy, note: str) -> Head:
    """
    Check the signatures of a checkpoint under ``policy``.

    Raises
    ------
    VerifyError
        ``logged.log`` or ``logged.signature``. Witnesses that do not suffice are in ``problem``.
    """
    try:
        witnessed = policy.check(note)
    except PolicyError as error:
        if error.code == "policy.log":
            raise VerifyError("logged.log", origin=error.evidence.get("origin", "")) from None
        return _without_quorum(policy, note, error)
    return Head(witnessed.checkpoint, tuple(name for name, _ in witnessed.cosigners), None)


def _without_quorum(policy: Policy, note: str, error: PolicyError) -> Head:
    try:
        checkpoint = open_checkpoint(note, [log.verifier for log in policy.logs])
    except NoteError as problem:
        code = "logged.log" if problem.code == "checkpoint.unsigned" else "logged.signature"
        origin = str(problem.evidence.get("origin", ""))
        raise VerifyError(code, **({"origin": origin} if code == "logged.log" else {})) from None
    if error.code == "policy.quorum":
        names = tuple(error.evidence.get("cosigners", ()))
        return Head(checkpoint, names, VerifyError("witnesses.quorum", count=len(names)))
    return Head(checkpoint, (), VerifyError("witnesses.signature"))


def _read(evidence: object) -> tuple[Entry, LogProof]:
    if not isinstance(evidence, dict):
        raise VerifyError("logged.malformed")
    entry, proof = evidence.get("entry"), evidence.get("proof")
    if not isinstance(entry, dict) or not isinstance(proof, str):
        raise VerifyError("logged.malformed")
    try:
        return read_entry(entry), LogProof.parse(proof)
    except EntryError as error:
        code = "commitment" if error.code == "entry.commitment" else "malformed"
        raise VerifyError(f"logged.{code}") from None
    except ProofError:
        raise VerifyError("logged.malformed") from None


def _payload(evidence: Mapping[str, Any], entry: Entry) -> Mapping[str, Any] | None:
    payload, salt = evidence.get("payload"), evidence.get("salt")
    if salt is not None and not (isinstance(salt, str) and _HEX.fullmatch(salt)):
        raise VerifyError("logged.malformed")
    if entry.statement is None and (payload is None or salt is None):
        return None
    try:
        check_entry(entry.data, payload, salt)
    except (EntryError, TypeError):
        raise VerifyError("logged.commitment") from None
    found = entry.statement if payload is None else payload
    if not isinstance(found, dict):
        raise VerifyError("logged.malformed")
    return found
