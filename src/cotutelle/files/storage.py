"""Bytes on disk under their SHA-256: written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from django.conf import settings


def path_of(sha256: str) -> Path:
    """Return where the content with this digest lies."""
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256


def write(content: bytes, sha256: str) -> None:
    """Write ``content`` unless it is there; a crash leaves no half file under the name."""
    target = path_of(sha256)
    if target.exists() and target.stat().st_size == len(content):
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def read(sha256: str) -> bytes:
    """Return the content."""
    return path_of(sha256).read_bytes()


def remove(sha256: str) -> None:
    """Delete the content, if it is there."""
    path_of(sha256).unlink(missing_ok=True)
