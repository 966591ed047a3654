"""A result by programs: published, objected to, recalled, confirmed; assignments by the school."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cotutelle.core.clock import now
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.enums import Role
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Objection, PublicNotice, Round
from tests.api.season import make_season
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    made = make_season()
    PublicNotice.objects.filter(pk=made.on_show.pk).delete()
    return made


def _act(call, path, body=None):
    return call("POST", path, body if body is not None else {}, **{"If-Match": "*"})


def test_a_result_is_published_confirmed_and_nothing_moves_afterwards(season, call_as):
    officer = call_as(season.officer)
    round_ = f"/rounds/{season.closed.public_id}"
    student = call_as(season.placement.participant.student.person)

    refused = _act(student, f"{round_}/publish")
    shown = _act(officer, f"{round_}/publish")
    early = _act(officer, f"{round_}/confirm")
    with time_machine.travel(now() + dt.timedelta(days=40)):
        done = _act(call_as(season.officer), f"{round_}/confirm")
    again = _act(officer, f"{round_}/publish")

    assert refused.status_code == 403
    assert (shown.status_code, shown.data["state"]) == (200, "running")
    assert (early.status_code, early.data["code"]) == (409, "round.notice_runs")
    assert (done.status_code, done.data["state"]) == (200, "confirmed")
    assert Mentorship.objects.filter(student=season.placement.participant.student).exists()
    assert again.data["code"] == "round.transition"


def test_an_objection_is_raised_answered_and_the_notice_recalled(season, call_as):
    officer = call_as(season.officer)
    student = call_as(season.placement.participant.student.person)
    shown = _act(officer, f"/rounds/{season.closed.public_id}/publish").data

    raised = student("POST", f"/public-notices/{shown['id']}/objections", {"text": "我认为有误"})
    twice = student("POST", f"/public-notices/{shown['id']}/objections", {"text": "我认为有误"})
    other = call_as(make_person(Role.STUDENT))("GET", f"/objections/{raised.data['id']}")
    stale = officer(
        "POST",
        f"/objections/{raised.data['id']}/answer",
        {"upheld": True, "answer": "属实"},
        **{"If-Match": '"old"'},
    )
    answered = officer(
        "POST",
        f"/objections/{raised.data['id']}/answer",
        {"upheld": True, "answer": "属实"},
        **{"If-Match": officer.etag(f"/objections/{raised.data['id']}")},
    )
    recalled = _act(officer, f"/public-notices/{shown['id']}/recall", {"reason": "异议成立"})

    assert (raised.status_code, twice.data["code"]) == (201, "objection.exists")
    assert other.status_code == 404
    assert (stale.status_code, answered.data["state"]) == (412, "upheld")
    assert recalled.data["state"] == "recalled"
    assert Round.objects.get(pk=season.closed.pk).state == RoundState.MATCHED
    assert Objection.objects.get().answered_by == season.officer


def test_an_assignment_is_decided_by_somebody_else(season, call_as):
    asking, deciding = call_as(season.assignment.requested_by), call_as(season.officer)
    made = season.assignment.public_id

    own = _act(asking, f"/assignments/{made}/decide", {"approve": True})
    refused = _act(deciding, f"/assignments/{made}/decide", {"approve": False})
    settled = _act(deciding, f"/assignments/{made}/decide", {"approve": False, "note": "无名额"})
    late = _act(asking, f"/assignments/{made}/withdraw")

    assert own.status_code == 403
    assert refused.data["code"] == "override.reason"
    assert settled.data["state"] == "refused"
    assert late.data["code"] == "override.stale"


def test_an_assignment_needs_minutes_and_room_within_the_share(season, call_as):
    asking = call_as(season.assignment.requested_by)
    fields = {
        "round": str(season.closed.public_id),
        "participant": str(season.assignment.participant.public_id),
        "offer": str(season.assignment.offer.public_id),
        "ground": "……",
    }
    headers = {"Authorization": f"Bearer {asking.raw}"}

    bare = Client().post("/api/v1/assignments", fields, headers=headers)
    fields["minutes"] = SimpleUploadedFile("minutes.pdf", b"%PDF-1.4 minutes of the meeting")
    beyond = Client().post("/api/v1/assignments", fields, headers=headers)

    assert bare.status_code == 422
    assert beyond.json()["code"] == "override.cap"
