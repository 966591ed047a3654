"""
Who signs transactions, and how they are written.

An account is an address and a function that signs 32 bytes: a key file here, a hardware module
elsewhere. The key itself never enters settings, database or log.

Sources: EIP-155 (legacy transactions bound to a chain), EIP-2718 and EIP-1559 (type 2).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotutelle.ledger.anchoring.problems import AnchorProblem

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY_BYTES = 32
TYPE_2 = b"\x02"


@dataclass(frozen=True, slots=True)
class Account:
    """
    Who pays for anchors and owns the contract.

    Attributes
    ----------
    address
        With its EIP-55 checksum.
    sign
        Takes a 32-byte digest, returns r ‖ s (64 bytes) of its ECDSA signature on secp256k1.
    """

    address: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei for one unit of gas: ``limit`` at most; ``tip`` for the block's maker, None = legacy."""

    limit: int
    tip: int | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One call of a contract, or (``to`` empty) the making of one; it never carries value."""

    chain_id: int
    nonce: int
    to: bytes
    data: bytes
    gas: int
    fees: Fees


def key_account(key: bytes) -> Account:
    """
    Return the account of a private key held in memory.

    Raises
    ------
    AnchorProblem
        ``anchor.key_malformed``: not 32 bytes, or not a number that may be a key.
    """
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - only who signs needs it
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    number = int.from_bytes(key)
    if len(key) != KEY_BYTES or not 0 < number < ORDER:
        raise AnchorProblem("anchor.key_malformed", "The key is not a secp256k1 private key.")
    private = ec.derive_private_key(number, ec.SECP256K1())
    point = private.public_key().public_numbers()

    def sign(digest: bytes) -> bytes:
        der = private.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(KEY_BYTES) + s.to_bytes(KEY_BYTES)

    return Account(_address(point.x.to_bytes(KEY_BYTES) + point.y.to_bytes(KEY_BYTES)), sign)


def file_account(path: Path) -> Account:
    """
    Return the account whose private key is in ``path``: 64 hexadecimal digits, read by us alone.

    Raises
    ------
    AnchorProblem
        ``anchor.key_missing``, ``anchor.key_open`` (others may read it), ``anchor.key_malformed``.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise AnchorProblem(
                "anchor.key_open", f"Others may read the key file {path}: run chmod 600 on it."
            )
        text = path.read_text(encoding="ascii").strip().removeprefix("0x")
        return key_account(bytes.fromhex(text))
    except OSError as error:
        raise AnchorProblem("anchor.key_missing", f"The key file {path} cannot be read.") from error
    except ValueError as error:
        raise AnchorProblem("anchor.key_malformed", f"{path} holds no private key.") from error


def make_key_file(path: Path) -> Account:
    """Make a new key in ``path`` (0600) and return its account; an existing file is refused."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = (secrets.randbelow(ORDER - 1) + 1).to_bytes(KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise AnchorProblem("anchor.key_exists", f"There is a key in {path} already.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(key.hex() + "\n")
        stream.flush()
        os.fsync(descriptor)
    return key_account(key)


def signed(transaction: Transaction, account: Account) -> tuple[bytes, str]:
    """
    Return the bytes to send, and the transaction's hash as 0x and 64 digits.

    Raises
    ------
    AnchorProblem
        ``anchor.key_malformed``: what ``account.sign`` returned is no signature by its address.
    """
    import rlp  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with the extra "anchor"
    from eth_utils.crypto import keccak  # noqa: PLC0415

    t, fees = transaction, transaction.fees
    fields: list[Any]
    if fees.tip is None:
        fields = [t.nonce, fees.limit, t.gas, t.to, 0, t.data]
        v, r, s = _signature(account, keccak(rlp.encode([*fields, t.chain_id, 0, 0])))
        raw = rlp.encode([*fields, v + 35 + 2 * t.chain_id, r, s])
    else:
        fields = [t.chain_id, t.nonce, fees.tip, fees.limit, t.gas, t.to, 0, t.data, []]
        v, r, s = _signature(account, keccak(TYPE_2 + rlp.encode(fields)))
        raw = TYPE_2 + rlp.encode([*fields, v, r, s])
    return raw, "0x" + keccak(raw).hex()


def _signature(account: Account, digest: bytes) -> tuple[int, int, int]:
    """Return (parity, r, s): s in its lower half (EIP-2), the parity found by trying."""
    from eth_keys.exceptions import BadSignature  # noqa: PLC0415
    from eth_keys.main import lazy_key_api as keys  # noqa: PLC0415
    from eth_utils.exceptions import ValidationError  # noqa: PLC0415

    made = account.sign(digest)
    r, s = int.from_bytes(made[:KEY_BYTES]), int.from_bytes(made[KEY_BYTES:])
    s = min(s, ORDER - s)
    for parity in (0, 1):
        try:
            found = keys.Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
        except (BadSignature, ValidationError):
            continue
        if found.to_checksum_address() == account.address:
            return parity, r, s
    raise AnchorProblem(
        "anchor.key_malformed", f"What was signed is no signature by {account.address}."
    )


def _address(point: bytes) -> str:
    from eth_utils.address import to_checksum_address  # noqa: PLC0415
    from eth_utils.crypto import keccak  # noqa: PLC0415

    return to_checksum_address(keccak(point)[-20:])
