"""Ports for servers that tests start."""

from __future__ import annotations

import os
import socket
from itertools import count

FIRST = 20_000
"""Below the ports that Linux gives to outgoing connections (32,768 and up): a port from there
can be taken by anybody's connection before the server that is to have it listens."""
OF_ONE_WORKER = 2_000
APART = 20
"""``cotutelle serve`` takes ports of its own beside the one it is given."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 6
_numbers = count(os.getpid())


def free_port() -> int:
    """Return a port that nobody holds, another one each time."""
    while True:
        port = FIRST + _worker * OF_ONE_WORKER + next(_numbers) * APART % OF_ONE_WORKER
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
