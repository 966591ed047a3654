"""The witness over HTTP, as an ASGI application: reading requests, limits, sending answers."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cotutelle.witness.limits import RateLimit
from cotutelle.witness.routes import Answer, Request, Routes

BODY_PATIENCE_S = 30.0
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
log = logging.getLogger(__name__)


class Application:
    """
    Each request is answered in a thread, since SQLite and signing block.

    Parameters
    ----------
    routes
        What answers.
    limit
        Requests of one address.
    threads
        Requests answered at once; more wait.
    behind_proxy
        Take the address of the client from the last item of ``X-Forwarded-For``.
    """

    def __init__(
        self, routes: Routes, limit: RateLimit, *, threads: int, behind_proxy: bool = False
    ) -> None:
        self._routes = routes
        self._limit = limit
        self._behind_proxy = behind_proxy
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(scope, receive)
        headers = {"content-type": answer.content_type, **SECURITY_HEADERS, **answer.headers}
        if "content-length" not in headers:
            headers["content-length"] = str(len(answer.body))
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        request = Request(
            scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers
        )
        if not self._routes.is_exempt(request) and not self._limit.allows(self._client(scope)):
            return _closing(429, "Too many requests from your address.\n", {"retry-after": "1"})
        try:
            async with asyncio.timeout(BODY_PATIENCE_S):
                body = await _read_body(receive, self._routes.body_limit(request))
        except TimeoutError:
            return _closing(408, "The request took too long to arrive.\n")
        if body is None:
            return _closing(413, "The request is too large.\n")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._guarded, request, body)

    def _guarded(self, request: Request, body: bytes) -> Answer:
        try:
            return self._routes.answer(request, body)
        except sqlite3.OperationalError:
            log.exception("The store of the witness does not work")
            return Answer.text(503, "The witness cannot write at the moment; try again.\n")
        except Exception:
            log.exception("A request could not be answered: %s %s", request.method, request.path)
            return Answer.text(500, "The witness made a mistake; its operator can see it.\n")

    def _client(self, scope: Scope) -> str:
        if self._behind_proxy:
            for name, value in scope["headers"]:
                if name == b"x-forwarded-for":
                    return str(value.decode("latin-1").rpartition(",")[2].strip())
        client = scope["client"]
        return str(client[0]) if client else ""


def _closing(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    # What remains of the body is not read: the connection cannot be used again.
    answer = Answer.text(status, message)
    answer.headers.update({"connection": "close", **(headers or {})})
    return answer


async def _read_body(receive: Receive, most: int) -> bytes | None:
    """Return the body, or None when it is longer than ``most`` bytes."""
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        piece = message.get("body", b"")
        length += len(piece)
        if length > most:
            return None
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
