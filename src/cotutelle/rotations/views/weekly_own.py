"""One's own week: what is when, and what waits to be recorded."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cotutelle.availability.kinds import title_of
from cotutelle.availability.queries import spans_of
from cotutelle.core.access import requires
from cotutelle.core.clock import now
from cotutelle.people.enums import Role
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.enums import MeetingState, SeriesKind
from cotutelle.rotations.queries import weekly as queries
from cotutelle.rotations.rules.weekly import MENTOR_ROLES
from cotutelle.rotations.views.weekly_common import MEETING_KINDS, asked_day, round_tabs

_NOON, _EVENING = 12, 18
_LAST = 6


@requires("rotations.keep_own_week")
@require_safe
def my_week(request: HttpRequest) -> HttpResponse:
    """Joint rounds, research half-days, wards and everything else of one week."""
    actor = actor_of(request)
    today = timezone.localdate(now())
    monday = asked_day(request, today)
    zone = timezone.get_current_timezone()
    first = dt.datetime.combine(monday, dt.time(), zone)
    spans = list(spans_of(actor, first, first + dt.timedelta(days=7)))
    short = [_entry(span) for span in spans if not span.is_all_day]
    days = [monday + dt.timedelta(days=n) for n in range(7)]
    while len(days) > _LAST - 1 and not any(e["day"] == days[-1] for e in short):
        days.pop()
    rounds = queries.meetings_visible_to(actor).filter(
        series__kind=SeriesKind.JOINT_ROUND, series__members__person=actor
    )
    to_record = rounds.filter(
        state__in=queries.PLACED,
        ends_at__lt=now(),
        series__members__in=actor.series_places.filter(role__in=MENTOR_ROLES),
    ).distinct()
    year_ago = today - dt.timedelta(days=365)
    context = {
        "days": [(day, [e for e in short if e["day"] == day]) for day in days],
        "parts": _parts(days, short),
        "all_day": [_entry(span) for span in spans if span.is_all_day],
        "monday": monday,
        "sunday": monday + dt.timedelta(days=6),
        "earlier": monday - dt.timedelta(days=7),
        "later": monday + dt.timedelta(days=7),
        "today": today,
        "terms": queries.terms_of(actor),
        "next": [
            (m, MEETING_KINDS[m.state], MeetingState(m.state).label)
            for m in rounds.filter(starts_at__gt=now()).exclude(state="cancelled")[:3]
        ],
        "to_record": to_record[:5],
        "is_mentor": Role.MENTOR in actor.roles,
        "held": queries.joint_rounds_of(actor, year_ago, today).count(),
        "tab_items": round_tabs(request, "week"),
    }
    return render(request, "rotations/weekly/my_week.html", context)


def _entry(span: Any) -> dict[str, Any]:
    starts = timezone.localtime(span.starts_at)
    return {
        "title": title_of(span.kind, span.params),
        "kind": span.kind.partition(".")[2],
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "day": starts.date(),
        "part": 0 if starts.hour < _NOON else 1 if starts.hour < _EVENING else 2,
        "url": span.url,
    }


def _parts(days: list[dt.date], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return morning, afternoon and (where there is anything) evening, over the days."""
    lines = []
    for part in range(3):
        cells = [[e for e in entries if e["day"] == d and e["part"] == part] for d in days]
        if part < 2 or any(cells):  # noqa: PLR2004  the evening only where needed
            lines.append({"part": part, "cells": cells})
    return lines
