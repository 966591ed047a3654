"""Secrets of this installation: one file each under ``keys``, part of every backup."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from cotutelle.database.errors import explained
from cotutelle.database.location import data_dir


def secret_key() -> str:
    """Return the key that signs sessions and links, made at the first call."""
    return keep_secret(data_dir() / "keys" / "django.secret")


def keep_secret(path: Path) -> str:
    """Return the secret in ``path``, made when missing; of two processes the first one's is kept."""
    with explained(path):
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            _make_private_folder(path.parent)
        descriptor, name = tempfile.mkstemp(prefix="secret-", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48))
        try:
            os.link(name, path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
        return path.read_text(encoding="ascii").strip()


def make_data_folder(folder: Path) -> None:
    """Make the data folder: closed, yet root's may be walked through by the server's account."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    if not folder.is_dir():
        folder.mkdir(mode=mode, parents=True)
        folder.chmod(mode)


def _make_private_folder(folder: Path) -> None:
    """Close ``keys`` to everybody; any other place is a data folder with the rule of those."""
    if folder.parent != data_dir():
        make_data_folder(folder)
        return
    make_data_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
