"""One's own calendar, and the addresses under which other calendars read it."""

from __future__ import annotations

import datetime as dt
import hashlib
from itertools import groupby
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.availability.forms import FeedForm
from cotutelle.availability.ical import calendar_file
from cotutelle.availability.kinds import title_of
from cotutelle.availability.models import Span
from cotutelle.availability.queries import (
    feed_by_token,
    feeds_of,
    spans_for_calendar,
    spans_of,
)
from cotutelle.availability.services import create_feed, note_reading, revoke_feed
from cotutelle.core.access import PUBLIC, SIGNED_IN, requires
from cotutelle.core.clock import now
from cotutelle.people.models import Person

_WEEKS = 4


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires(SIGNED_IN)
@require_safe
def my_calendar(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate(now())
    monday = _monday(request.GET.get("from", ""), today)
    end = monday + dt.timedelta(weeks=_WEEKS)
    zone = timezone.get_current_timezone()
    first, last = (dt.datetime.combine(day, dt.time(), zone) for day in (monday, end))
    rows = list(spans_of(_person(request), first, last))
    long = [row for row in rows if row.is_all_day]
    short = [row for row in rows if not row.is_all_day]
    return render(
        request,
        "availability/calendar.html",
        {
            "days": [(day, _titled(found)) for day, found in groupby(short, key=_day)],
            "long": _titled(long),
            "first": monday,
            "last": end - dt.timedelta(days=1),
            "earlier": monday - dt.timedelta(weeks=_WEEKS),
            "later": end,
            "today": today,
        },
    )


def _monday(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = today
    if not dt.date(2000, 1, 10) < day < dt.date(2200, 1, 1):
        day = today
    return day - dt.timedelta(days=day.weekday())


def _day(span: Span) -> dt.date:
    return timezone.localtime(span.starts_at).date()


def _titled(spans: Any) -> list[dict[str, Any]]:
    return [
        {
            "title": title_of(span.kind, span.params),
            "starts_at": span.starts_at,
            "ends_at": span.ends_at,
            **_whole_days(span),
            "url": span.url,
        }
        for span in spans
    ]


def _whole_days(span: Span) -> dict[str, dt.date]:
    """Return the first and the last day where the span is from: a day off is one everywhere."""
    zone = ZoneInfo(span.time_zone)
    last = span.ends_at - dt.timedelta(seconds=1)
    return {
        "first_day": span.starts_at.astimezone(zone).date(),
        "last_day": last.astimezone(zone).date(),
    }


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: HttpRequest) -> HttpResponse:
    form, address = FeedForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        _feed, token = create_feed(
            _person(request),
            form.cleaned_data["name"],
            language=translation.get_language() or "",
            actor=_person(request),
        )
        address = request.build_absolute_uri(reverse("availability:feed", args=[token]))
        form = FeedForm()
    return render(
        request,
        "availability/feeds.html",
        {"form": form, "address": address, "feeds": list(feeds_of(_person(request)))},
    )


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def feed_revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    feed = get_object_or_404(feeds_of(_person(request)), public_id=public_id)
    if request.method == "POST":
        revoke_feed(feed, actor=_person(request))
        messages.success(request, _("The calendar address has been revoked."))
        return redirect("availability:feeds")
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Revoke the calendar address “%(name)s”") % {"name": feed},
            "says": _("The calendar that reads it gets nothing any more."),
            "undo": _("It cannot be undone; you can create another address."),
            "button": _("Revoke the address"),
            "cancel_url": reverse("availability:feeds"),
        },
    )


@requires(PUBLIC)
@require_safe
def feed_file(request: HttpRequest, token: str) -> HttpResponse:
    feed = feed_by_token(token)
    if feed is None:
        raise Http404
    note_reading(feed)
    with translation.override(feed.language or translation.get_language()):
        body = calendar_file(
            spans_for_calendar(feed.person, now()),
            name=_("Cotutelle"),
            address=request.build_absolute_uri,
        )
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={
            "ETag": tag,
            "Cache-Control": "private, max-age=900",
            "Content-Disposition": 'inline; filename="cotutelle.ics"',
        },
    )
