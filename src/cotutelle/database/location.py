"""Where data and sockets lie."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

# sun_path holds 108 bytes with the closing zero, and PostgreSQL appends "/.s.PGSQL.5432.lock".
SOCKET_PATH_LIMIT_BYTES = 107
SOCKET_NAME = "/.s.PGSQL.5432"


def data_dir() -> Path:
    """Return the folder of database, files and keys (``COTUTELLE_DATA_DIR``)."""
    named = os.environ.get("COTUTELLE_DATA_DIR", "").strip()
    if named:
        return Path(named).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/cotutelle")
    return Path("~/.local/share/cotutelle").expanduser()


def socket_dir(folder: Path) -> Path:
    """
    Return the short, private folder for the Unix socket of the server in ``folder``.

    Computed from the data folder alone, so that every process finds the same one without asking;
    short, because a socket path has a hard limit and data folders may be deep.
    """
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    run = Path("/run")
    base = run if os.geteuid() == 0 and run.is_dir() else Path(tempfile.gettempdir())
    candidate = base / f"cotutelle-{digest}"
    if len(os.fsencode(str(candidate) + SOCKET_NAME)) > SOCKET_PATH_LIMIT_BYTES:
        candidate = Path("/tmp") / f"cotutelle-{digest}"  # noqa: S108 - made 0700, owner checked
    return candidate
