"""Identifiers that leave the house are random; internal keys stay inside."""

from __future__ import annotations

import uuid
from collections.abc import Iterable


def new_public_id() -> uuid.UUID:
    """Return a random identifier for URLs and the API."""
    return uuid.uuid4()


def uuids(texts: Iterable[str]) -> list[uuid.UUID]:
    """Return those of ``texts`` that are identifiers: what a form sent may be anything."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found
