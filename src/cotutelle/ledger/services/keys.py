"""
Private keys: made and used here, kept elsewhere.

Everything that signs asks by a key's name. Files in the data folder keep the keys unless
``COTUTELLE_KEY_PROVIDER`` names another provider: a hardware module, a signing service.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.enums import KeySuite

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class KeyProvider(Protocol):
    """Where private keys live. None of them ever leaves it."""

    def generate(self, name: str, suite: KeySuite) -> bytes:
        """Make a key under a new ``name`` and return its public half."""
        ...

    def sign(self, name: str, message: bytes) -> bytes:
        """Return the signature of ``message`` by the key ``name``."""
        ...


class FileKeys:
    """One file a key in ``keys/log`` of the data folder, readable by its owner alone."""

    def __init__(self) -> None:
        self.folder = Path(settings.COTUTELLE_DATA_DIR) / "keys" / "log"

    def generate(self, name: str, suite: KeySuite) -> bytes:
        """
        Make an Ed25519 key; the file is on the disk before its public half is told to anybody.

        Raises
        ------
        RuleViolation
            ``key.suite``: files keep Ed25519 keys only.
        ValueError
            ``name`` is taken or unfit.
        """
        if suite != KeySuite.ED25519:
            raise RuleViolation(
                "key.suite",
                _("The key store of this installation has no keys of the kind %(suite)s.")
                % {"suite": KeySuite(suite).label},
                field="suite",
            )
        key = Ed25519PrivateKey.generate()
        self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.mkdir(exist_ok=True, mode=0o700)
        try:
            handle = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise ValueError(f"name: there is a key {name} already") from None
        with os.fdopen(handle, "wb") as out:
            out.write(base64.b64encode(key.private_bytes_raw()) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        _flush_folder(self.folder)
        return key.public_key().public_bytes_raw()

    def sign(self, name: str, message: bytes) -> bytes:
        """
        Sign with Ed25519 (RFC 8032).

        Raises
        ------
        RuleViolation
            ``key.missing``: there is no such file, or it cannot be read.
        """
        try:
            seed = base64.b64decode(self._path(name).read_bytes().strip(), validate=True)
            return Ed25519PrivateKey.from_private_bytes(seed).sign(message)
        except (OSError, ValueError) as error:
            raise RuleViolation(
                "key.missing",
                _("The key %(name)s is missing or damaged; it is in the backups of this system.")
                % {"name": name},
            ) from error

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"name: {name!r} cannot name a key")
        return self.folder / f"{name}.key"


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(handle)
    finally:
        os.close(handle)


def provider() -> KeyProvider:
    """Return the provider that the settings name."""
    made: KeyProvider = import_string(settings.COTUTELLE_KEY_PROVIDER)()
    return made


def new_key(name: str, suite: KeySuite = KeySuite.ED25519) -> bytes:
    """
    Make a key.

    Parameters
    ----------
    name
        New: small letters, digits, full stop, hyphen, underscore.
    suite
        Signature scheme. SM2 is reserved: no provider in this package has it.

    Returns
    -------
    bytes
        The public key (Ed25519: 32 bytes).

    Raises
    ------
    RuleViolation
        ``key.suite``: the provider has no such scheme.
    """
    return provider().generate(name, suite)


def sign_with(name: str, message: bytes) -> bytes:
    """
    Return the signature (Ed25519: 64 bytes) of ``message`` by the key ``name``.

    Raises
    ------
    RuleViolation
        ``key.missing``.
    """
    return provider().sign(name, message)
