"""Why a proof, a note or a policy was refused: a code for programs, evidence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TranslogError(ValueError):
    """
    Something of a transparency log was refused.

    Attributes
    ----------
    code : str
        Dotted name of the reason, such as ``proof.length``.
    evidence : dict
        What was given and what was computed; hashes in hexadecimal, fit for JSON.
    """

    def __init__(self, code: str, message: str, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.evidence: dict[str, Any] = dict(evidence or {})


class ProofError(TranslogError):
    """A Merkle proof, or a file that carries one, does not hold."""


class NoteError(TranslogError):
    """A signed note, a checkpoint or a key is malformed, or a signature is bad."""


class PolicyError(TranslogError):
    """A policy is malformed, or a checkpoint does not satisfy it."""


class EntryError(TranslogError):
    """A log entry is malformed, or its commitment does not match what is disclosed."""
