"""What exactly is committed to: the payload of an entry as canonical JSON, and its public part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import institution_of, time_zone_of
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.ledger.queries.log import issuer_name

VERSION = 1
_EXACT = 2**53 - 1  # the largest whole number that JSON carries everywhere


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in a person's trace, before it is committed to."""

    trace: str
    seq: int
    prev: str


@dataclass(frozen=True, slots=True)
class Issuer:
    """An institution in the log, and the zone in which its days begin."""

    name: str
    zone: str


@dataclass(slots=True)
class Issuers:
    """Institutions by unit, each looked up once."""

    authority: str
    _known: dict[int | None, Issuer] = field(default_factory=dict)

    def of(self, entry: Entry) -> Issuer:
        """Return in whose name ``entry`` is logged; the consortium where it has no unit."""
        if entry.unit_id not in self._known:
            home = institution_of(entry.unit) if entry.unit else Unit.objects.get(parent=None)
            name = issuer_name(home, self.authority)
            self._known[entry.unit_id] = Issuer(name, time_zone_of(home))
        return self._known[entry.unit_id]


def day_of(entry: Entry, issuer: Issuer) -> dt.date:
    """Return the day of ``entry`` where its institution is."""
    return entry.at.astimezone(ZoneInfo(issuer.zone)).date()


def subject_ids(entries: Iterable[Entry]) -> dict[tuple[str, int], str]:
    """Return the public identifiers of what ``entries`` are about, where there are any."""
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        wanted.setdefault(entry.subject_type, set()).add(entry.subject_id)
    found = {}
    for label, keys in wanted.items():
        try:
            model = apps.get_model(label)
            model._meta.get_field("public_id")
        except (LookupError, FieldDoesNotExist):
            continue
        rows = model._default_manager.filter(pk__in=keys)  # noqa: SLF001 - Django's own name
        pairs = rows.values_list("pk", "public_id")
        found.update({(label, key): str(public) for key, public in pairs})
    return found


def payload_of(
    entry: Entry,
    payload: EntryPayload,
    *,
    issuer: Issuer,
    subject_id: str,
    place: Place | None,
) -> dict[str, Any]:
    """
    Return what is committed to: the decision with its values and its place in the trace.

    Parameters
    ----------
    entry, payload
        ``entry`` with ``actor`` and ``on_behalf_of`` at hand.
    issuer
        In whose name.
    subject_id
        Public identifier of the subject, "" where it has none.
    place
        ``None`` where the decision concerns nobody in particular.
    """
    return {
        "v": VERSION,
        "action": entry.action,
        "at": moment(entry.at),
        "issuer": issuer.name,
        "subject": {"type": entry.subject_type, "id": subject_id},
        "actor": _actor(entry),
        "before": exact(payload.before),
        "after": exact(payload.after),
        "trace": place and {"id": place.trace, "seq": place.seq, "prev": place.prev or None},
    }


def moment(at: dt.datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact(value: Any) -> Any:
    """Return the JSON ``value`` with whole numbers that JSON cannot carry exactly as text."""
    if isinstance(value, Mapping):
        return {str(key): exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [exact(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value)
    return value


def _actor(entry: Entry) -> dict[str, Any] | None:
    """Name who acted by identifier alone: a name would have to go when that person is erased."""
    if entry.actor is None:
        return None
    principal = entry.on_behalf_of
    return {
        "id": str(entry.actor.public_id),
        "on_behalf_of": str(principal.public_id) if principal else None,
    }
