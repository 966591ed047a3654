"""A campus on this machine: an OIDC provider and a CAS server in one small WSGI thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET, KEY_ID = "cotutelle", "campus-secret", "k1"

_CAS_YES = """<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas"><cas:authenticationSuccess>
<cas:user>{user}</cas:user><cas:attributes>{attributes}</cas:attributes>
</cas:authenticationSuccess></cas:serviceResponse>"""
_CAS_NO = """<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">
<cas:authenticationFailure code="INVALID_TICKET">no such ticket</cas:authenticationFailure>
</cas:serviceResponse>"""


@dataclass
class Campus:
    """What the campus would answer; tests set ``claims`` and ``tickets``."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    tickets: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        query = {k: v[0] for k, v in parse_qs(environ.get("QUERY_STRING", "")).items()}
        self.asked.append(path)
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = {k: v[0] for k, v in parse_qs(environ["wsgi.input"].read(size).decode()).items()}
        kind, status, text = self.answer(path, query, body, environ)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(text)))])
        return [text]

    def answer(  # noqa: PLR0911  one line a question
        self, path: str, query: dict[str, str], body: dict[str, str], environ: dict[str, Any]
    ) -> tuple[str, str, bytes]:
        if path == "/.well-known/openid-configuration":
            return _json(self.discovery())
        if path == "/jwks":
            return _json({"keys": [self.public_key()]})
        if path == "/token":
            if body.get("code") != "good-code" or body.get("client_secret") != CLIENT_SECRET:
                return _json({"error": "invalid_grant"}, "400 Bad Request")
            token = {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token()}
            return _json(token)
        if path == "/userinfo" and environ.get("HTTP_AUTHORIZATION") == "Bearer at":
            return _json(self.claims)
        if path.endswith("/serviceValidate"):
            found = self.tickets.pop(query.get("ticket", ""), None)
            if found is None:
                return "text/xml", "200 OK", _CAS_NO.encode()
            attributes = "".join(f"<cas:{k}>{v}</cas:{k}>" for k, v in found[1].items())
            return (
                "text/xml",
                "200 OK",
                _CAS_YES.format(user=found[0], attributes=attributes).encode(),
            )
        return _json({"error": "not found"}, "404 Not Found")

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["code"],
        }

    def public_key(self) -> dict[str, Any]:
        found = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {**found, "kid": KEY_ID, "use": "sig", "alg": "RS256"}

    def id_token(self) -> str:
        moment = int(time.time())
        payload = {
            **self.claims,
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": moment,
            "exp": moment + 300,
        }
        return jwt.encode(payload, self.key, algorithm="RS256", headers={"kid": KEY_ID})


def _json(data: Any, status: str = "200 OK") -> tuple[str, str, bytes]:
    return "application/json", status, json.dumps(data).encode()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its own name
        """Say nothing: tests read ``asked``."""


@contextmanager
def open_campus() -> Iterator[Campus]:
    """Serve a campus on a free port of this machine until the block ends."""
    campus = Campus()
    server = make_server("127.0.0.1", 0, campus, handler_class=_Quiet)
    campus.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield campus
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
