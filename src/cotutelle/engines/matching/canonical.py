"""
Canonical JSON (RFC 8785) for what certificates hold: text, whole numbers, lists, objects.

The C encoder of the standard library writes exactly the RFC's form for these, except for the
order of keys beyond the basic plane, which is that of UTF-16 code units.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")


def canonical_json(value: Any) -> bytes:
    """
    Return the RFC 8785 form of ``value``, without a final line break.

    Parameters
    ----------
    value
        Built from dict with text keys, list, tuple, str, int up to 2**53 - 1 in size, bool
        and None. Floats are outside the contract: no figure of a certificate is one.
    """
    text = _encode(value, sort_keys=True)
    if _BEYOND_BMP.search(text):
        text = _encode(_sorted_by_utf16(value), sort_keys=False)
    return text.encode()


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return sha256(canonical_json(value)).hexdigest()


def _encode(value: Any, *, sort_keys: bool) -> str:
    return json.dumps(
        value, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _sorted_by_utf16(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _sorted_by_utf16(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_sorted_by_utf16(item) for item in value]
    return value
