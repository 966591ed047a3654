"""Canonical JSON (RFC 8785) and its digest: the form in which decisions are sealed."""

from __future__ import annotations

import hashlib
from typing import Any

from cotutelle.engines.translog.jcs import canonical_json


def canonical(value: Any) -> bytes:
    """
    Return ``value`` as RFC 8785 JSON.

    Raises
    ------
    ValueError
        When ``value`` holds something JSON cannot carry exactly.
    """
    return canonical_json(value)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value``."""
    return sha256_hex(canonical(value))
