"""Writing down what happened, and keeping the log of it."""

from __future__ import annotations

from cotutelle.ledger.services.history import SYSTEM, destroy_payloads, record, record_many

__all__ = ["SYSTEM", "destroy_payloads", "record", "record_many"]
