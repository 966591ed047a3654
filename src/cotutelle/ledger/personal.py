"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q

from cotutelle.ledger.models import EntryPayload, Trace
from cotutelle.ledger.queries.evidence import disclosed, entry_json
from cotutelle.ledger.queries.record import record_of
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import GONE, rows_mentioning, words_of
from cotutelle.people.models import Person

LONG, LONG_NAME = 4, 3  # of Latin letters or digits; of Chinese characters


def export_trace(person: Person) -> dict[str, Any]:
    """Return every decision about the person with what is needed to prove it later."""
    events = []
    for entry in record_of(person, reader=person).order_by("pk"):
        leaf = getattr(entry, "leaf", None)
        kept = disclosed(leaf) if leaf else None
        events.append(
            {
                "seq": leaf.seq if leaf else None,
                "at": entry.at,
                "action": entry.action,
                "origin": leaf.shard.origin if leaf else "",
                "index": leaf.index if leaf else None,
                "entry": entry_json(leaf) if leaf else None,
                "payload": kept[0] if kept else None,
                "salt": kept[1] if kept else None,
            }
        )
    trace = Trace.objects.filter(person=person).first()
    return {
        "id": str(trace.public_id) if trace else None,
        "count": trace.count if trace else 0,
        "head": trace.head if trace else "",
        "events": events,
    }


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
        if (before, after) == (row.before, row.after):
            continue
        row.before, row.after = before, after
        if row.committed:  # what still waits commits to the text without the name, with its salt
            row.committed, row.salt = "", b""
        row.save(update_fields=["before", "after", "committed", "salt"])


def _without(value: Any, words: frozenset[str]) -> Any:
    """
    Return JSON with every text emptied that is one of ``words``, or holds a long one.

    A short name is part of other people's names too: it goes only where it stands alone.
    """
    if isinstance(value, dict):
        return {key: _without(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_without(one, words) for one in value]
    if not isinstance(value, str):
        return value
    return GONE if any(word == value or _holds(value, word) for word in words) else value


def _holds(text: str, word: str) -> bool:
    """
    Tell whether a long ``word`` stands in ``text``; letters and digits only as a word of their own.

    A staff number of four digits is part of many dates, identifiers and hashes: emptying those
    would take away what others prove with them.
    """
    if not word.isascii():
        return len(word) >= LONG_NAME and word in text
    apart = rf"(?<![0-9A-Za-z-]){re.escape(word)}(?![0-9A-Za-z-])"
    return len(word) >= LONG and re.search(apart, text) is not None


register_exporter("log", export_trace)
register_eraser("log", erase_trace)
