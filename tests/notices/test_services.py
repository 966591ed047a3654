"""Telling people: inbox, channels, retries, in each reader's language."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.notices import kinds
from cotutelle.notices.channels import ChannelError
from cotutelle.notices.enums import DELIVERY_TRANSITIONS, DeliveryState, Wanted
from cotutelle.notices.models import Delivery, Notice
from cotutelle.notices.queries import inbox_of, unread_count, wanted_by
from cotutelle.notices.services import (
    RETRY_MINUTES,
    choose_channels,
    mark_all_read,
    mark_read,
    notify,
    send_due,
    send_next,
)
from cotutelle.notices.wording import moment
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


def _title(params: object) -> str:
    return "你好" if (translation.get_language() or "").startswith("zh") else "Hello"


kinds.register("test.result", title="%(round)s is published", body="Answer until %(until)s.")
kinds.register("test.hello", title=_title)
kinds.register("test.urgent", title="Now", urgent=True)

PARAMS = {
    "round": {"zh": "2026 年双选", "en": "Selection 2026"},
    "until": moment(dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)),
}


class BrokenChannel:
    """Takes nothing; whether trying again helps is set by the test."""

    key = "email"
    label = "Broken"
    default = Wanted.ALL
    permanent = False

    def is_configured(self) -> bool:
        return True

    def address_of(self, person: object) -> str:
        return "somewhere"

    def send(self, address: str, message: object) -> None:
        raise ChannelError("421 try later", permanent=self.permanent)


BROKEN = "tests.notices.test_services.BrokenChannel"


def queued() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'cotutelle.notices.send'"
        )
        (n,) = cursor.fetchone()
    return int(n)


def test_notify_tells_each_active_person_once() -> None:
    person, gone = make_person(), make_person(is_active=False)
    before = queued()
    assert notify([person, person, gone], "test.result", params=PARAMS, url="/x/") == 1
    notice = inbox_of(person).get()
    with translation.override("zh-hans"):
        assert notice.title == "2026 年双选 is published"
    with translation.override("en"):
        assert notice.title == "Selection 2026 is published"
        assert notice.body == "Answer until 20 Nov 2026, 18:00."
    assert Delivery.objects.get().state == DeliveryState.PENDING
    assert queued() == before + 1


@pytest.mark.parametrize(("kind", "params"), [("test.nobody", {}), ("test.result", {"round": "x"})])
def test_notify_refuses_what_nobody_could_read(kind: str, params: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^(kind|params): "):
        notify([make_person()], kind, params=params)
    assert not Notice.objects.exists()


def test_an_old_notice_without_a_parameter_is_still_readable() -> None:
    notify([make_person()], "test.hello", params={})
    notice = Notice.objects.get()
    notice.kind = "test.result"
    assert notice.title == "– is published"


def test_notify_costs_the_same_for_one_and_for_many(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    few, many = [make_person()], [make_person() for _n in range(9)]
    for people in (few, many):
        with django_assert_num_queries(6):
            notify(people, "test.hello", params={})


def test_mail_goes_out_in_the_language_of_its_reader(settings: Settings) -> None:
    settings.COTUTELLE_BASE_URL = "https://ct.example.org"
    zh, en = make_person(language="zh-hans"), make_person(language="en")
    notify([zh, en], "test.hello", params={}, url="/inbox/")
    assert send_due() == 2
    subjects = {message.to[0]: message.subject for message in mail.outbox}
    assert subjects == {zh.email: "你好", en.email: "Hello"}
    assert "https://ct.example.org/inbox/" in mail.outbox[0].body
    assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}
    assert send_due() == 0


def test_settings_decide_what_goes_out() -> None:
    quiet, urgent = make_person(), make_person()
    choose_channels(quiet, {"email": "none"}, actor=quiet)
    choose_channels(urgent, {"email": "urgent"}, actor=urgent)
    nobody = make_person(email="")
    before = queued()
    notify([quiet, urgent, nobody], "test.hello", params={})
    assert Delivery.objects.count() == 0
    assert queued() == before
    notify([quiet, urgent, nobody], "test.urgent", params={})
    assert [d.notice.person for d in Delivery.objects.all()] == [urgent]
    assert wanted_by(urgent)["email"] == Wanted.URGENT


@pytest.mark.parametrize("wanted", [{"pigeon": "all"}, {"email": "sometimes"}])
def test_choose_channels_refuses_what_is_not_there(wanted: dict[str, str]) -> None:
    person = make_person()
    with pytest.raises(RuleViolation) as refused:
        choose_channels(person, wanted, actor=person)
    assert refused.value.code == "notices.channel"


def test_nobody_chooses_for_others() -> None:
    with pytest.raises(Refused):
        choose_channels(make_person(), {"email": "none"}, actor=make_person())


def test_a_failing_channel_is_tried_again_later_and_then_given_up(settings: Settings) -> None:
    settings.COTUTELLE_NOTICE_CHANNELS = [BROKEN]
    notify([make_person()], "test.hello", params={})
    at = now()
    for attempt, minutes in enumerate(RETRY_MINUTES, start=1):
        with time_machine.travel(at, tick=False):
            assert send_due() == 1
            assert send_due() == 0
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, attempt)
        at += dt.timedelta(minutes=minutes, seconds=1)
    with time_machine.travel(at, tick=False):
        send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == (DeliveryState.FAILED, "421 try later")


def test_a_permanent_refusal_is_not_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COTUTELLE_NOTICE_CHANNELS = [BROKEN]
    monkeypatch.setattr(BrokenChannel, "permanent", True)
    notify([make_person()], "test.hello", params={})
    send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 1)


@pytest.mark.parametrize("state", [s for s, after in DELIVERY_TRANSITIONS.items() if not after])
def test_what_is_sent_or_given_up_is_never_sent_again(state: DeliveryState) -> None:
    notify([make_person()], "test.hello", params={})
    Delivery.objects.update(state=state)
    assert send_next() is False
    assert mail.outbox == []


def test_only_the_reader_marks_notices_as_read() -> None:
    person, stranger = make_person(), make_person()
    notify([person], "test.hello", params={})
    notify([person], "test.hello", params={})
    first, second = inbox_of(person)
    assert mark_read([first, second], actor=stranger) == 0
    assert mark_read([first], actor=person) == 1
    assert mark_read([first], actor=person) == 0
    assert unread_count(person) == 1
    assert mark_all_read(actor=person) == 1
    assert unread_count(person) == 0
