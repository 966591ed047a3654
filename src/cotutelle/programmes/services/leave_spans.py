"""Leave in people's calendars: that they are away, never why."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.urls import reverse

from cotutelle.availability.services import publish_span, withdraw_sources
from cotutelle.institutions.queries import time_zone_of
from cotutelle.programmes.models import Leave

AWAY = "programmes.away"


def _source(leave: Leave) -> str:
    return f"programmes.leave:{leave.public_id}"


def publish_leave(leave: Leave) -> None:
    """Publish the days of ``leave``, or bring them up to date."""
    zone = time_zone_of(leave.owning_unit)
    first = dt.datetime.combine(leave.starts_on, dt.time(), tzinfo=ZoneInfo(zone))
    last = leave.last_day + dt.timedelta(days=1)
    publish_span(
        leave.enrolment.student.person,
        kind=AWAY,
        source=_source(leave),
        starts_at=first,
        ends_at=dt.datetime.combine(last, dt.time(), tzinfo=ZoneInfo(zone)),
        is_all_day=True,
        time_zone=zone,
        url=reverse("programmes:leave", args=[leave.public_id]),
    )


def withdraw_leave_span(leave: Leave) -> None:
    """Call the days of ``leave`` off."""
    withdraw_sources([_source(leave)])
