"""Files of a log over HTTP, which the test may exchange at any time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Site:
    """What is served at ``url``, by path; ``asked`` are the paths that were fetched, ``before`` each answer."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False
    before: Callable[[], object] = lambda: None


@contextlib.contextmanager
def serving_files(files: dict[str, bytes] | None = None) -> Iterator[Site]:
    """Serve files under ``/log/`` on a free port."""
    site = Site(files=dict(files or {}))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/log/")
            site.asked.append(path)
            site.before()
            data = None if site.is_down else site.files.get(path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/log"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
