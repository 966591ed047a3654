"""Pages of the pieces, served with the policy of the product, for tests in a real browser."""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils import translation

import cotutelle.ui
from tests.ui.samples import PAGES, render_page

# Playwright keeps an event loop in the thread in which later tests use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

POLICY = "default-src 'self'; img-src 'self' data:"


@dataclass(slots=True)
class Site:
    """Address of the served pages, and the forms they sent."""

    url: str
    posts: list[dict[str, list[str]]] = field(default_factory=list)
    status: int = 200


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, site: Site, pages: dict[str, bytes], **kwargs: Any) -> None:
        self.site = site
        self.pages = pages
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's word
        """Keep quiet."""

    def do_GET(self) -> None:
        name = self.path.split("?")[0].strip("/")
        if name in self.pages:
            self._answer(200, "text/html; charset=utf-8", self.pages[name])
        elif name.startswith("static/"):
            self.path = self.path.removeprefix("/static")
            super().do_GET()
        else:
            self._answer(204, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        kind = self.headers["Content-Type"]
        self.site.posts.append(_multipart(body, kind) if "multipart" in kind else parse_qs(body))
        self._answer(self.site.status, "application/json", json.dumps({}).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _multipart(body: str, kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in body.split("--" + kind.split("boundary=")[1]):
        head, _, value = part.partition("\r\n\r\n")
        if 'name="' in head:
            found.setdefault(head.split('name="')[1].split('"')[0], []).append(value.strip())
    return found


@pytest.fixture
def site() -> Iterator[Site]:
    with translation.override("en"):
        pages = {name: render_page(name).encode() for name in PAGES}
        autosave = render_page("form", autosave=True, autosave_url="/save/")
    pages["autosave"] = autosave.encode()
    static = Path(cotutelle.ui.__file__).parent / "static"
    site = Site("")
    handler = functools.partial(_Handler, site=site, pages=pages, directory=str(static))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("COTUTELLE_CHROMIUM", "/usr/bin/chromium")
    return {**browser_type_launch_args, "executable_path": chromium, "chromium_sandbox": False}
