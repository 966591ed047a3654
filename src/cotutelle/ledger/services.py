"""Writing down what happened, inside the transaction in which it happened."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from cotutelle.core.clock import now
from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.people.models import Person

SYSTEM = None
"""The actor of what nobody did: a deadline that passed, a job."""


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
        Marks what is later sealed into the transparency log.

    Raises
    ------
    RuntimeError
        Outside a transaction: an entry could survive what was rolled back.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() outside a transaction could log what was rolled back")
    owner = unit or getattr(subject, "owning_unit", None) or getattr(subject, "unit", None)
    entry = Entry.objects.create(
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        unit=owner if isinstance(owner, Unit) else None,
        actor=actor,
        on_behalf_of=on_behalf_of,
        action=action,
        decision=decision,
        at=now(),
    )
    EntryPayload.objects.create(
        entry=entry, salt=secrets.token_bytes(32), before=_plain(before), after=_plain(after)
    )
    return entry


def _plain(value: dict[str, Any] | None) -> Any:
    """Turn dates, UUIDs and decimals into JSON text."""
    if value is None:
        return None
    import json  # noqa: PLC0415

    return json.loads(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False))
