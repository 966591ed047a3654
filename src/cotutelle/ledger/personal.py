"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from cotutelle.ledger.models import EntryPayload
from cotutelle.ledger.queries.evidence import disclosed, entry_json
from cotutelle.ledger.queries.traces import trace_of, trace_summary
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import GONE, rows_mentioning, words_of
from cotutelle.people.models import Person

LONG = 4


def export_trace(person: Person) -> dict[str, Any]:
    """Return every decision about the person with what is needed to prove it later."""
    events = []
    for event in trace_of(person):
        leaf = getattr(event.entry, "leaf", None)
        kept = disclosed(leaf) if leaf else None
        events.append(
            {
                "seq": event.seq,
                "at": event.entry.at,
                "action": event.entry.action,
                "origin": event.origin,
                "index": event.index,
                "entry": entry_json(leaf) if leaf else None,
                "payload": kept[0] if kept else None,
                "salt": kept[1] if kept else None,
            }
        )
    return {**trace_summary(person), "events": events}


def erase_trace(person: Person) -> None:
    """
    Destroy what was decided about the person, and the salts without which nobody can guess it.

    The leaves stay: they say that an institution decided something on a day, and prove what
    others hold. Where others' decisions name the person, the name goes; what was committed to
    cannot be shown any more then, since its text held the name.
    """
    EntryPayload.objects.filter(entry__person=person).delete()
    words = words_of(person)
    named = Q(pk__in=())
    for column in ("before", "after"):
        named |= Q(pk__in=rows_mentioning(EntryPayload.objects.all(), column, words).values("pk"))
    for row in EntryPayload.objects.select_for_update().filter(named).order_by("pk"):
        before, after = _without(row.before, words), _without(row.after, words)
        if (before, after) != (row.before, row.after):
            row.before, row.after, row.committed, row.salt = before, after, "", b""
            row.save(update_fields=["before", "after", "committed", "salt"])


def _without(value: Any, words: frozenset[str]) -> Any:
    """Return JSON with every text emptied that is one of ``words``, or holds a long one."""
    if isinstance(value, dict):
        return {key: _without(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_without(one, words) for one in value]
    if not isinstance(value, str):
        return value
    # A name of two signs is part of other people's names too: it goes only where it stands alone.
    held = any(word == value or (len(word) >= LONG and word in value) for word in words)
    return GONE if held else value


register_exporter("log", export_trace)
register_eraser("log", erase_trace)
