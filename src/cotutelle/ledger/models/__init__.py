"""Rows of the room: the history, the log made of it, and who watches the log."""

from __future__ import annotations

from cotutelle.ledger.models.history import Entry, EntryPayload
from cotutelle.ledger.models.log import Checkpoint, Leaf, LogKey, Pending, Shard, Trace
from cotutelle.ledger.models.witnesses import Anchor, Cosignature, Witness, WitnessPolicy

__all__ = [
    "Anchor",
    "Checkpoint",
    "Cosignature",
    "Entry",
    "EntryPayload",
    "Leaf",
    "LogKey",
    "Pending",
    "Shard",
    "Trace",
    "Witness",
    "WitnessPolicy",
]
