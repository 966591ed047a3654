"""
Ed25519 public keys as Multikey text: ``z6Mk…``.

Sources: W3C *Controlled Identifiers 1.0*, sections 2.2.2 (Multikey) and 2.4 (multibase,
base58btc); multicodec ``ed25519-pub`` = 0xed.
"""

from __future__ import annotations

from cotutelle.engines.credentials.errors import VerifyError, shown

PUBLIC_KEY_BYTES = 32

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_ED25519_PUBLIC = b"\xed\x01"
_LONGEST_TEXT = 200


def base58btc(data: bytes) -> str:
    """Return ``data`` in base58btc without a multibase letter; leading zero bytes become ``1``."""
    zeros = len(data) - len(data.lstrip(b"\0"))
    number, letters = int.from_bytes(data, "big"), []
    while number:
        number, rest = divmod(number, 58)
        letters.append(_ALPHABET[rest])
    return "1" * zeros + "".join(reversed(letters))


def from_base58btc(text: str) -> bytes:
    """
    Return the bytes behind ``text`` (base58btc without a multibase letter).

    Raises
    ------
    ValueError
        For a letter outside the alphabet or a text longer than any key or signature.
    """
    if len(text) > _LONGEST_TEXT:
        raise ValueError("text: longer than any key or signature")
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise ValueError(f"text: {letter!r} is no letter of base58btc")
        number = number * 58 + _VALUES[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multikey(public: bytes) -> str:
    """
    Return an Ed25519 public key as a Multikey, ``z6Mk…``.

    Parameters
    ----------
    public : 32 bytes.

    Raises
    ------
    ValueError
        When ``public`` is not 32 bytes long.
    """
    if len(public) != PUBLIC_KEY_BYTES:
        raise ValueError(f"public: an Ed25519 key has 32 bytes, not {len(public)}")
    return "z" + base58btc(_ED25519_PUBLIC + public)


def public_key(key: str) -> bytes:
    """
    Return the 32 bytes of an Ed25519 Multikey.

    Raises
    ------
    VerifyError
        ``signature.method`` when ``key`` is anything else: another kind of key, another length.
    """
    try:
        if not key.startswith("z"):
            raise ValueError("key: base58btc begins with z")
        data = from_base58btc(key[1:])
    except (ValueError, AttributeError):
        raise VerifyError("signature.method", method=shown(key)) from None
    if data[:2] != _ED25519_PUBLIC or len(data) != PUBLIC_KEY_BYTES + 2:
        raise VerifyError("signature.method", method=shown(key))
    return data[2:]


def split_method(method: object) -> tuple[str, str]:
    """
    Return controller and Multikey of a verification method ``controller#z6Mk…``.

    Raises
    ------
    VerifyError
        ``signature.method`` when there is no such fragment.
    """
    controller, _, key = method.partition("#") if isinstance(method, str) else ("", "", "")
    if not controller or not key:
        raise VerifyError("signature.method", method=shown(method))
    public_key(key)
    return controller, key
