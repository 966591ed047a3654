"""Agreements and limits of units through the API: the parties, strangers, and stale copies."""

from __future__ import annotations

import pytest
from django.test import Client

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import PlaceCap
from tests.factories.agreements import AgreementFactory, make_agreement
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_an_agreement_is_drafted_filled_put_in_force_and_ended() -> None:
    ours, partner = UnitFactory.create(), UnitFactory.create()
    client = signed_in(make_person(Role.GRADUATE_OFFICER, unit=ours))
    made = client.post(
        "/api/v1/agreements",
        {
            "unit": str(ours.public_id), "partner": str(partner.public_id), "number": "2026-1",
            "name_zh": "协议", "starts_on": "2026-09-01", "ends_on": "2031-08-31", "places": 4,
        },
        content_type="application/json",
    )  # fmt: skip
    assert made.status_code == 201, made.content
    url = made["Location"]
    mentor = MentorFactory.create(unit=partner)
    body = {"mentors": [str(mentor.public_id)]}
    assert client.post(f"{url}/mentors", body, content_type="application/json").json() == {
        "added": 1
    }
    force = client.post(
        f"{url}/in-force", content_type="application/json", headers={"If-Match": "*"}
    )
    assert force.json()["state"] == "in_force"
    listed = client.get(f"{url}/mentors").json()
    assert [one["mentor"]["id"] for one in listed["items"]] == [str(mentor.public_id)]
    stale = client.post(
        f"{url}/end", {"reason": "合作结束"}, content_type="application/json",
        headers={"If-Match": '"old"'},
    )  # fmt: skip
    assert stale.status_code == 412
    ended = client.post(
        f"{url}/end", {"reason": "合作结束"}, content_type="application/json",
        headers={"If-Match": "*"},
    )  # fmt: skip
    assert ended.json()["state"] == "ended"
    assert Agreement.objects.get().state == AgreementState.ENDED


def test_the_partner_reads_and_lends_and_strangers_find_nothing() -> None:
    found = make_agreement()
    url = f"/api/v1/agreements/{found.public_id}"
    partner = signed_in(make_person(Role.PARTNER_OFFICER, unit=found.partner))
    assert partner.get(url).json()["number"] == found.number
    end = partner.post(
        f"{url}/end", {"reason": "x"}, content_type="application/json", headers={"If-Match": "*"}
    )
    assert end.status_code == 403
    stranger = signed_in(make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create()))
    assert stranger.get(url).status_code == 404
    assert stranger.get("/api/v1/agreements").json()["items"] == []
    student = signed_in(make_person(Role.STUDENT, unit=found.unit))
    assert student.get(url).status_code == 403


def test_a_draft_is_changed_by_its_unit_alone() -> None:
    draft = AgreementFactory.create()
    url = f"/api/v1/agreements/{draft.public_id}"
    body = {
        "number": "9", "name_zh": "新名", "starts_on": "2026-09-01", "ends_on": "2027-08-31"
    }  # fmt: skip
    client = signed_in(make_person(Role.GRADUATE_OFFICER, unit=draft.unit))
    told = {"content_type": "application/json", "headers": {"If-Match": "*"}}
    assert client.put(url, body, **told).json()["name_zh"] == "新名"  # type: ignore[arg-type]


def test_limits_of_units_are_set_and_read() -> None:
    round_ = make_round(RoundState.DRAFT)
    unit = UnitFactory.create(parent=round_.unit)
    client = signed_in(make_officer(round_))
    url = f"/api/v1/rounds/{round_.public_id}/caps"
    body = {"unit": str(unit.public_id), "places": 3, "places_min": 1}
    assert client.post(url, body, content_type="application/json").json() == {"changed": 1}
    (cap,) = client.get(url).json()["items"]
    assert (cap["unit"]["id"], cap["places"], cap["places_min"]) == (str(unit.public_id), 3, 1)
    nothing = client.post(url, {"places": 3}, content_type="application/json")
    assert nothing.status_code == 422
    stranger = signed_in(make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create()))
    assert stranger.post(url, body, content_type="application/json").status_code == 404


def test_only_its_parties_and_reviewers_read_the_limit_of_an_agreement() -> None:
    round_ = make_round(RoundState.RANKING)
    hospital, other = (UnitFactory.create(parent=round_.unit) for _ in range(2))
    mentor = make_mentor(3, unit=hospital)
    make_offer(round_, mentor)
    make_offer(round_, make_mentor(3, unit=other))
    agreement = make_agreement(mentor, unit=round_.unit, partner=hospital)
    PlaceCap.objects.create(round=round_, agreement=agreement, places=2)
    url = f"/api/v1/rounds/{round_.public_id}/caps"
    counts = [
        len(signed_in(person).get(url).json()["items"])
        for person in (
            make_officer(round_),
            make_person(Role.PARTNER_OFFICER, unit=hospital),
            make_person(Role.PARTNER_OFFICER, unit=other),
        )
    ]
    assert counts == [1, 1, 0]
