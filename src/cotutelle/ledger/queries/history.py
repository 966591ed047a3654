"""Reading what happened, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below
from cotutelle.ledger.actions import (
    field_label,
    in_order,
    label,
    names_in,
    private,
    value_text,
)
from cotutelle.ledger.models import Entry
from cotutelle.ledger.rules import READERS
from cotutelle.people.models import Person

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after, in words."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as people read it; ``tombstone`` stands for values that were erased."""

    when: dt.datetime
    who: str
    text: str
    proxy: bool
    changes: tuple[Change, ...]
    entry: Entry
    tombstone: str = ""


def visible_to(actor: Person) -> QuerySet[Entry]:
    """
    Return entries about units at or below those that ``actor`` administers or inspects.

    What is private of one person is not among them.
    """
    found = Q(pk__in=())
    for grant in actor.active_grants:
        if grant.role in READERS:
            found |= Q(unit__path__startswith=grant.unit.path)
            if grant.unit.parent_id is None:
                found |= Q(unit__isnull=True)
    return _with_names(Entry.objects.filter(found).exclude(action__in=private()))


def units_read_by(actor: Person) -> QuerySet[Unit]:
    """Return the units whose history ``actor`` reads."""
    return at_or_below([g.unit for g in actor.active_grants if g.role in READERS])


def entries_about(subject: Model) -> QuerySet[Entry]:
    """Return the entries of one subject, newest first, less what is private of other rooms."""
    meta = subject._meta
    rows = Entry.objects.filter(subject_type=meta.label_lower, subject_id=subject.pk)
    return _with_names(rows.exclude(action__in=private(meta.app_label))).order_by("-id")


def history_of(subject: Model, *, limit: int = SHOWN) -> list[Line]:
    """Return what happened to ``subject`` in words, newest first: for a History tab."""
    return lines(entries_about(subject)[:limit])


def lines(entries: Iterable[Entry]) -> list[Line]:
    """Put ``entries`` into words in the active language."""
    shown = list(entries)
    names = names_within(shown)
    return [describe(entry, names) for entry in shown]


def names_within(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the names that ``entries`` hold as identifiers, with a query for each kind."""
    return names_in(
        (entry.subject_type, values or {})
        for entry in entries
        if (payload := getattr(entry, "payload", None)) is not None
        for values in (payload.before, payload.after)
    )


def describe(entry: Entry, names: Mapping[str, str] | None = None) -> Line:
    """
    Put one entry into words; an erased payload leaves who, what and when.

    ``names`` are those `names_within` a list of entries; looked up when not given.
    """
    return Line(
        when=entry.at,
        who=_who(entry),
        text=label(entry.action),
        proxy=entry.on_behalf_of_id is not None,
        changes=_changes(entry, names_within([entry]) if names is None else names),
        entry=entry,
        tombstone=_tombstone(entry),
    )


def _with_names(rows: QuerySet[Entry]) -> QuerySet[Entry]:
    return rows.select_related("actor", "on_behalf_of", "unit", "payload", "leaf")


def _who(entry: Entry) -> str:
    actor = entry.actor.display_name if entry.actor else _("The system")
    if entry.on_behalf_of is None:
        return actor
    return _("%(actor)s on behalf of %(principal)s") % {
        "actor": actor,
        "principal": entry.on_behalf_of.display_name,
    }


def _tombstone(entry: Entry) -> str:
    """Return what remains to be said where the values are gone; empty where they are kept."""
    if getattr(entry, "payload", None) is not None:
        return ""
    leaf = getattr(entry, "leaf", None)
    if leaf is None:
        return _("Erased: tombstone")
    return _("Erased: tombstone, no. %(index)d of the log") % {"index": leaf.index}


def _changes(entry: Entry, names: Mapping[str, str]) -> tuple[Change, ...]:
    payload = getattr(entry, "payload", None)
    if payload is None:
        return ()
    before, after = payload.before or {}, payload.after or {}
    kind = entry.subject_type
    return tuple(
        Change(field_label(kind, name), old, new)
        for name in in_order(kind, [*before, *after])
        if (old := value_text(kind, name, before.get(name), names))
        != (new := value_text(kind, name, after.get(name), names))
    )
