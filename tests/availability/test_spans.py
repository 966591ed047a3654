"""Spans keep their identity when they move, and calendars are told of it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import icalendar
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from cotutelle.availability import kinds
from cotutelle.availability.enums import SpanState
from cotutelle.availability.models import Feed, Span
from cotutelle.availability.queries import spans_of
from cotutelle.availability.services import (
    SpanData,
    create_feed,
    publish_span,
    publish_spans,
    revoke_feed,
    withdraw_sources,
)
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.people.models import Person
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db
kinds.register("test.round", title="Round on %(ward)s")
HOUR = dt.timedelta(hours=1)


def _publish(person: Person, start: dt.datetime, **more: object) -> Span:
    publish_span(
        person,
        **{
            "kind": "test.round",
            "source": "test:1",
            "starts_at": start,
            "ends_at": start + 2 * HOUR,
            "params": {"ward": "ICU"},
            **more,
        },
    )
    return Span.objects.get(person=person, source="test:1")


def _events(client: Client, token: str) -> list[icalendar.Event]:
    answer = client.get(reverse("availability:feed", args=[token]))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    return list(icalendar.Calendar.from_ical(answer.content).walk("VEVENT"))


def test_a_span_that_moves_keeps_its_uid_and_counts_up() -> None:
    person, start = make_person(), now().replace(microsecond=0) + dt.timedelta(days=1)
    first = _publish(person, start)
    moved = _publish(person, start + HOUR)
    assert (moved.uid, moved.sequence) == (first.uid, 1)


def test_publishing_the_same_again_changes_nothing() -> None:
    person, start = make_person(), now() + dt.timedelta(days=1)
    first = _publish(person, start)
    again = _publish(person, start)
    assert (again.sequence, again.changed_at) == (0, first.changed_at)


def test_many_spans_are_published_in_a_few_statements(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    people, start = [make_person() for _ in range(3)], now()
    with django_assert_max_num_queries(6):
        changed = publish_spans(
            [
                SpanData(p.pk, "test.round", f"test:{n}", start, start + HOUR, {"ward": "A"})
                for p in people
                for n in range(40)
            ]
        )
    assert changed == Span.objects.count() == 120


def test_a_withdrawn_span_no_longer_makes_busy_but_calendars_hear_of_it(client: Client) -> None:
    person, start = make_person(), now() + dt.timedelta(days=1)
    _publish(person, start)
    withdraw_sources(["test:1"])
    assert not spans_of(person, start, start + HOUR)
    _feed, token = create_feed(person, "phone", language="en", actor=person)
    (event,) = _events(client, token)
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    _publish(person, start)
    assert Span.objects.get().state == SpanState.CONFIRMED
    assert Span.objects.get().sequence == 2


def test_spans_of_counts_only_what_touches_the_time() -> None:
    person, start = make_person(), now()
    span = _publish(person, start)
    assert list(spans_of(person, start - HOUR, start)) == []
    assert list(spans_of([person], start + HOUR, start + 3 * HOUR)) == [span]
    assert list(spans_of(person, start + 2 * HOUR, start + 3 * HOUR)) == []


def test_an_unknown_kind_or_a_span_without_length_is_refused() -> None:
    person, start = make_person(), now()
    with pytest.raises(ValueError, match="kind"):
        _publish(person, start, kind="test.unknown")
    with pytest.raises(ValueError, match="params"):
        _publish(person, start, params={})
    with pytest.raises(ValueError, match="ends before"):
        _publish(person, start, ends_at=start)


def test_the_feed_carries_zone_title_and_days(client: Client) -> None:
    person = make_person()
    start = dt.datetime.combine(now().date() + dt.timedelta(days=1), dt.time(1), dt.UTC)
    _publish(person, start)
    _publish(
        person,
        start.replace(hour=16),
        source="test:2",
        ends_at=start.replace(hour=16) + dt.timedelta(days=31),
        is_all_day=True,
    )
    _feed, token = create_feed(person, "phone", language="en", actor=person)
    short, long = _events(client, token)
    assert short["SUMMARY"] == "Round on ICU"
    assert short["DTSTART"].dt.isoformat().endswith("T09:00:00+08:00")
    assert long["DTSTART"].dt == (start + dt.timedelta(days=1)).date()
    assert (long["DTEND"].dt - long["DTSTART"].dt).days == 31


def test_a_revoked_or_unknown_address_says_nothing(client: Client) -> None:
    person = make_person()
    feed, token = create_feed(person, "phone", language="", actor=person)
    revoke_feed(feed, actor=person)
    for text in (token, "nonsense"):
        assert client.get(reverse("availability:feed", args=[text])).status_code == 404
    with pytest.raises(RuleViolation, match="revoked"), override("en"):
        revoke_feed(feed, actor=person)


def test_an_unchanged_calendar_is_not_sent_twice(client: Client) -> None:
    person = make_person()
    _feed, token = create_feed(person, "phone", language="", actor=person)
    url = reverse("availability:feed", args=[token])
    tag = client.get(url)["ETag"]
    assert client.get(url, headers={"if-none-match": tag}).status_code == 304
    _publish(person, now())
    assert client.get(url, headers={"if-none-match": tag}).status_code == 200


def test_nobody_touches_the_addresses_of_others(client: Client) -> None:
    person, stranger = make_person(), make_person()
    feed, _token = create_feed(person, "phone", language="", actor=person)
    with pytest.raises(Refused):
        revoke_feed(feed, actor=stranger)
    with pytest.raises(Refused):
        create_feed(person, "mine", language="", actor=stranger)
    client.force_login(stranger)
    assert (
        client.post(reverse("availability:feed-revoke", args=[feed.public_id])).status_code == 404
    )
    assert Feed.objects.get().revoked_at is None


def test_an_address_is_made_shown_once_and_revoked_on_the_pages(client: Client) -> None:
    person = make_person()
    client.force_login(person)
    made = client.post(reverse("availability:feeds"), {"name": "my phone"})
    feed = Feed.objects.get()
    assert b".ics" in made.content
    page = client.get(reverse("availability:feeds"))
    assert b"my phone" in page.content
    assert b".ics" not in page.content
    assert client.get(reverse("availability:feed-revoke", args=[feed.public_id])).status_code == 200
    client.post(reverse("availability:feed-revoke", args=[feed.public_id]))
    feed.refresh_from_db()
    assert feed.revoked_at is not None


def test_my_calendar_shows_my_weeks_only(client: Client) -> None:
    person, other = make_person(), make_person()
    _publish(person, now() + HOUR)
    publish_span(
        other,
        kind="test.round",
        source="test:1",
        starts_at=now() + HOUR,
        ends_at=now() + 2 * HOUR,
        params={"ward": "Other"},
    )
    client.force_login(person)
    page = client.get(reverse("availability:calendar"))
    assert b"Round on ICU" in page.content
    assert b"Round on Other" not in page.content
    later = client.get(reverse("availability:calendar"), {"from": "2199-12-30"})
    assert b"Round on ICU" not in later.content
    assert client.get(reverse("availability:calendar"), {"from": "garbage"}).status_code == 200


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Tokyo"])
def test_days_off_are_those_of_the_unit_wherever_they_are_read(client: Client, zone: str) -> None:
    person = make_person(language="en")
    start = dt.datetime(2026, 3, 28, tzinfo=ZoneInfo(zone))
    end = dt.datetime(2026, 3, 30, tzinfo=ZoneInfo(zone))  # the clock is put forward in Berlin
    _publish(person, start, ends_at=end, is_all_day=True, time_zone=zone)
    client.force_login(person)
    page = client.get(reverse("availability:calendar"), {"from": "2026-03-23"}).content.decode()
    assert "28 Mar 2026 – 29 Mar 2026" in page
