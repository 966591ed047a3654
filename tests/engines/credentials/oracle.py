"""A second reading of the formats from their text, sharing no code with the package."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LETTERS = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def plain_json(value: Any) -> bytes:
    """RFC 8785 for documents without floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def base58(text: str) -> bytes:
    """Bytes of base58btc without leading zero bytes."""
    number = 0
    for letter in text.encode():
        number = number * 58 + LETTERS.index(letter)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def sha(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def is_jcs_signed(document: dict[str, Any]) -> bool:
    """Whether an eddsa-jcs-2022 proof holds under the key that it names."""
    proof = dict(document["proof"])
    signature = base58(proof.pop("proofValue")[1:])
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    key = base58(proof["verificationMethod"].split("#")[1][1:])
    assert key[:2] == b"\xed\x01"
    try:
        Ed25519PublicKey.from_public_bytes(key[2:]).verify(
            signature, sha(plain_json(proof)) + sha(plain_json(unsigned))
        )
    except InvalidSignature:
        return False
    return True


def is_logged(evidence: dict[str, Any], log_key: bytes) -> bool:
    """Whether the entry is in the tree that the log signed, and commits to the payload."""
    entry, salt = evidence["entry"], bytes.fromhex(evidence["salt"])
    committed = sha(b"cotutelle/commitment/v1\n" + salt + plain_json(evidence["payload"]))
    head, _, note = evidence["proof"].partition("\n\n")
    _, index_line, *hashes = head.split("\n")
    text, _, signatures = note.partition("\n\n")
    origin, size, root = text.split("\n")
    line = next(one for one in signatures.split("\n") if one.startswith(f"— {origin} "))
    signature = base64.b64decode(line.rsplit(" ", 1)[1])[4:]
    Ed25519PublicKey.from_public_bytes(log_key).verify(signature, f"{text}\n".encode())
    found = sha(b"\0" + plain_json(entry))
    found = climb(
        int(index_line.split()[1]), int(size), found, [base64.b64decode(h) for h in hashes]
    )
    return committed.hex() == entry["commitment"] and found == base64.b64decode(root)


def climb(index: int, size: int, leaf: bytes, hashes: list[bytes]) -> bytes:
    """Root above a leaf, from the recursive definition of RFC 6962 2.1.1."""
    if size == 1:
        return leaf
    split = 1
    while split * 2 < size:
        split *= 2
    *below, sibling = hashes
    if index < split:
        return sha(b"\1" + climb(index, split, leaf, below) + sibling)
    return sha(b"\1" + sibling + climb(index - split, size - split, leaf, below))


def is_signed_and_logged(bundle: dict[str, Any], log_key: bytes) -> bool:
    """Whether a bundle's credential is signed and is the one that was logged."""
    digest = sha(plain_json(bundle["credential"])).hex()
    return (
        is_jcs_signed(bundle["credential"])
        and is_logged(bundle["logged"], log_key)
        and bundle["logged"]["payload"]["after"]["digest"] == digest
    )
