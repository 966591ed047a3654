"""Programmes, enrolments and leave for programs."""

from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.clock import today
from cotutelle.people.enums import Role
from cotutelle.programmes.enums import AttainmentState
from cotutelle.programmes.models import Leave
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_programmes import make_enrolment, make_leave

pytestmark = pytest.mark.django_db
ANY = {"If-Match": "*"}
DAY = dt.timedelta(days=1)


def test_leave_is_asked_decided_and_returned_from(call_as):
    enrolment = make_enrolment()
    me = call_as(enrolment.student.person)
    secretary = call_as(make_person(Role.DEPARTMENT_SECRETARY, unit=enrolment.student.unit))
    wish = {
        "kind": "sick", "starts_on": str(today()), "ends_on": str(today() + DAY), "reason": "发烧",
    }  # fmt: skip

    made = me("POST", "/leaves", wish)
    path = f"/leaves/{made.data['id']}"
    assert (made.status_code, made.data["state"], made.data["days"]) == (201, "asked", 2)
    assert me("POST", "/leaves", wish).status_code == 409
    assert me("POST", f"{path}/decide", {"approve": True}, **ANY).status_code == 403
    stale = secretary("POST", f"{path}/decide", {"approve": True}, **{"If-Match": '"x"'})
    decided = secretary("POST", f"{path}/decide", {"approve": True}, **ANY)
    assert (stale.status_code, decided.data["state"]) == (412, "approved")
    assert decided.data["reason"] == "发烧"

    back = me("POST", f"{path}/return", {"returned_on": str(today())}, **ANY)

    assert back.status_code == 200, back.data
    assert (back.data["state"], back.data["days"]) == ("returned", 0)
    assert Leave.objects.get().returned_on == today()


def test_reasons_and_strangers(call_as):
    leave = make_leave(make_enrolment())
    adviser = call_as(make_person(Role.STUDENT_ADVISER, unit=leave.enrolment.student.unit))
    stranger = call_as(make_person(Role.RESIDENCY_OFFICE, unit=UnitFactory.create()))
    day = str(leave.starts_on)

    [row] = adviser("GET", f"/leaves?away_on={day}").data["items"]
    assert (row["reason"], row["kind"]) == ("", "personal")
    assert adviser("GET", "/leaves?state=refused").data["items"] == []
    assert stranger("GET", f"/leaves/{leave.public_id}").status_code == 404
    assert stranger("GET", "/leaves").data["items"] == []


def test_enrolments_are_read_by_certificate_at_risk(call_as):
    enrolment = make_enrolment()
    enrolment.attainments.filter(kind="licence").update(state=AttainmentState.FAILED)
    officer = call_as(make_person(Role.GRADUATE_OFFICER, unit=enrolment.student.unit))

    [row] = officer("GET", "/enrolments?at_risk=licence").data["items"]

    assert row["candidate_number"] == enrolment.student.candidate_number
    assert {one["kind"]: one["state"] for one in row["certificates"]}["licence"] == "failed"
    assert officer("GET", "/enrolments?at_risk=degree").data["items"] == []
    [programme] = officer("GET", "/programmes?state=in_force").data["items"]
    assert programme["code"] == "CM53"


def test_whoever_is_on_no_programme_asks_for_nothing(call_as):
    person = StudentFactory.create().person
    wish = {
        "kind": "sick", "starts_on": str(today()), "ends_on": str(today()), "reason": "发烧",
    }  # fmt: skip

    assert call_as(person)("POST", "/leaves", wish).data["code"] == "leave.enrolment"
