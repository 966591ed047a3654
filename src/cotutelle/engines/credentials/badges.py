"""
Credentials inside PNG pictures ("baking").

Sources: 1EdTech *Open Badges 3.0*, section 5.3.2.1 (an ``iTXt`` chunk with the keyword
``openbadgecredential``, not compressed); W3C *PNG*, sections 5.3 (chunks) and 11.3.3.4 (iTXt).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.reading import MAX_BYTES, read_json

KEYWORD = b"openbadgecredential"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_PNG = 2 * MAX_BYTES


def bake(png: bytes, credential: Mapping[str, Any]) -> bytes:
    """
    Return ``png`` with ``credential`` inside; one that was inside before is replaced.

    Raises
    ------
    FileProblem
        ``file.not_png`` when ``png`` is damaged or no PNG.
    """
    text = json.dumps(credential, ensure_ascii=False, separators=(",", ":")).encode()
    chunk = KEYWORD + b"\0\0\0\0\0" + text
    parts = [_SIGNATURE]
    for kind, data in _chunks(png):
        if kind == b"IEND":
            parts.append(_chunk(b"iTXt", chunk))
        if not _holds_credential(kind, data):
            parts.append(_chunk(kind, data))
    return b"".join(parts)


def unbake(png: bytes) -> Any:
    """
    Return the credential inside ``png``.

    Raises
    ------
    FileProblem
        ``file.not_png`` for a damaged file, ``file.no_credential`` when none or more than one is
        inside, and whatever ``read_json`` refuses.
    """
    found = [data for kind, data in _chunks(png) if _holds_credential(kind, data)]
    if len(found) != 1:
        raise FileProblem("file.no_credential")
    return read_json(_text(found[0]))


def is_png(data: bytes) -> bool:
    """Return whether ``data`` begins as a PNG does."""
    return data.startswith(_SIGNATURE)


def _holds_credential(kind: bytes, data: bytes) -> bool:
    return kind == b"iTXt" and data.startswith(KEYWORD + b"\0")


def _text(data: bytes) -> bytes:
    plain = KEYWORD + b"\0\0\0"  # not compressed, by no method
    rest = data[len(plain) :].split(b"\0", 2)
    if not data.startswith(plain) or len(rest) != 3:  # noqa: PLR2004 - language, keyword, text
        raise FileProblem("file.no_credential")
    return rest[2]


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not is_png(png) or len(png) > _MAX_PNG:
        raise FileProblem("file.not_png")
    place, kind = len(_SIGNATURE), b""
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        crc = png[place + 8 + length : place + 12 + length]
        if kind == b"" or len(crc) != 4 or crc != _crc(kind, data):  # noqa: PLR2004
            raise FileProblem("file.not_png")
        yield kind, data
        place += 12 + length
        if kind == b"IEND":
            break
    if kind != b"IEND" or place != len(png):
        raise FileProblem("file.not_png")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + _crc(kind, data)


def _crc(kind: bytes, data: bytes) -> bytes:
    return zlib.crc32(kind + data).to_bytes(4, "big")
