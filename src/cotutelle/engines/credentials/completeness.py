"""
Whether a transcript shows all of a person's trace, or says honestly that it shows a part.

The signed transcript names the trace, how many events it has and the commitment of the last. Every event
names the commitment of the one before. So of two neighbours that are both shown, the second proves the
first, the last shown one must be the head if it is the last, and a missing number is a gap that is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.evidence import Book, Logged
from cotutelle.engines.credentials.report import Finding
from cotutelle.engines.translog.strict import is_number


@dataclass(frozen=True, slots=True)
class _Trace:
    id: str
    count: int
    head: str | None
    shown: tuple[int, ...]


def check_completeness(
    transcript: Mapping[str, Any],
    disclosed: object,
    members: Sequence[Logged],
    book: Book,
) -> Finding:
    """
    Return whether the disclosed events are the whole trace, a told part of it, or neither.

    Parameters
    ----------
    disclosed : list of evidence with payload.
    members : where the contained credentials were logged.
    """
    try:
        trace = _trace(transcript)
        for logged in members:
            _check_member(trace, logged)
        events = _events(trace, disclosed, book)
        _check_chain(trace, events)
    except VerifyError as error:
        return Finding.bad(error)
    if len(events) == trace.count:
        return Finding("good", "completeness.whole", {"count": trace.count})
    return Finding("good", "completeness.partial", {"shown": len(events), "count": trace.count})


def _trace(transcript: Mapping[str, Any]) -> _Trace:
    subject = transcript.get("credentialSubject")
    told = subject.get("trace") if isinstance(subject, dict) else None
    told = told if isinstance(told, dict) else {}
    id_, head, shown = told.get("id"), told.get("head"), told.get("shown")
    count: Any = told.get("count")
    if (
        not isinstance(id_, str)
        or not is_number(count)
        or count < 0
        or not (isinstance(head, str) if count else head is None)
        or not isinstance(shown, list)
        or not all(is_number(seq) and 1 <= seq <= count for seq in shown)
    ):
        raise VerifyError("completeness.malformed")
    _refuse_repeated(shown)
    return _Trace(id_, count, head, tuple(shown))


def _events(trace: _Trace, disclosed: object, book: Book) -> dict[int, Logged]:
    if not isinstance(disclosed, list):
        raise VerifyError("completeness.malformed")
    found: dict[int, Logged] = {}
    for item in disclosed:
        logged = _prove(book, item)
        seq = _seq(logged, trace)
        if seq is None:
            raise VerifyError("completeness.extra")
        if seq in found:
            raise VerifyError("completeness.duplicate", seq=seq)
        found[seq] = logged
    for seq in trace.shown:
        if seq not in found:
            raise VerifyError("completeness.missing", seq=seq)
    if len(found) != len(trace.shown):
        raise VerifyError("completeness.extra")
    return found


def _prove(book: Book, evidence: object) -> Logged:
    try:
        logged = book.prove(evidence)
        if logged.head.problem is not None:
            raise logged.head.problem
    except VerifyError as error:
        raise VerifyError("completeness.evidence", code=error.code, **error.params) from None
    return logged


def _check_chain(trace: _Trace, events: Mapping[int, Logged]) -> None:
    for seq, logged in sorted(events.items()):
        prev = _place(logged).get("prev")
        if seq == 1 and prev is not None:
            raise VerifyError("completeness.gap", seq=seq)
        before = events.get(seq - 1)
        if before is not None and prev != before.entry.commitment:
            raise VerifyError("completeness.gap", seq=seq)
        if seq == trace.count and logged.entry.commitment != trace.head:
            raise VerifyError("completeness.head")


def _check_member(trace: _Trace, logged: Logged) -> None:
    if _seq(logged, trace) is None:
        raise VerifyError("completeness.member")


def _seq(logged: Logged, trace: _Trace) -> int | None:
    place = _place(logged)
    seq = place.get("seq")
    if place.get("id") != trace.id or not is_number(seq) or not 1 <= int(str(seq)) <= trace.count:
        return None
    return int(str(seq))


def _place(logged: Logged) -> Mapping[str, Any]:
    place = (logged.payload or {}).get("trace")
    return place if isinstance(place, dict) else {}


def _refuse_repeated(numbers: Sequence[int]) -> None:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            raise VerifyError("completeness.duplicate", seq=number)
        seen.add(number)
