"""Terms for programs: read, planned by a job, reviewed and published as the office does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import TermState
from cotutelle.rotations.models import Meeting, Term
from tests.factories.people import make_person
from tests.factories.rotations_weekly import make_round, make_term

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _before_term() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 26, 4, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def term() -> Term:
    return make_term()


@pytest.fixture
def office(term: Term, call_as: Any) -> Any:
    return call_as(make_person(Role.RESIDENCY_OFFICE, unit=term.unit, language="en"))


def test_a_week_from_the_order_to_its_publication(term: Term, office: Any) -> None:
    series = make_round(term)
    where = f"/terms/{term.public_id}"
    bare = office("GET", where).data
    assert (bare["state"], bare["placed"], bare["is_sound"]) == ("draft", None, None)
    early = office("POST", f"{where}/publication", **{"If-Match": "*"})
    assert (early.status_code, early.data["code"]) == (409, "term.unplanned")
    asked = office("POST", f"{where}/computations", **{"Idempotency-Key": "once"})
    assert (asked.status_code, asked.data["state"]) == (202, "queued")
    assert asked["Location"] == f"/api/v1/jobs/{asked.data['id']}"
    again = office("POST", f"{where}/computations", **{"Idempotency-Key": "once"})
    assert again.data["id"] == asked.data["id"]
    busy = office("POST", f"{where}/computations")
    assert (busy.status_code, busy.data["code"]) == (409, "term.running")
    before = office.etag(where)
    run_now(Job.objects.get())
    planned = office("GET", where).data
    assert (planned["placed"], planned["count"], planned["is_sound"]) == (1, 1, True)
    (held,) = office("GET", f"{where}/series").data["items"]
    series.refresh_from_db()
    assert (held["id"], held["weekday"]) == (str(series.public_id), series.weekday)
    assert (held["starts_at"], len(held["people"])) == (f"{series.starts_at}", 3)
    seen = office("GET", f"{where}/review")
    assert (seen.data["people"], seen.data["fresh"], seen.data["moved"]) == (3, 7, 0)
    assert [one["fresh"] for one in seen.data["changes"]] == [7]
    stale = office("POST", f"{where}/publication", **{"If-Match": before})
    assert (stale.status_code, stale.data["code"]) == (412, "version.stale")
    done = office("POST", f"{where}/publication", **{"If-Match": seen["ETag"]})
    assert (done.status_code, done.data["fresh"]) == (200, 7)
    assert done.data["term"]["state"] == TermState.PUBLISHED
    assert Meeting.objects.filter(series=series).count() == 7
    twice = office("POST", f"{where}/publication", **{"If-Match": done["ETag"]})
    assert (twice.status_code, twice.data["code"]) == (409, "term.unchanged")


def test_an_empty_term_is_not_planned(term: Term, office: Any) -> None:
    refused = office("POST", f"/terms/{term.public_id}/computations")
    assert (refused.status_code, refused.data["code"]) == (409, "term.empty")
    assert not Job.objects.exists()


def test_who_reads_terms_and_who_plans_them(term: Term, call_as: Any) -> None:
    make_round(term)
    where = f"/terms/{term.public_id}"
    secretary = call_as(make_person(Role.BASE_SECRETARY, unit=term.unit))
    leader = call_as(make_person(Role.LEADER, unit=term.unit))
    stranger = call_as(make_person(Role.RESIDENCY_OFFICE))
    mentor = call_as(make_person(Role.MENTOR, unit=term.unit))
    assert [one["id"] for one in leader("GET", "/terms").data["items"]] == [str(term.public_id)]
    assert stranger("GET", "/terms").data["items"] == []
    codes = {
        path: [
            who("GET" if path in {"", "/series", "/review"} else "POST", where + path,
                **{"If-Match": "*"}).status_code
            for who in (secretary, leader, stranger, mentor)
        ]
        for path in ("", "/series", "/review", "/computations", "/publication")
    }  # fmt: skip
    assert codes == {
        "": [200, 200, 404, 403],
        "/series": [200, 403, 404, 403],
        "/review": [403, 403, 404, 403],
        "/computations": [403, 403, 404, 403],
        "/publication": [403, 403, 404, 403],
    }
