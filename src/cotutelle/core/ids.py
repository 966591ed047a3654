"""Identifiers that leave the house are random; internal keys stay inside."""

from __future__ import annotations

import uuid


def new_public_id() -> uuid.UUID:
    """Return a random identifier for URLs and the API."""
    return uuid.uuid4()
