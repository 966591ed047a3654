"""Checking cosignatures by the words of C2SP tlog-cosignature, without our engine."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey


def signed_at(text: str, line: str, vkey: str) -> int:
    """Return the time in a cosignature line, after checking it; raises when anything is off."""
    name, key_id, material = vkey.split("+", 2)
    key = base64.b64decode(material)
    assert hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] == key_id
    dash, line_name, encoded = line.removesuffix("\n").split(" ")
    assert (dash, line_name) == ("—", name)
    raw = base64.b64decode(encoded, validate=True)
    assert raw[:4].hex() == key_id
    at = int.from_bytes(raw[4:12], "big")
    if key[0] == 4:
        message = f"cosignature/v1\ntime {at}\n{text}".encode()
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[12:], message)
        return at
    assert key[0] == 6
    origin, size, root = text.split("\n")[:3]
    parts = [b"subtree/v1\n\x00", bytes([len(name.encode())]), name.encode(), raw[4:12]]
    parts += [bytes([len(origin.encode())]), origin.encode(), bytes(8)]
    parts += [int(size).to_bytes(8, "big"), base64.b64decode(root)]
    MLDSA44PublicKey.from_public_bytes(key[1:]).verify(raw[12:], b"".join(parts))
    return at
