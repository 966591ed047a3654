"""Who reads the history of a thing: nobody, until its room says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cotutelle.core.access import why_not

MayRead = Callable[[Any, Any], bool]

_readers: dict[str, MayRead] = {}


def register(subject_type: str, may_read: MayRead) -> None:
    """Let ``may_read(actor, subject)`` decide for subjects of ``<app>.<model>``."""
    _readers[subject_type.lower()] = may_read


def by_permission(permission: str) -> MayRead:
    """Return a decision that asks ``permission`` on the subject."""

    def may_read(actor: Any, subject: Any) -> bool:
        return why_not(actor, permission, subject) is None

    return may_read


def may_read_history(actor: Any, subject: Any) -> bool:
    """Tell whether ``actor`` may read what happened to ``subject``."""
    may_read = _readers.get(subject._meta.label_lower)
    return may_read is not None and may_read(actor, subject)


TraceReader = Callable[[Any, Any], bool]

_trace_readers: list[TraceReader] = []


def register_trace_reader(may_read: TraceReader) -> None:
    """Let ``may_read(actor, person)`` open what the log holds about ``person``."""
    _trace_readers.append(may_read)


def may_read_trace(actor: Any, person: Any) -> bool:
    """Tell whether a room lets ``actor`` read what the log holds about ``person``."""
    return any(may_read(actor, person) for may_read in _trace_readers)
