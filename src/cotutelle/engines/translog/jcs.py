"""
JSON in its one canonical form (RFC 8785): what is hashed and signed.

The encoder of the standard library writes that form for everything except whole, tiny and huge
floats, keys beyond ASCII (their order) and numbers that JSON cannot carry; those go to the package
``rfc8785``.
"""

from __future__ import annotations

import json
from typing import Any

import rfc8785

_LARGEST = 2**53 - 1
_LEAST_PLAIN = 1e-4  # from here up Python writes a fraction as ECMAScript does, without an exponent
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def canonical_json(value: Any) -> bytes:
    """
    Return ``value`` as RFC 8785 JSON.

    Parameters
    ----------
    value
        Built from dict with text keys, list, tuple, str, int up to 2**53 - 1 in size, finite
        float, bool and None.

    Returns
    -------
    bytes
        UTF-8 without a final newline.

    Raises
    ------
    ValueError
        When ``value`` holds something JSON cannot carry exactly, contains itself, or is nested
        too deep.

    Source: RFC 8785 3.2.
    """
    try:
        text = _encode(value)  # first, for it refuses what contains itself
        return text.encode() if _is_plain(value) else rfc8785.dumps(value)
    except TypeError:
        raise ValueError("value holds something that is not JSON") from None
    except RecursionError:
        raise ValueError("value is nested too deep for JSON") from None


def _is_plain(value: Any) -> bool:
    """Return whether the standard library's encoder gives the canonical form of ``value``."""
    waiting = [value]
    for item in waiting:
        kind = type(item)
        if kind is str or item is None or kind is bool:
            continue
        if kind is dict:
            try:
                if not "".join(item).isascii():
                    return False
            except TypeError:
                return False
            waiting.extend(item.values())
        elif kind is list or kind is tuple:
            waiting.extend(item)
        elif kind is float:
            if not _LEAST_PLAIN <= abs(item) < _LARGEST or item.is_integer():
                return False
        elif kind is not int or not -_LARGEST <= item <= _LARGEST:
            return False
    return True
