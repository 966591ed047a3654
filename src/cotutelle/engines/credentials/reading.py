"""
Reading a file from a stranger: JSON that means the same to every reader, or nothing.

RFC 8259 leaves duplicate keys, huge numbers and lone surrogates to the reader, so that two programs
may see two documents in one signed file. Such files are refused (I-JSON, RFC 7493, section 2).
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from cotutelle.engines.credentials.errors import FileProblem, shown

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1

_MAX_DIGITS = 17


def read_json(data: bytes | str) -> Any:
    """
    Return the value of a JSON text of at most 8 MiB.

    Parameters
    ----------
    data : UTF-8 bytes, with or without a byte order mark, or text.

    Raises
    ------
    FileProblem
        ``file.too_large``, ``file.not_json``, ``file.duplicate_key``, ``file.number`` (NaN, Infinity,
        an integer beyond ±(2^53 - 1)), ``file.not_text`` (a lone surrogate) or ``file.too_deep``
        (more than 64 levels).
    """
    if len(data) > MAX_BYTES:
        raise FileProblem("file.too_large", most="8 MiB")
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError:
        raise FileProblem("file.too_deep", most=MAX_DEPTH) from None
    except FileProblem:
        raise
    except ValueError:
        raise FileProblem("file.not_json") from None
    check_value(value)
    return value


def check_value(value: Any) -> None:
    """
    Refuse a value that is not plain JSON of text that UTF-8 can carry, at most 64 levels deep.

    Raises
    ------
    FileProblem
        ``file.too_deep``, ``file.not_text``, ``file.number`` or ``file.not_json``.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                for key in item:
                    if not isinstance(key, str):
                        raise FileProblem("file.not_json")
                    _check_scalar(key)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            else:
                _check_scalar(item)
        if not below:
            return
        level = below
    if any(isinstance(item, dict | list) for item in level):
        raise FileProblem("file.too_deep", most=MAX_DEPTH)
    for item in level:
        _check_scalar(item)


def _check_scalar(item: Any) -> None:
    if isinstance(item, str):
        if not item.isascii():
            try:
                item.encode()
            except UnicodeEncodeError:
                raise FileProblem("file.not_text") from None
    elif isinstance(item, bool) or item is None:
        return
    elif isinstance(item, int):
        if abs(item) > MAX_INTEGER:
            raise FileProblem("file.number", number=str(item)[:_MAX_DIGITS])
    elif not isinstance(item, float):
        raise FileProblem("file.not_json")
    elif not math.isfinite(item):
        raise FileProblem("file.number", number=str(item))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise FileProblem("file.duplicate_key", key=shown(key))
            seen.add(key)
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or abs(int(digits)) > MAX_INTEGER:
        raise FileProblem("file.number", number=digits[:_MAX_DIGITS])
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise FileProblem("file.number", number=digits[:_MAX_DIGITS])
    # JSON has one kind of number: 4.0 is signed as 4, and read as 4.
    return int(value) if value.is_integer() and abs(value) <= MAX_INTEGER else value


def _constant(name: str) -> NoReturn:
    raise FileProblem("file.number", number=name)
