"""Reading what happened, and the log of it."""

from __future__ import annotations

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

__all__ = [
    "SHOWN",
    "Change",
    "Line",
    "describe",
    "entries_about",
    "history_of",
    "lines",
    "units_read_by",
    "visible_to",
]
