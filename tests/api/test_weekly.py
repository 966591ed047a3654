"""Meetings for programs: read by those who take part, moved and recorded by their mentors."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine

from cotutelle.people.enums import Role
from cotutelle.rotations.models import Series
from tests.factories.people import make_person
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import make_meeting, make_round, make_term, member

pytestmark = pytest.mark.django_db
ANY = {"If-Match": "*"}
ZONE = ZoneInfo("Asia/Shanghai")
PAST = dt.datetime(2026, 11, 18, 14, tzinfo=ZONE)
AHEAD = dt.datetime(2026, 11, 25, 14, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def series() -> Series:
    return make_round(make_term(HospitalFactory.create()))


def test_meetings_are_listed_to_members_and_narrowed(call_as, series):
    past, ahead = make_meeting(series, PAST), make_meeting(series, AHEAD)
    student = call_as(member(series, "student"))
    items = student("GET", "/meetings?first=2026-11-20").data["items"]
    assert [i["id"] for i in items] == [str(ahead.public_id)]
    assert student("GET", "/meetings?kind=seminar").data["items"] == []
    read = student("GET", f"/meetings/{past.public_id}")
    assert (read.status_code, len(read.data["members"])) == (200, 3)
    stranger = call_as(make_person(Role.MENTOR))
    assert stranger("GET", f"/meetings/{past.public_id}").status_code == 404


def test_a_mentor_moves_cancels_and_records(call_as, series):
    past, ahead = make_meeting(series, PAST), make_meeting(series, AHEAD)
    mentor = call_as(member(series, "clinical_mentor"))
    path = f"/meetings/{ahead.public_id}"
    body = {"starts_at": "2026-11-26T02:00:00Z"}
    assert mentor("POST", f"{path}/move", body).status_code == 428
    moved = mentor("POST", f"{path}/move", body, **{"If-Match": mentor.etag(path)})
    assert (moved.data["state"], moved.data["sequence"]) == ("moved", 1)
    cancelled = mentor("POST", f"{path}/cancel", {"reason": "出差"}, **ANY)
    assert cancelled.data["state"] == "cancelled"
    came = [
        {"person": str(m.person.public_id), "presence": "present"} for m in series.members.all()
    ]
    record = f"/meetings/{past.public_id}/record"
    wrong = [{"person": str(make_person().public_id), "presence": "present"}]
    assert mentor("POST", record, {"people": wrong}, **ANY).status_code == 422
    assert mentor("POST", record, {"people": came}, **ANY).data["state"] == "held"
    student = call_as(member(series, "student"))
    assert student("POST", record, {"people": came}, **ANY).status_code == 403


def test_problems_are_raised_and_listed(call_as, series):
    meeting = make_meeting(series, PAST)
    student = call_as(member(series, "student"))
    path = f"/meetings/{meeting.public_id}/problems"
    assert student("POST", path, {"title": "结节随访间隔"}).status_code == 201
    found = student("GET", "/clinical-problems?q=结节").data["items"]
    assert [p["title"] for p in found] == ["结节随访间隔"]
    assert call_as(make_person(Role.STUDENT))("GET", "/clinical-problems").data["items"] == []
