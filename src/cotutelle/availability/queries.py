"""Reading who is busy when."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from django.db.models import QuerySet

from cotutelle.availability.enums import SpanState
from cotutelle.availability.models import Feed, Span
from cotutelle.people.models import Person

# A calendar that was away for so long has to be told of what was called off meanwhile.
PAST = dt.timedelta(days=60)


def spans_of(
    person: Person | Iterable[Person], start: dt.datetime, end: dt.datetime
) -> QuerySet[Span]:
    """Return the confirmed spans of a person, or of several, that touch ``start`` to ``end``."""
    people = [person] if isinstance(person, Person) else list(person)
    return Span.objects.filter(
        person__in=people, state=SpanState.CONFIRMED, starts_at__lt=end, ends_at__gt=start
    ).order_by("starts_at", "id")


def spans_for_calendar(person: Person, moment: dt.datetime) -> QuerySet[Span]:
    """Return what a calendar is told of: from 60 days ago on, with what was called off."""
    return Span.objects.filter(person=person, ends_at__gt=moment - PAST).order_by("starts_at", "id")


def feed_by_token(token: str) -> Feed | None:
    """Return the live calendar address with this token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return (
        Feed.objects.select_related("person")
        .filter(token_sha256=digest, revoked_at__isnull=True, person__is_active=True)
        .first()
    )


def feeds_of(person: Person) -> QuerySet[Feed]:
    """Return the calendar addresses of a person that still work, newest first."""
    return Feed.objects.filter(person=person, revoked_at__isnull=True).order_by("-id")
