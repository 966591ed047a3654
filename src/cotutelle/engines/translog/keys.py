"""
Keys of logs and witnesses (C2SP signed-note, "Signatures"; tlog-cosignature).

``cryptography`` is imported when a signature is first made or checked, so that commands and
canonical JSON start without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from hashlib import sha256

from cotutelle.engines.translog.errors import NoteError
from cotutelle.engines.translog.heads import Checkpoint
from cotutelle.engines.translog.strict import MAX_SIZE, decode_base64, encode_base64, is_number

_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_VKEY_PARTS = 3
_MAX_NAME_BYTES = 255  # in the message that ML-DSA-44 signs


class Algorithm(IntEnum):
    """
    Signature types. Source: C2SP signed-note "Signature types", tlog-cosignature "Format".

    The byte is part of the key's identifier, so that further suites find room beside these.
    """

    ED25519 = 1
    COSIGNATURE = 4
    COSIGNATURE_MLDSA44 = 6

    @property
    def has_timestamp(self) -> bool:
        """Whether the signature begins with the time at which it was made."""
        return self is not Algorithm.ED25519

    @property
    def public_bytes(self) -> int:
        """Length of the public key."""
        return 1312 if self is Algorithm.COSIGNATURE_MLDSA44 else 32

    @property
    def signature_bytes(self) -> int:
        """Length of the signature, the time included."""
        bare = 2420 if self is Algorithm.COSIGNATURE_MLDSA44 else 64
        return bare + _TIME_BYTES * self.has_timestamp


@dataclass(frozen=True)
class Verifier:
    """
    A named public key.

    Parameters
    ----------
    name
        Key name: not empty, no Unicode spaces, no plus, no control characters.
    algorithm
        What its signatures are.
    public_key
        32 bytes (Ed25519) or 1312 bytes (ML-DSA-44).

    Raises
    ------
    NoteError
        When a part is malformed.
    """

    name: str
    algorithm: Algorithm
    public_key: bytes

    def __post_init__(self) -> None:
        refuse_key_name(self.name)
        if not isinstance(self.public_key, bytes) or (
            len(self.public_key) != self.algorithm.public_bytes
        ):
            raise NoteError("key.length", f"public_key must be {self.algorithm.public_bytes} bytes")

    @cached_property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, mark this key's signatures."""
        head = self.name.encode() + b"\n" + bytes([self.algorithm])
        return sha256(head + self.public_key).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """``<name>+<key id in hexadecimal>+<base64 of type and key>``."""
        material = encode_base64(bytes([self.algorithm]) + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """
        Read a key as `Verifier.vkey` writes it.

        Raises
        ------
        NoteError
            When it is malformed, of an unknown type, or its id is not that of its name and key.
        """
        parts = vkey.split("+", _VKEY_PARTS - 1)
        if len(parts) != _VKEY_PARTS:
            raise NoteError("key.malformed", "a key is <name>+<id>+<base64>", {"key": vkey[:200]})
        name, key_id, material = parts
        try:
            data = decode_base64(material)
            algorithm = Algorithm(data[0])
        except (ValueError, IndexError):
            raise NoteError("key.material", "unknown or malformed", {"key": vkey[:200]}) from None
        key = cls(name, algorithm, data[1:])
        if key.key_id.hex() != key_id.lower():
            evidence = {"key": vkey[:200], "computed": key.key_id.hex()}
            raise NoteError("key.id", "the key id is not that of this name and key", evidence)
        return key

    def verify(self, text: str, signature: bytes) -> int | None:
        """
        Check a signature over the text of a note.

        Parameters
        ----------
        text
            Note text with its final newline, without signatures.
        signature
            What follows the key id: for cosignatures the time (8 bytes) and the signature.

        Returns
        -------
        int or None
            The time stated by a cosignature (seconds since 1970; 0 where ML-DSA states none).

        Raises
        ------
        NoteError
            When the signature does not hold.
        """
        evidence = {"key": self.vkey, "signature": signature.hex()[:200]}
        if len(signature) != self.algorithm.signature_bytes:
            raise NoteError("note.signature_length", "wrong length of a signature", evidence)
        time, bare = None, signature
        if self.algorithm.has_timestamp:
            time = int.from_bytes(signature[:_TIME_BYTES], "big")
            bare = signature[_TIME_BYTES:]
        if not _holds(self.algorithm, self.public_key, signed_bytes(self, text, time), bare):
            raise NoteError("note.signature_bad", f"bad signature by {self.name}", evidence)
        return time


class Signer:
    """
    A named private key, held here or elsewhere.

    Parameters
    ----------
    name, algorithm
        As in `Verifier`.
    sign
        The private key (32 bytes: Ed25519 private key or ML-DSA-44 seed), or a function from the
        bytes to sign to the signature (hardware, another process).
    public_key
        Needed with a function.

    Raises
    ------
    ValueError
        When a part is malformed or missing.
    """

    def __init__(
        self,
        name: str,
        algorithm: Algorithm,
        sign: bytes | Callable[[bytes], bytes],
        public_key: bytes | None = None,
    ) -> None:
        if isinstance(sign, bytes):
            self._sign, derived = _private_key(algorithm, sign)
            if public_key is not None and public_key != derived:
                raise NoteError("key.pair", "public_key is not that of the private key")
            public_key = derived
        else:
            self._sign = sign
        if public_key is None:
            raise ValueError("public_key is needed with a function that signs")
        self.verifier = Verifier(name, algorithm, public_key)

    def signature(self, text: str, timestamp: int | None = None) -> bytes:
        """
        Sign the text of a note; cosignatures state ``timestamp`` (seconds since 1970).

        Returns
        -------
        bytes
            What `Verifier.verify` checks.
        """
        if self.verifier.algorithm.has_timestamp != (timestamp is not None):
            raise ValueError("timestamp is for cosignatures, and they need one")
        bare = self._sign(signed_bytes(self.verifier, text, timestamp))
        return bare if timestamp is None else timestamp.to_bytes(_TIME_BYTES, "big") + bare


def signed_bytes(key: Verifier, text: str, timestamp: int | None) -> bytes:
    """
    Return the message that a key signs for a note text.

    Raises
    ------
    NoteError
        When a cosignature is asked for text that is no checkpoint, or the time exceeds 2**63 - 1.

    Source: C2SP signed-note "Ed25519 signatures"; tlog-cosignature "Ed25519 signed message",
    "ML-DSA-44 signed message".
    """
    if timestamp is None:
        return text.encode()
    if not is_number(timestamp) or not 0 <= timestamp <= MAX_SIZE:
        raise NoteError("cosignature.time", "the time must be from 0 to 2**63 - 1")
    head = Checkpoint.parse(text)
    if key.algorithm is Algorithm.COSIGNATURE:
        return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
    name, origin = key.name.encode(), head.origin.encode()
    if len(name) > _MAX_NAME_BYTES or len(origin) > _MAX_NAME_BYTES:
        raise NoteError("cosignature.name", "name and origin may have 255 bytes at most")
    parts = [b"subtree/v1\n\0", bytes([len(name)]), name, timestamp.to_bytes(8, "big")]
    parts += [bytes([len(origin)]), origin, bytes(8), head.size.to_bytes(8, "big"), head.root]
    return b"".join(parts)


def refuse_key_name(name: str) -> None:
    """Raise ``NoteError`` for what is no key name. Source: C2SP signed-note "Format"."""
    if not name or any(
        c.isspace() or c == "+" or c < " " or "\ud800" <= c < "\ue000" for c in name
    ):
        raise NoteError("key.name", "a key name has no spaces and no plus", {"name": name[:100]})


def _holds(algorithm: Algorithm, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether a bare signature holds. Source: RFC 8032 5.1.7; FIPS 204 algorithm 3."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa  # noqa: PLC0415

    try:
        if algorithm is Algorithm.COSIGNATURE_MLDSA44:
            mldsa.MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
        else:
            ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _private_key(algorithm: Algorithm, seed: bytes) -> tuple[Callable[[bytes], bytes], bytes]:
    """Return how a private key signs, and its public key. Source: RFC 8032 5.1.5; FIPS 204."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa  # noqa: PLC0415

    if algorithm is Algorithm.COSIGNATURE_MLDSA44:
        large = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
        return large.sign, large.public_key().public_bytes_raw()
    small = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    return small.sign, small.public_key().public_bytes_raw()
