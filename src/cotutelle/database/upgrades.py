"""A last dump before the software under the data changes."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from cotutelle.database import binaries, dumps
from cotutelle.database.errors import explained
from cotutelle.database.url import Address

DUMP_NAME = "before-change.dump"
VERSION_NAME = "last-version"


def software_version() -> str:
    """Return what touches the data: our own version and PostgreSQL's."""
    return f"cotutelle {importlib.metadata.version('cotutelle')}, PostgreSQL {binaries.version()}"


def dump_before_change(address: Address, folder: Path, *, migrates: bool) -> Path | None:
    """
    Keep a dump of the data as they are when another version is about to use or migrate them.

    One dump is kept, the last. ``pg_restore`` reads it; a full backup with files and keys is
    ``cotutelle db backup``.
    """
    path = folder / VERSION_NAME
    with explained(folder):
        known = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if (known == software_version() and not migrates) or dumps.is_empty(address):
        return None
    target = folder / DUMP_NAME
    dumps.dump(address, target)
    return target


def remember_version(folder: Path) -> None:
    """Note that the present version has used the data."""
    with explained(folder):
        (folder / VERSION_NAME).write_text(software_version() + "\n", encoding="utf-8")
