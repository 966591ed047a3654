"""
Giving decisions their place in the log.

A decision waits from the transaction in which it was taken. Here, one batch after the other, each
in one transaction, what waits gets the next index of the open tree and the next place in the
trace of the person it concerns. The row of the tree is locked meanwhile, so places are given out
one after the other and without gaps, by however many processes.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cotutelle.engines.translog import (
    PUBLIC_SALT,
    canonical_json,
    commitment,
    entry_bytes,
    leaf_hash,
)
from cotutelle.ledger.enums import ShardState
from cotutelle.ledger.models import Entry, EntryPayload, Leaf, Pending, Shard, Trace
from cotutelle.ledger.services.committing import (
    Issuer,
    Issuers,
    Place,
    day_of,
    payload_of,
    subject_ids,
)

BATCH = 256


def sequence() -> int:
    """
    Give every decision that waits a place; return how many.

    Nothing happens before the log is set up, nor while it is blocked: they wait on.
    """
    total = 0
    while placed := sequence_batch():
        total += placed
        if placed < BATCH:
            break
    return total


def sequence_batch() -> int:
    """
    Give at most ``BATCH`` decisions a place, in the order in which they were written.

    New traces are made before, on their own: a reference to a person is checked at the commit, and
    waiting then for somebody who erases that person, while holding what they need, would be a
    deadlock.
    """
    waiting = list(Pending.objects.order_by("id").values_list("id", "entry__person_id")[:BATCH])
    people = {person for _key, person in waiting if person is not None}
    Trace.objects.bulk_create(
        [Trace(person_id=key) for key in sorted(people)], ignore_conflicts=True
    )
    with transaction.atomic():
        shard = Shard.objects.select_for_update().filter(state=ShardState.OPEN, blocked="").first()
        if shard is None:
            return 0
        rows = _waiting().filter(pk__in=[key for key, _person in waiting]).order_by("id")
        return len(place_entries(shard, list(rows)))


def _waiting() -> QuerySet[Pending]:
    return Pending.objects.select_related(
        "entry__unit", "entry__actor", "entry__on_behalf_of", "entry__person"
    )


def place_entries(shard: Shard, waiting: Sequence[Pending]) -> list[Leaf]:
    """
    Make leaves of ``waiting``, whose tree the caller has locked; they wait no more.

    What is being erased at this moment is left for the next batch: waiting for it while holding
    other payloads could make two transactions wait for each other. So is all that came after it:
    a certificate never follows the end of its key, nor an event of a person a later one.
    """
    traces = _locked_traces([row.entry for row in waiting])
    payloads, busy = _locked_payloads([row.entry for row in waiting])
    waiting = list(itertools.takewhile(lambda row: row.entry_id not in busy, waiting))
    entries = [row.entry for row in waiting]
    issuers, subjects = Issuers(shard.authority), subject_ids(entries)
    leaves = [
        _leaf(
            row,
            shard=shard,
            index=shard.size + n,
            issuer=issuers.of(row.entry),
            subject_id=subjects.get((row.entry.subject_type, row.entry.subject_id), ""),
            payload=payloads.get(row.entry_id),
            trace=traces.get(row.entry.person_id or 0),
        )
        for n, row in enumerate(waiting)
    ]
    made = Leaf.objects.bulk_create(leaves)
    EntryPayload.objects.bulk_update(payloads.values(), ["committed", "salt"])
    Trace.objects.bulk_update(traces.values(), ["count", "head"])
    Pending.objects.filter(pk__in=[row.pk for row in waiting]).delete()
    shard.size += len(leaves)
    shard.save(update_fields=["size"])
    return made


def _locked_traces(entries: Sequence[Entry]) -> dict[int, Trace]:
    people = {e.person_id for e in entries if e.person_id is not None}
    rows = Trace.objects.select_for_update().filter(person_id__in=people).order_by("id")
    return {row.person_id: row for row in rows}


def _locked_payloads(entries: Sequence[Entry]) -> tuple[dict[int, EntryPayload], set[int]]:
    """Return the payloads by entry, and the entries whose payload somebody else holds."""
    rows = EntryPayload.objects.filter(entry__in=entries)
    locked = {one.entry_id: one for one in rows.select_for_update(skip_locked=True)}
    return locked, set(rows.values_list("entry_id", flat=True)) - locked.keys()


def _leaf(
    row: Pending,
    *,
    shard: Shard,
    index: int,
    issuer: Issuer,
    subject_id: str,
    payload: EntryPayload | None,
    trace: Trace | None,
) -> Leaf:
    entry = row.entry
    place = None
    if trace is not None and row.statement is None:
        place = Place(str(trace.public_id), trace.count + 1, trace.head)
    if row.statement is not None:
        sealed = _seal(payload, row.statement, PUBLIC_SALT)
    elif payload is None:
        # Erased while it waited: nobody will ever know what stood here, and nobody needs to.
        sealed = secrets.token_hex(32)
    else:
        content = payload_of(entry, payload, issuer=issuer, subject_id=subject_id, place=place)
        sealed = _seal(payload, content, bytes(payload.salt))
    if place is not None and trace is not None:
        trace.count, trace.head = place.seq, sealed
    day = day_of(entry, issuer)
    data = entry_bytes(issuer.name, row.kind, day.isoformat(), sealed, row.statement)
    return Leaf(
        shard=shard,
        index=index,
        entry=entry,
        issuer=issuer.name,
        kind=row.kind,
        day=day,
        commitment=sealed,
        statement=row.statement,
        hash=leaf_hash(data),
        trace=trace if place else None,
        seq=place.seq if place else None,
        prev=place.prev if place else "",
    )


def _seal(payload: EntryPayload | None, content: Mapping[str, Any], salt: bytes) -> str:
    """Keep the exact text that is committed to beside the salt; return the commitment."""
    if payload is not None:
        payload.salt = salt
        payload.committed = canonical_json(content).decode()
    return commitment(content, salt)
