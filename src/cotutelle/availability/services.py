"""Publishing when people are busy, and the calendar addresses that carry it outside."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cotutelle.availability.enums import SpanState
from cotutelle.availability.kinds import check_kind
from cotutelle.availability.models import Feed, Span
from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

MOST_FEEDS = 10
_READ_EVERY = dt.timedelta(hours=1)
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class SpanData:
    """
    A span to publish: `availability.models.Span` without what calendars need.

    ``starts_at`` and ``ends_at`` are aware; ``source`` names the thing it comes from and is
    unique for the person.
    """

    person_id: int
    kind: str
    source: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    params: Mapping[str, Any] = field(default_factory=dict)
    is_all_day: bool = False
    time_zone: str = "Asia/Shanghai"
    url: str = ""


def publish_span(person: Person, **data: Any) -> None:
    """Publish one span of ``person``; see `SpanData` for the rest."""
    publish_spans([SpanData(person_id=person.pk, **data)])


@transaction.atomic
def publish_spans(spans: Sequence[SpanData]) -> int:
    """
    Insert spans, or bring those of the same person and source up to date.

    A span that changed keeps its uid and counts its sequence up, so that calendars move it; one
    that did not change is left alone. Returns how many were new or changed.

    Raises
    ------
    ValueError
        A kind is not registered, its words need a parameter, or a span ends before it starts.
    """
    for span in spans:
        check_kind(span.kind, span.params)
        if span.ends_at <= span.starts_at:
            raise ValueError(f"spans: {span.source} ends before it starts")
    wanted = {(span.person_id, span.source): span for span in spans}
    people = {person for person, _source in wanted}
    sources = {source for _person, source in wanted}
    there = {
        (row.person_id, row.source): row
        for row in Span.objects.select_for_update().filter(person_id__in=people, source__in=sources)
    }
    moment = now()
    new = [_filled(Span(), span, moment) for key, span in wanted.items() if key not in there]
    changed = [
        _filled(there[key], span, moment)
        for key, span in wanted.items()
        if key in there and not _same(there[key], span)
    ]
    for row in changed:
        row.sequence += 1
    Span.objects.bulk_create(new, batch_size=_BATCH)
    Span.objects.bulk_update(
        changed, [*_FIELDS, "state", "sequence", "changed_at"], batch_size=_BATCH
    )
    return len(new) + len(changed)


_FIELDS = ["kind", "params", "starts_at", "ends_at", "is_all_day", "time_zone", "url"]


def _filled(row: Span, span: SpanData, moment: dt.datetime) -> Span:
    row.person_id, row.source = span.person_id, span.source
    for name in _FIELDS:
        setattr(row, name, getattr(span, name))
    row.params = dict(span.params)
    row.state, row.changed_at = SpanState.CONFIRMED, moment
    return row


def _same(row: Span, span: SpanData) -> bool:
    return row.state == SpanState.CONFIRMED and all(
        getattr(row, name) == getattr(span, name) for name in _FIELDS
    )


def withdraw_sources(sources: Sequence[str], *, person: Person | None = None) -> int:
    """Call off the spans of these sources (of one person, or of all); returns how many."""
    rows = Span.objects.filter(source__in=sources, state=SpanState.CONFIRMED)
    if person is not None:
        rows = rows.filter(person=person)
    return rows.update(state=SpanState.CANCELLED, sequence=F("sequence") + 1, changed_at=now())


@transaction.atomic
def create_feed(person: Person, name: str, *, language: str, actor: Person) -> tuple[Feed, str]:
    """
    Create a calendar address; return it with its token, which is shown once and not kept.

    Refuses: ``feed.too_many``.
    """
    check(actor, "availability.manage_feeds", person)
    if Feed.objects.filter(person=person, revoked_at__isnull=True).count() >= MOST_FEEDS:
        raise RuleViolation(
            "feed.too_many",
            _("You have %(n)d calendar addresses. Revoke one you no longer use.")
            % {"n": MOST_FEEDS},
        )
    token = secrets.token_urlsafe(32)
    feed = Feed.objects.create(
        person=person,
        name=name.strip()[:60],
        token_sha256=hashlib.sha256(token.encode()).hexdigest(),
        language=language,
        created_at=now(),
    )
    record(
        "availability.feed.created",
        actor=actor,
        subject=person,
        after={"feed": str(feed.public_id)},
    )
    return feed, token


@transaction.atomic
def revoke_feed(feed: Feed, *, actor: Person) -> None:
    """Make a calendar address worthless at once. Refuses: ``feed.revoked``."""
    check(actor, "availability.manage_feeds", feed)
    live = Feed.objects.filter(pk=feed.pk, revoked_at__isnull=True)
    if not live.update(revoked_at=now()):
        raise RuleViolation("feed.revoked", _("This calendar address is revoked already."))
    record(
        "availability.feed.revoked",
        actor=actor,
        subject=feed.person,
        before={"feed": str(feed.public_id)},
    )


def note_reading(feed: Feed) -> None:
    """Keep when a calendar was last read, to the hour."""
    moment = now()
    if feed.read_at is None or feed.read_at < moment - _READ_EVERY:
        Feed.objects.filter(pk=feed.pk).update(read_at=moment)
