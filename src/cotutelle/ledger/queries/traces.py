"""The decisions about one person, in the order of the log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Q

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import institution_of
from cotutelle.ledger.actions import label
from cotutelle.ledger.models import Entry, EntryPayload, Leaf, Trace
from cotutelle.ledger.queries.log import published_checkpoint
from cotutelle.people.models import Person

State = Literal["waiting", "logged", "published"]


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """
    One decision about a person.

    ``seq`` and ``index`` are ``None`` while it waits. ``erased``: what was decided is no longer
    kept, only that something was.
    """

    entry: Entry
    seq: int | None
    index: int | None
    origin: str
    shard: int | None
    state: State
    erased: bool
    text: str
    day: dt.date
    institution: Unit | None


def trace_of(person: Person) -> list[TraceEvent]:
    """Return the decisions about ``person``, in the order of their trace, waiting ones last."""
    rows = (
        Entry.objects.filter(person=person, decision=True)
        .filter(Q(leaf__isnull=True) | Q(leaf__trace__isnull=False))
        .select_related("unit", "actor", "on_behalf_of", "leaf__shard", "payload")
    )
    institutions: dict[int | None, Unit | None] = {None: None}
    sizes: dict[int, int] = {}
    events = [_event(entry, institutions, sizes) for entry in rows]
    return sorted(events, key=lambda e: (e.seq is None, e.seq or 0, e.entry.pk))


def trace_summary(person: Person) -> dict[str, Any]:
    """Return the identifier of a person's trace, how many events it has, and the last commitment."""
    trace, _made = Trace.objects.get_or_create(person=person)
    return {"id": str(trace.public_id), "count": trace.count, "head": trace.head or None}


def _event(
    entry: Entry, institutions: dict[int | None, Unit | None], sizes: dict[int, int]
) -> TraceEvent:
    if entry.unit_id not in institutions:
        institutions[entry.unit_id] = institution_of(entry.unit) if entry.unit else None
    leaf: Leaf | None = getattr(entry, "leaf", None)
    kept: EntryPayload | None = getattr(entry, "payload", None)
    gone = kept is None or (leaf is not None and not kept.committed)
    return TraceEvent(
        entry=entry,
        seq=leaf.seq if leaf else None,
        index=leaf.index if leaf else None,
        origin=leaf.shard.origin if leaf else "",
        shard=leaf.shard.number if leaf else None,
        state=_state(leaf, sizes),
        erased=gone and (leaf is None or leaf.statement is None),
        text=label(entry.action),
        day=leaf.day if leaf else entry.at.date(),
        institution=institutions[entry.unit_id],
    )


def _state(leaf: Leaf | None, sizes: dict[int, int]) -> State:
    if leaf is None:
        return "waiting"
    if leaf.shard_id not in sizes:
        head = published_checkpoint(leaf.shard)
        sizes[leaf.shard_id] = head.size if head else 0
    return "published" if leaf.index < sizes[leaf.shard_id] else "logged"
