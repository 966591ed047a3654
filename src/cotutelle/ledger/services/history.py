"""Writing down what happened, inside the transaction in which it happened."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from cotutelle.core.clock import now
from cotutelle.engines.translog import canonical_json
from cotutelle.engines.translog.entries import PRIVATE_KINDS, PUBLIC_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Entry, EntryPayload, Pending
from cotutelle.ledger.services.asking import seal_soon
from cotutelle.people.models import Person

SYSTEM = None
"""The actor of what nobody did: a deadline that passed, a job."""

STATEMENT_MAX_BYTES = 16 * 1024
CLOSED = "wellbeing."
"""Subjects of the closed room: never sealed, not even as a hash."""
BATCH = 1_000
"""Rows a statement."""

Item = tuple[models.Model, dict[str, Any] | None, dict[str, Any] | None]
"""What an entry is about, and the values before and after."""


def record(
    action: str,
    *,
    actor: Person | None,
    subject: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    unit: Unit | None = None,
    on_behalf_of: Person | None = None,
    decision: bool = False,
    kind: LogKind | None = None,
    statement: dict[str, Any] | None = None,
) -> Entry:
    """
    Append an entry about ``subject``.

    Parameters
    ----------
    action
        Dotted, past tense, never translated: ``selection.round.published``. How people read
        it is registered in `cotutelle.ledger.actions`.
    before, after
        JSON values of what changed. No secrets; no psychological data.
    on_behalf_of
        Whom the actor stood in for (proxy entry, 代办).
    decision
        Marks what is sealed into the transparency log: it waits there from this transaction on.
    kind
        What the log says it is about; read off the action when not given.
    statement
        What anybody may read in the log itself: of keys, lists and institutions, never of people.

    Raises
    ------
    RuntimeError
        Outside a transaction: an entry could survive what was rolled back.
    ValueError
        ``decision``: about a subject of the closed room. ``statement``: not a decision's, missing
        or unwanted for its kind, too long, or not plain JSON.
    """
    (entry,) = _append(
        action,
        [(subject, before, after)],
        actor=actor,
        unit=unit,
        on_behalf_of=on_behalf_of,
        decision=decision,
        kind=kind,
        statement=statement,
    )
    return entry


def record_many(
    action: str,
    *,
    actor: Person | None,
    items: Sequence[Item],
    decision: bool = False,
    kind: LogKind | None = None,
) -> list[Entry]:
    """
    Append one entry per (subject, before, after) in a few statements, however many: as `record`.

    For imports, and for decisions about many people at once: each becomes an event of the trace
    of the person its subject concerns, whom the caller has loaded with it. Places in the traces
    follow the order of ``items``.

    Raises
    ------
    RuntimeError, ValueError
        As `record` does; nothing is written then.
    """
    return _append(action, items, actor=actor, decision=decision, kind=kind)


def _append(
    action: str,
    items: Sequence[Item],
    *,
    actor: Person | None,
    unit: Unit | None = None,
    on_behalf_of: Person | None = None,
    decision: bool,
    kind: LogKind | None,
    statement: dict[str, Any] | None = None,
) -> list[Entry]:
    """Write entries, payloads and what waits for the log; everything is checked before."""
    if not connection.in_atomic_block:
        raise RuntimeError("an entry outside a transaction could log what was rolled back")
    kind, statement = kind or _kind_of(action), _plain(statement)
    if decision and any(one._meta.label_lower.startswith(CLOSED) for one, _old, _new in items):
        raise ValueError("decision: nothing of the closed room enters the log")
    _refuse_statement(decision, kind, statement)
    moment = now()
    entries = Entry.objects.bulk_create(
        [
            Entry(
                subject_type=subject._meta.label_lower,
                subject_id=subject.pk,
                unit=unit or _owner_of(subject),
                actor=actor,
                on_behalf_of=on_behalf_of,
                action=action,
                person=getattr(subject, "concerns", None) if decision else None,
                decision=decision,
                at=moment,
            )
            for subject, _before, _after in items
        ],
        batch_size=BATCH,
    )
    EntryPayload.objects.bulk_create(
        [
            EntryPayload(
                entry=entry,
                salt=secrets.token_bytes(32),
                before=_plain(before),
                after=_plain(after),
            )
            for entry, (_subject, before, after) in zip(entries, items, strict=True)
        ],
        batch_size=BATCH,
    )
    if decision and entries:
        Pending.objects.bulk_create(
            [Pending(entry=entry, kind=kind, statement=statement) for entry in entries],
            batch_size=BATCH,
        )
        seal_soon()
    return entries


def _owner_of(subject: models.Model) -> Unit | None:
    owner = getattr(subject, "owning_unit", None) or getattr(subject, "unit", None)
    return owner if isinstance(owner, Unit) else None


def _refuse_statement(decision: bool, kind: LogKind, statement: Any) -> None:
    """Refuse here what could have no place in the log later, when nobody can be told."""
    if statement is None:
        if decision and kind in PUBLIC_KINDS:
            raise ValueError(f"statement: an entry of kind {kind} says something")
        return
    if not decision or kind in PRIVATE_KINDS:
        raise ValueError("statement: only public kinds of decisions say something")
    if len(canonical_json(statement)) > STATEMENT_MAX_BYTES:
        raise ValueError(f"statement: more than {STATEMENT_MAX_BYTES} bytes")


def _kind_of(action: str) -> LogKind:
    """Return the coarse kind under which a decision appears in the log."""
    return LogKind.AGREEMENT if action.startswith("agreements.") else LogKind.DECISION


def _plain(value: dict[str, Any] | None) -> Any:
    """Turn dates, UUIDs and decimals into JSON text."""
    if value is None:
        return None
    import json  # noqa: PLC0415

    return json.loads(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False))


def destroy_payloads(subject: models.Model) -> int:
    """
    Destroy the values kept about ``subject``; return how many entries lost theirs.

    The entries remain: that something happened, when and by whom is no secret of the person.
    """
    gone, _by_model = EntryPayload.objects.filter(
        entry__subject_type=subject._meta.label_lower, entry__subject_id=subject.pk
    ).delete()
    return gone
