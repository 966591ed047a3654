"""The server that test runs share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cotutelle.database.server import Server
from cotutelle.database.settings import THROW_AWAY


def shared_server() -> Server:
    """
    Return the server that tests keep between runs, in the temporary folder; not started.

    Several runs at once use it under different database names; the last one out stops it.
    """
    folder = Path(tempfile.gettempdir()) / f"cotutelle-test-{os.geteuid()}"
    return Server(folder, THROW_AWAY)
