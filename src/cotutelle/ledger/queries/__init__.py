"""Reading what happened, and the log of it."""

from __future__ import annotations

from cotutelle.ledger.queries.evidence import (
    disclosed,
    entry_data,
    entry_json,
    evidence_of,
    inclusion,
    leaf_of,
    proof_text,
)
from cotutelle.ledger.queries.fsck import Audit, Fault, fsck
from cotutelle.ledger.queries.history import (
    SHOWN,
    Change,
    Line,
    describe,
    entries_about,
    history_of,
    lines,
    units_read_by,
    visible_to,
)
from cotutelle.ledger.queries.log import (
    authority,
    cosigned_note,
    current_policy,
    issuer_of,
    log_size,
    newest_checkpoint,
    open_shard,
    policy_text,
    published_checkpoint,
    published_text,
    store_of,
    tree_of,
)

__all__ = [
    "SHOWN",
    "Audit",
    "Change",
    "Fault",
    "Line",
    "authority",
    "cosigned_note",
    "current_policy",
    "describe",
    "disclosed",
    "entries_about",
    "entry_data",
    "entry_json",
    "evidence_of",
    "fsck",
    "history_of",
    "inclusion",
    "issuer_of",
    "leaf_of",
    "lines",
    "log_size",
    "newest_checkpoint",
    "open_shard",
    "policy_text",
    "proof_text",
    "published_checkpoint",
    "published_text",
    "store_of",
    "tree_of",
    "units_read_by",
    "visible_to",
]
