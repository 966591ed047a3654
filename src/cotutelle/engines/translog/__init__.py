"""
Transparency log: Merkle trees, tiles, signed notes, cosignatures, proofs and policies.

Bytes in and out; no files, no clock, no chance. Make a `Tree` or read a `TiledTree`, prove with
`inclusion_proof` and `consistency_proof`, sign with `sign_note`, cosign with `cosign`; whoever
doubts reads a `Policy` and calls ``policy.verify(entry, proof)``. Everything refused raises a
`TranslogError` (a ``ValueError``) with a code and the evidence.
"""

from __future__ import annotations

from cotutelle.engines.translog.checkpoints import Checkpoint, open_checkpoint
from cotutelle.engines.translog.cosignatures import cosign, read_cosignature
from cotutelle.engines.translog.entries import (
    KINDS,
    PUBLIC_SALT,
    Entry,
    check_entry,
    commitment,
    entry_bytes,
    read_entry,
    statement_entry,
)
from cotutelle.engines.translog.errors import (
    EntryError,
    NoteError,
    PolicyError,
    ProofError,
    TranslogError,
)
from cotutelle.engines.translog.jcs import canonical_json
from cotutelle.engines.translog.keys import Algorithm, Signer, Verifier
from cotutelle.engines.translog.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from cotutelle.engines.translog.notes import (
    Note,
    NoteSignature,
    Verified,
    add_signatures,
    sign_note,
    signature_line,
    verify_note,
)
from cotutelle.engines.translog.policies import (
    Group,
    Log,
    Policy,
    Proven,
    Tolerances,
    Witness,
    Witnessed,
    threshold_policy,
    tolerances,
)
from cotutelle.engines.translog.proofs import LogProof
from cotutelle.engines.translog.tiles import (
    TiledTree,
    entries_path,
    entry_bundle,
    new_tiles,
    split_bundle,
    tile_path,
    tiles_of,
)
from cotutelle.engines.translog.tree import Tree

__all__ = [
    "KINDS",
    "PUBLIC_SALT",
    "Algorithm",
    "Checkpoint",
    "Entry",
    "EntryError",
    "Group",
    "Log",
    "LogProof",
    "Note",
    "NoteError",
    "NoteSignature",
    "Policy",
    "PolicyError",
    "ProofError",
    "Proven",
    "Signer",
    "TiledTree",
    "Tolerances",
    "TranslogError",
    "Tree",
    "Verified",
    "Verifier",
    "Witness",
    "Witnessed",
    "add_signatures",
    "canonical_json",
    "check_entry",
    "commitment",
    "consistency_proof",
    "cosign",
    "entries_path",
    "entry_bundle",
    "entry_bytes",
    "inclusion_proof",
    "leaf_hash",
    "new_tiles",
    "node_hash",
    "open_checkpoint",
    "read_cosignature",
    "read_entry",
    "root_hash",
    "sign_note",
    "signature_line",
    "split_bundle",
    "statement_entry",
    "threshold_policy",
    "tile_path",
    "tiles_of",
    "tolerances",
    "verify_consistency",
    "verify_inclusion",
    "verify_note",
]
