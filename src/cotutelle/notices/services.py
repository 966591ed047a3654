"""Telling people things: the inbox at once, other channels after the commit."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.jobs.deferring import defer
from cotutelle.ledger.services import record
from cotutelle.notices.channels import Channel, ChannelError, Message, channels, setting
from cotutelle.notices.enums import DeliveryState, Wanted
from cotutelle.notices.kinds import check_params, is_urgent
from cotutelle.notices.models import ChannelSetting, Delivery, Notice
from cotutelle.notices.queries import wanted_by
from cotutelle.people.models import Person

SEND_TASK = "cotutelle.notices.send"
RETRY_MINUTES = (1, 5, 30, 120, 360)
MAX_SENT_AT_ONCE = 500

log = logging.getLogger(__name__)


@transaction.atomic
def notify(
    people: Iterable[Person],
    kind: str,
    *,
    params: Mapping[str, Any],
    url: str = "",
    unit: Unit | None = None,
) -> int:
    """
    Put a notice into the inbox of each active person, in the caller's transaction.

    What their settings ask for goes out by e-mail, WeCom or text message after the commit.

    Returns
    -------
    int
        How many people were told.

    Raises
    ------
    ValueError
        ``kind`` is not registered, or its text needs a parameter that is missing.
    """
    check_params(kind, params)
    told = list({person.pk: person for person in people if person.is_active}.values())
    moment = now()
    notices = Notice.objects.bulk_create(
        [
            Notice(
                person=person,
                kind=kind,
                params=dict(params),
                url=url,
                unit=unit,
                created_at=moment,
            )
            for person in told
        ]
    )
    deliveries = _deliveries(notices, urgent=is_urgent(kind), at=moment)
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        defer(SEND_TASK)
    return len(notices)


def _deliveries(notices: list[Notice], *, urgent: bool, at: dt.datetime) -> list[Delivery]:
    """Return what goes out over which channel, by each person's settings."""
    found = channels() if notices else []
    if not found:
        return []
    people = [notice.person_id for notice in notices]
    chosen = {
        (row.person_id, row.channel): row.wanted
        for row in ChannelSetting.objects.filter(person__in=people)
    }
    reached = {Wanted.ALL, Wanted.URGENT} if urgent else {Wanted.ALL}
    return [
        Delivery(notice=notice, channel=channel.key, next_attempt_at=at)
        for notice in notices
        for channel in found
        if chosen.get((notice.person_id, channel.key), channel.default) in reached
        and channel.address_of(notice.person)
    ]


def mark_read(notices: Iterable[Notice], *, actor: Person) -> int:
    """Mark the actor's own notices as read; others are left alone. Return how many changed."""
    return Notice.objects.filter(
        pk__in=[notice.pk for notice in notices], person=actor, read_at__isnull=True
    ).update(read_at=now())


def mark_all_read(*, actor: Person) -> int:
    """Mark every notice of the actor as read; return how many changed."""
    return Notice.objects.filter(person=actor, read_at__isnull=True).update(read_at=now())


@transaction.atomic
def choose_channels(person: Person, wanted: Mapping[str, str], *, actor: Person) -> None:
    """
    Keep what ``person`` wants over each channel.

    Raises
    ------
    RuleViolation
        ``notices.channel``: no such channel or choice.
    Refused
        Somebody else's settings.
    """
    if person.pk != actor.pk:
        raise Refused(_("Only you choose how you are told."))
    known = {channel.key for channel in channels()}
    if not set(wanted) <= known or not set(wanted.values()) <= set(Wanted.values):
        raise RuleViolation("notices.channel", _("There is no such channel."))
    before = wanted_by(person)
    ChannelSetting.objects.bulk_create(
        [ChannelSetting(person=person, channel=c, wanted=w) for c, w in wanted.items()],
        update_conflicts=True,
        unique_fields=["person", "channel"],
        update_fields=["wanted"],
    )
    record(
        "notices.settings.changed",
        actor=actor,
        subject=person,
        before={c: str(before[c]) for c in wanted},
        after=dict(wanted),
    )


def send_due() -> int:
    """Send what is due, one after the other; return how many were tried."""
    tried = 0
    while tried < MAX_SENT_AT_ONCE and send_next():
        tried += 1
    return tried


@transaction.atomic
def send_next() -> bool:
    """
    Try the next delivery that is due; ``False`` when none is.

    The row stays locked while it is sent: several workers never send the same, and a killed
    one leaves it waiting. A message may go out twice when that happens, never not at all.
    """
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("notice__person")
        .filter(state=DeliveryState.PENDING, next_attempt_at__lte=now())
        .order_by("next_attempt_at", "id")
        .first()
    )
    if delivery is None:
        return False
    delivery.attempts += 1
    try:
        _send(delivery)
    except ChannelError as error:
        _put_off(delivery, str(error), permanent=error.permanent)
    else:
        delivery.state, delivery.sent_at, delivery.error = DeliveryState.SENT, now(), ""
    delivery.save()
    return True


def _send(delivery: Delivery) -> None:
    found: dict[str, Channel] = {c.key: c for c in channels()}
    channel = found.get(delivery.channel)
    person = delivery.notice.person
    address = channel.address_of(person) if channel else ""
    if channel is None or not address or not person.is_active:
        raise ChannelError("nobody to reach over this channel", permanent=True)
    message = message_of(delivery.notice, key=f"notice-{delivery.notice_id}-{delivery.channel}")
    try:
        channel.send(address, message)
    except ChannelError:
        raise
    except Exception as error:
        log.exception("channel %s failed", delivery.channel)
        raise ChannelError(type(error).__name__) from error


def _put_off(delivery: Delivery, error: str, *, permanent: bool) -> None:
    delivery.error = error[:300]
    if permanent or delivery.attempts > len(RETRY_MINUTES):
        delivery.state = DeliveryState.FAILED
        return
    wait = dt.timedelta(minutes=RETRY_MINUTES[delivery.attempts - 1])
    delivery.next_attempt_at = now() + wait


def message_of(notice: Notice, *, key: str = "") -> Message:
    """Return the notice in its reader's language and time zone, with an absolute link."""
    person = notice.person
    try:
        zone = ZoneInfo(person.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(settings.TIME_ZONE)
    with translation.override(person.language), timezone.override(zone):
        return Message(key=key, title=notice.title, body=notice.body, url=absolute(notice.url))


def absolute(path: str) -> str:
    """Return ``path`` with the address of this installation (``COTUTELLE_BASE_URL``)."""
    base = setting("COTUTELLE_BASE_URL").rstrip("/")
    return f"{base}{path}" if base and path.startswith("/") else ""
