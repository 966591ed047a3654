"""What the witness answers, one function for each address."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from cotutelle.witness.cosigning import TEXT_TYPE, Cosigner, Refusal
from cotutelle.witness.documents import Documents
from cotutelle.witness.folder import Folder
from cotutelle.witness.pages import dashboard, preferred_language
from cotutelle.witness.refusals import Refusals
from cotutelle.witness.status import facts
from cotutelle.witness.store import Store

CHECKPOINT_LIMIT = 256 * 1024
DOCUMENT_LIMIT = 2 * 1024 * 1024
NO_BODY_LIMIT = 1024
JSON_TYPE = "application/json"
# The second is where the draft of C2SP tlog-witness has it for monitors.
CHECKPOINT = re.compile(r"/checkpoints/(?P<any>.*)|/(?P<digest>[0-9a-f]{64})/checkpoint", re.DOTALL)
OPEN_TO_ALL = {"access-control-allow-origin": "*", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; ``headers`` has lower-case names, and bytes as they came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, bytes]

    def parameter(self, name: str) -> str:
        """Return a parameter of the query, "" when it is missing or there are too many."""
        try:
            return dict(parse_qsl(self.query, max_num_fields=20)).get(name, "")
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def text(cls, status: int, message: str) -> Answer:
        """Return a plain text."""
        return cls(status, message.encode(), TEXT_TYPE)

    @classmethod
    def json(cls, value: Any) -> Answer:
        """Return JSON that pages of any origin may read."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(200, body, JSON_TYPE, dict(OPEN_TO_ALL))


class Routes:
    """
    The addresses of one witness.

    Parameters
    ----------
    folder, store
        The witness.
    issuers
        The institution's own names in the log, shown on the dashboard.
    """

    def __init__(self, folder: Folder, store: Store, issuers: tuple[str, ...] = ()) -> None:
        self.refusals = Refusals(store)
        self._folder = folder
        self._store = store
        self._issuers = issuers
        self._cosigner = Cosigner(folder, store)
        self._documents = Documents(folder, store)
        self._css = files("cotutelle.witness").joinpath("static/witness.css").read_bytes()
        self._gets = {
            "/": self._dashboard,
            "/witness.css": self._style,
            "/status": self._status,
            "/vkeys": self._vkeys,
            "/policy": self._policy,
            "/healthz": self._health,
            "/documents/status": self._status_list,
            "/documents/keys": self._keys,
        }
        self._posts = {"/add-checkpoint": self._add_checkpoint, "/documents": self._add_document}

    def is_exempt(self, request: Request) -> bool:
        """Whether this is never too often: what a supervisor asks."""
        return request.path == "/healthz"

    def body_limit(self, request: Request) -> int:
        """Return the most bytes that this request may carry."""
        limits = {"/add-checkpoint": CHECKPOINT_LIMIT, "/documents": DOCUMENT_LIMIT}
        return limits.get(request.path, NO_BODY_LIMIT)

    def answer(self, request: Request, body: bytes) -> Answer:
        """Return the answer to a request."""
        try:
            if request.path in self._posts:
                return self._only(request, "POST") or self._posts[request.path](body)
            if request.path in self._gets:
                return self._only(request, "GET", "HEAD") or self._gets[request.path](request)
            if asked := CHECKPOINT.fullmatch(request.path):
                wanted = asked["any"] or asked["digest"] or ""
                return self._only(request, "GET", "HEAD") or self._checkpoint(wanted)
        except Refusal as refusal:
            self.refusals.count(refusal.code, refusal.origin)
            return Answer(refusal.status, str(refusal).encode(), refusal.content_type)
        return Answer.text(404, "There is nothing here.\n")

    @staticmethod
    def _only(request: Request, *methods: str) -> Answer | None:
        if request.method in methods:
            return None
        refused = Answer.text(405, f"Use {methods[0]}.\n")
        refused.headers["allow"] = ", ".join(methods)
        return refused

    def _add_checkpoint(self, body: bytes) -> Answer:
        return Answer.text(200, self._cosigner.add_checkpoint(body))

    def _add_document(self, body: bytes) -> Answer:
        return Answer.json(self._documents.add(body))

    def _status_list(self, request: Request) -> Answer:
        return _found(self._documents.status_list(request.parameter("id")))

    def _keys(self, request: Request) -> Answer:
        return _found(self._documents.keys(request.parameter("controller")))

    def _checkpoint(self, wanted: str) -> Answer:
        with self._store.reading() as db:
            for row in db.execute("SELECT origin, note FROM records"):
                if wanted in {row["origin"], hashlib.sha256(row["origin"].encode()).hexdigest()}:
                    answer = Answer.text(200, row["note"])
                    answer.headers.update(OPEN_TO_ALL)
                    return answer
        return Answer.text(404, "Nothing was cosigned for this log.\n")

    def _vkeys(self, _: Request) -> Answer:
        return Answer.text(200, "".join(f"{vkey}\n" for vkey in self._folder.vkeys))

    def _policy(self, _: Request) -> Answer:
        with self._store.reading() as db:
            row = db.execute("SELECT text FROM policy").fetchone()
        if row is None:
            return Answer.text(404, "This witness was given no policy.\n")
        return Answer.text(200, row["text"])

    def _health(self, _: Request) -> Answer:
        with self._store.reading() as db:
            db.execute("SELECT count(*) FROM records").fetchone()
        return Answer.text(200, "ok\n")

    def _status(self, _: Request) -> Answer:
        self.refusals.flush()
        return Answer.json(facts(self._folder, self._store, self._issuers))

    def _dashboard(self, request: Request) -> Answer:
        self.refusals.flush()
        accepted = request.headers.get("accept-language", b"").decode("latin-1")
        language = preferred_language(request.parameter("lang"), accepted)
        page = dashboard(facts(self._folder, self._store, self._issuers), language)
        headers = {"content-language": language, "cache-control": "no-store"}
        headers["vary"] = "Accept-Language"
        return Answer(200, page.encode(), "text/html; charset=utf-8", headers)

    def _style(self, _: Request) -> Answer:
        return Answer(200, self._css, "text/css; charset=utf-8", {"cache-control": "max-age=300"})


def _found(value: dict[str, Any] | None) -> Answer:
    if value is None:
        return Answer.text(404, "This witness holds no such document.\n")
    return Answer.json(value)
