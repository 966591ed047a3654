"""
The life of issuers' keys, as the log tells it: added, retired, compromised.

A signature counts by where it was logged, not by the time it states: whoever has stolen a retired key
can write any date, but cannot put an entry where the log has long moved on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.evidence import Book, Logged
from cotutelle.engines.credentials.keys import public_key
from cotutelle.engines.credentials.report import Finding
from cotutelle.engines.translog.strict import is_number

ADDED, RETIRED, COMPROMISED = "added", "retired", "compromised"


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """
    One event in the life of a key, logged at ``index`` of the log ``origin``.

    A compromised key is not to be believed from ``from_index`` on, in the log ``about`` (None: in
    ``origin``, and nowhere else either).
    """

    event: str
    controller: str
    key: str
    origin: str
    index: int
    from_index: int = 0
    about: str | None = None


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """All key events of a file, each proven; ``problem`` says why one of them does not hold."""

    events: tuple[KeyEvent, ...]
    problem: VerifyError | None

    def judge(self, controller: str, key: str, logged: Logged) -> Finding:
        """
        Return whether ``key`` was ``controller``'s, and in force, where something was logged.

        Rules: an addition counts for what was logged after it, in the same log; a retirement refuses
        what was logged after it, in the same log, and a retired key stays retired; a compromise refuses
        what was logged from its ``from_index`` on in the log that it names, and if it names none, also
        whatever is in other logs.
        """
        if self.problem is not None:
            return Finding.bad(self.problem)
        mine = [event for event in self.events if event.key == key]
        added = [event for event in mine if event.event == ADDED]
        if {event.controller for event in added} - {controller}:
            return Finding("bad", "issuer.conflict", {"key": key})
        own = [event for event in mine if event.controller == controller]
        here = [e for e in own if e.event == ADDED and e.origin == logged.origin]
        if not here:
            return Finding("bad", "issuer.unknown_key", {"key": key})
        if logged.index <= min(event.index for event in here):
            return Finding("bad", "issuer.before_added", {"key": key})
        for event in own:
            if _ends(event, logged):
                return Finding("bad", f"issuer.{event.event}", {"key": key})
        return Finding("good", "issuer.good", {"key": key})


def read_history(book: Book, evidence: object) -> KeyHistory:
    """
    Return the key events behind a list of evidence.

    One event that is not proven, or not the announcement of an institution about its own key, makes the
    whole list useless: nobody can say what else is wrong with it.
    """
    try:
        return KeyHistory(tuple(_events(book, evidence)), None)
    except VerifyError as error:
        return KeyHistory((), error)


def _events(book: Book, evidence: object) -> Iterable[KeyEvent]:
    if not isinstance(evidence, list):
        raise VerifyError("issuer.key_event", code="logged.malformed")
    for item in evidence:
        try:
            logged = book.prove(item)
        except VerifyError as error:
            raise VerifyError("issuer.key_event", code=error.code, **error.params) from None
        if logged.head.problem is not None:
            problem = logged.head.problem
            raise VerifyError("issuer.key_event", code=problem.code, **problem.params)
        yield _event(logged)


def _event(logged: Logged) -> KeyEvent:
    statement: Mapping[str, Any] = logged.entry.statement or {}
    event, controller, key = (statement.get(name) for name in ("event", "controller", "key"))
    from_index: Any = statement.get("from_index") if event == COMPROMISED else 0
    about = statement.get("origin") if event == COMPROMISED else None
    if (
        logged.entry.kind != "key"
        or event not in (ADDED, RETIRED, COMPROMISED)
        or not isinstance(key, str)
        or not isinstance(controller, str)
        or controller != logged.entry.issuer
        or not is_number(from_index)
        or from_index < 0
        or not (about is None or isinstance(about, str))
    ):
        raise VerifyError("issuer.key_event", code="logged.malformed")
    try:
        public_key(key)
    except VerifyError:
        raise VerifyError("issuer.key_event", code="logged.malformed") from None
    return KeyEvent(str(event), controller, key, logged.origin, logged.index, from_index, about)


def _ends(event: KeyEvent, logged: Logged) -> bool:
    if event.event == RETIRED:
        return event.origin == logged.origin and event.index < logged.index
    if event.event == COMPROMISED and (event.about or event.origin) == logged.origin:
        return logged.index >= event.from_index
    return event.event == COMPROMISED and event.about is None
