"""Writing down what happened, and keeping the log of it."""

from __future__ import annotations

from cotutelle.ledger.services.checking import Comparison, Finding, check_log, unblock_log
from cotutelle.ledger.services.history import SYSTEM, destroy_payloads, record, record_many
from cotutelle.ledger.services.keys import new_key, sign_with
from cotutelle.ledger.services.policies import add_witness, retire_witness, set_policy
from cotutelle.ledger.services.sequencing import sequence
from cotutelle.ledger.services.shards import (
    freeze_shard,
    on_shard_opened,
    open_log,
    retire_log_key,
    rotate_log_key,
)
from cotutelle.ledger.services.ticking import Turn, ask_to_check, ask_to_seal, tick

__all__ = [
    "SYSTEM",
    "Comparison",
    "Finding",
    "Turn",
    "add_witness",
    "ask_to_check",
    "ask_to_seal",
    "check_log",
    "destroy_payloads",
    "freeze_shard",
    "new_key",
    "on_shard_opened",
    "open_log",
    "record",
    "record_many",
    "retire_log_key",
    "retire_witness",
    "rotate_log_key",
    "sequence",
    "set_policy",
    "sign_with",
    "tick",
    "unblock_log",
]
