"""Meetings in the calendars of those who take part."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from cotutelle.availability.services import SpanData, publish_spans, withdraw_sources
from cotutelle.institutions.queries import time_zone_of
from cotutelle.rotations.models import Meeting, SeriesMember
from cotutelle.rotations.queries.weekly_rounds import source_of


def publish_meetings(meetings: Iterable[Meeting]) -> int:
    """Put meetings into the calendars of their members; returns how many entries changed."""
    rows = list(meetings)
    if not rows:
        return 0
    members: dict[int, list[int]] = {}
    for series, person in SeriesMember.objects.filter(
        series__in={row.series_id for row in rows}
    ).values_list("series", "person"):
        members.setdefault(series, []).append(person)
    zone = time_zone_of(rows[0].series.term.unit)
    spans = [
        SpanData(
            person_id=person,
            kind=f"rotations.{row.series.kind}",
            source=source_of(row),
            params={"name": {"zh": row.series.name_zh, "en": row.series.name_en}},
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            time_zone=zone,
            url=reverse("rotations:meeting", args=[row.public_id]),
        )
        for row in rows
        for person in members.get(row.series_id, ())
    ]
    return publish_spans(spans)


def withdraw_meetings(meetings: Iterable[Meeting]) -> int:
    """Call meetings off in all calendars; returns how many entries."""
    return withdraw_sources([source_of(row) for row in meetings])
