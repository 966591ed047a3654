"""Pairs of mentors for programs: read by those concerned, written by the three, decided by the college."""

from __future__ import annotations

import pytest

from cotutelle.mentorship.enums import PairRecordKind
from cotutelle.mentorship.models import Pair, PairRecord
from cotutelle.mentorship.services.pair_records import add_record
from cotutelle.people.enums import Role
from cotutelle.selection.enums import RoundState
from tests.factories.mentorship import MentorshipFactory, make_pair
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db
ANY = {"If-Match": "*"}
DUTIES = {
    "first_responsible": "second",
    "signs_leave": "both",
    "signs_claims": "first",
    "signs_thesis": "both",
    "reason": "在合作医院临床工作",
}


def test_a_pair_is_read_by_the_three_and_their_college(call_as):
    pair = make_pair()
    college = make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit)
    for person in (pair.student.person, pair.second.mentor.person, college):
        read = call_as(person)("GET", f"/pairs/{pair.public_id}")
        assert (read.status_code, read.data["first_responsible"]) == (200, "first")
        assert [p["id"] for p in call_as(person)("GET", "/pairs").data["items"]] == [
            str(pair.public_id)
        ]
    stranger = call_as(make_pair().student.person)
    assert stranger("GET", f"/pairs/{pair.public_id}").status_code == 404


def test_the_college_changes_duties_and_a_mentor_does_not(call_as):
    pair = make_pair()
    college = call_as(make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit))
    path = f"/pairs/{pair.public_id}"

    stale = college("POST", f"{path}/duties", DUTIES, **{"If-Match": '"x"'})
    done = college("POST", f"{path}/duties", DUTIES, **{"If-Match": college.etag(path)})
    mentor = call_as(pair.first.mentor.person)("POST", f"{path}/duties", DUTIES, **ANY)

    assert [a.status_code for a in (stale, done, mentor)] == [412, 200, 403]
    assert (done.data["first_responsible"], done.data["signs_leave"]) == ("second", "both")
    assert Pair.objects.get().second.is_first_responsible


def test_an_arrangement_is_proposed_agreed_and_read(call_as):
    pair = make_pair()
    people = [pair.first.mentor.person, pair.second.mentor.person, pair.student.person]
    first, second, student = (call_as(p) for p in people)
    path = f"/pairs/{pair.public_id}/records"

    made = first("POST", path, {"kind": "arrangement", "title": "每周例会"})
    for caller in (second, student):
        agreed = caller("POST", f"/pair-records/{made.data['id']}/agree", {}, **ANY)

    assert (made.status_code, agreed.status_code) == (201, 200)
    assert len(agreed.data["agreed"]) == 3
    undone = first("POST", f"/pair-records/{made.data['id']}/withdraw", {}, **ANY)
    assert (undone.status_code, undone.data["code"]) == (409, "pair.holds")


def test_notes_are_the_three_alone_and_ticks_too(call_as):
    pair = make_pair()
    add_record(pair, PairRecordKind.NOTE, title="查房", actor=pair.student.person)
    item = add_record(pair, PairRecordKind.PLAN, title="开题", actor=pair.student.person)
    college = call_as(make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit))
    mentor = call_as(pair.second.mentor.person)
    path = f"/pairs/{pair.public_id}/records"

    assert [r["title"] for r in college("GET", path).data["items"]] == ["开题"]
    assert {r["title"] for r in mentor("GET", path).data["items"]} == {"开题", "查房"}
    tick = f"/pair-records/{item.public_id}/done"
    assert college("POST", tick, {}, **ANY).status_code == 403
    assert mentor("POST", tick, {}, **ANY).data["done_at"]
    assert PairRecord.objects.get(pk=item.pk).done_at is not None


def test_a_second_stage_is_prepared_from_a_confirmed_round(call_as):
    round_ = make_round(RoundState.CONFIRMED)
    offer = make_offer(round_)
    one = make_list(round_, [offer])
    one.placements.create(round=round_, offer=offer, state="confirmed", source="run")
    MentorshipFactory.create(student=one.student, mentor=offer.mentor)
    path = f"/rounds/{round_.public_id}/second-stage"
    body = {"name_zh": "第二导师", "in_agreement": True}

    made = call_as(make_officer(round_))("POST", path, body)
    refused = call_as(offer.mentor.person)("POST", path, body)

    assert (made.status_code, refused.status_code) == (201, 403)
    assert made.data["rules"]["second_in_agreement"] is True
    assert round_.second_rounds.get().participants.get().student == one.student
