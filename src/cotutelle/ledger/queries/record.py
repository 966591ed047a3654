"""A person's record: the decisions about them, each with its place in the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from cotutelle.institutions.models import Unit
from cotutelle.ledger.access import may_read_trace
from cotutelle.ledger.actions import label, private
from cotutelle.ledger.models import Entry, Leaf
from cotutelle.ledger.queries.history import Change, describe, names_within, visible_to
from cotutelle.ledger.queries.standing import Institutions, Place, heads, place_of
from cotutelle.people.models import Person


@dataclass(frozen=True, slots=True)
class Event:
    """
    One decision about a person, in words.

    ``is_erased`` says that its values are gone for good: a tombstone with its place remains.
    """

    entry: Entry
    leaf: Leaf | None
    words: str
    when: dt.datetime
    institution: Unit | None
    place: Place
    is_erased: bool
    changes: tuple[Change, ...]

    @property
    def seq(self) -> int | None:
        """The number within the person's record; nothing while it waits."""
        return self.leaf.seq if self.leaf else None


def record_of(person: Person, *, reader: Person) -> QuerySet[Entry]:
    """Return the decisions about ``person``; others than themselves do not see private ones."""
    rows = Entry.objects.filter(person=person, decision=True)
    if reader != person:
        rows = rows.exclude(action__in=private())
    return rows.select_related("actor", "on_behalf_of", "unit", "payload", "leaf__shard", "pending")


class Teller:
    """Puts entries into words; reads once what all of them need (five queries)."""

    def __init__(self) -> None:
        self._reached = heads()
        self._institutions = Institutions()

    def event(self, entry: Entry, names: Mapping[str, str] | None = None) -> Event:
        """Return ``entry``, as `record_of` reads it, in words; ``names`` as for `describe`."""
        leaf = getattr(entry, "leaf", None)
        return Event(
            entry=entry,
            leaf=leaf,
            words=label(entry.action),
            when=entry.at,
            institution=self._institutions.of(entry.unit),
            place=place_of(leaf, self._reached),
            is_erased=is_erased(entry, leaf),
            changes=describe(entry, names).changes,
        )


def events(entries: Iterable[Entry]) -> list[Event]:
    """Put ``entries`` into words, each with how well it is kept."""
    teller, shown = Teller(), list(entries)
    names = names_within(shown)
    return [teller.event(entry, names) for entry in shown]


def is_erased(entry: Entry, leaf: Leaf | None) -> bool:
    """Tell whether nobody can say any more what ``entry`` was, though its place remains."""
    if leaf is not None and leaf.statement is not None:
        return False
    kept = getattr(entry, "payload", None)
    return kept is None or (leaf is not None and not kept.committed)


def may_read_payload(actor: object, entry: Entry) -> bool:
    """Tell whether ``actor`` may see what an entry of the log was made of, and take it along."""
    if not isinstance(actor, Person):
        return False
    if entry.person_id is not None:
        if entry.person_id == actor.pk:
            return True
        if entry.action not in private() and may_read_trace(actor, entry.person):
            return True
    return visible_to(actor).filter(pk=entry.pk).exists()
