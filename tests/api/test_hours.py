"""Hours through the API: one's own, those one can help, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.core.clock import today
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import AccountKind, DutyKind
from cotutelle.rotations.models import HourException
from tests.factories.people import make_person
from tests.factories.rotations_hours import (
    make_alert,
    make_hours_world,
    make_line,
    plan_duty,
)

pytestmark = pytest.mark.django_db


def test_a_lost_half_day_is_logged_and_taken_back(call_as: Any) -> None:
    world = make_hours_world()
    plan_duty(world.student, today(), DutyKind.RESEARCH, 240)
    call = call_as(world.person)
    body = {"day": today().isoformat(), "kind": "pulled_to_ward", "minutes": 240}
    made = call("POST", "/me/hours", body)
    assert made.status_code == 201, made.data
    assert call("GET", "/me/research-time").data["owed"] == 240
    week = call("GET", f"/me/hours?day={today()}").data["days"]
    day = week[today().weekday()]
    assert day["planned"] == [{"kind": "research", "starts_at": "14:00:00", "minutes": 240}]
    assert [one["id"] for one in day["differences"]] == [made.data["id"]]
    again = call("POST", "/me/hours", body)
    assert again.data["type"].rsplit(":", 1)[-1] == "hours.more_than_planned"
    path = f"/me/hours/{made.data['id']}"
    assert call("DELETE", path).status_code == 428
    assert call("DELETE", path, **{"If-Match": "*"}).status_code == 200
    assert HourException.objects.get().withdrawn_at is not None
    lines = call("GET", "/me/research-time/lines").data["items"]
    assert [line["minutes"] for line in lines] == [240, -240]
    assert call("GET", "/me/research-time").data == {
        "granted": 0, "taken": 0, "repaid": 0, "had": 0, "owed": 0,
    }  # fmt: skip


def test_hours_of_a_student_are_read_by_those_who_can_help(call_as: Any) -> None:
    world = make_hours_world()
    make_line(world.student, AccountKind.TAKEN, -60)
    paths = [f"/students/{world.student.public_id}/{name}" for name in ("hours", "research-time")]
    for person in (world.person, world.mentor, world.secretary, world.office):
        assert [call_as(person)("GET", path).status_code for path in paths] == [200, 200]
    assert call_as(world.mentor)("GET", paths[1]).data["owed"] == 60
    for role in (Role.MENTOR, Role.BASE_SECRETARY, Role.RESIDENCY_OFFICE):
        stranger = call_as(make_person(role))
        assert [stranger("GET", path).status_code for path in paths] == [404, 404]
    leader = call_as(make_person(Role.LEADER, unit=world.hospital))
    assert [leader("GET", path).status_code for path in paths] == [403, 403]
    assert call_as(world.office)("GET", "/me/hours").status_code == 403


def test_alerts_are_listed_and_closed(call_as: Any) -> None:
    world = make_hours_world()
    alert = make_alert(world.student, ward=world.ward)
    call = call_as(world.secretary)
    (found,) = call("GET", "/hours-alerts?state=open").data["items"]
    assert (found["id"], found["value"], found["bound"]) == (str(alert.public_id), 61, 58)
    path = f"/hours-alerts/{alert.public_id}/close"
    student = call_as(world.person)
    assert student("GET", "/hours-alerts").data["items"][0]["id"] == found["id"]
    assert student("POST", path, {"outcome": "x"}, **{"If-Match": "*"}).status_code == 403
    done = call("POST", path, {"outcome": "周四补回"}, **{"If-Match": "*"})
    assert (done.data["state"], done.data["outcome"]) == ("closed", "周四补回")
    assert call("GET", "/hours-alerts?state=open").data["items"] == []
    stranger = call_as(make_person(Role.BASE_SECRETARY))
    assert stranger("GET", "/hours-alerts").data["items"] == []
    assert stranger("POST", path, {"outcome": "x"}, **{"If-Match": "*"}).status_code == 404
