"""What programs do: owner, colleague and stranger; the story of a list from draft to why."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cotutelle.api.v1.interface import operations
from cotutelle.engines.matching import verify_certificate
from cotutelle.institutions.models import Unit
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.people.models import RoleGrant
from cotutelle.selection.enums import ListState, RoundState
from cotutelle.selection.models import Offer, Round
from tests.api.season import CSV, make_season
from tests.factories.institutions import make_consortium
from tests.factories.mentorship import MentorFactory
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    return make_season()


@pytest.fixture
def officer(season, call_as):
    return call_as(season.officer)


def test_a_stranger_opens_nothing_of_a_season(season, call_as):
    stranger = call_as(make_person(Role.STUDENT))
    ids = season.ids()
    for path, operation in operations():
        if operation.methods != ["GET"] or "{" not in path:
            continue
        address = path
        for name, value in ids.items():
            address = address.replace(f"{{uuidstr:{name}}}", value).replace(f"{{{name}}}", value)
        answer = stranger("GET", address)
        open_to_all = address.startswith(("/mentors/", "/achievements/"))
        assert answer.status_code in ({200} if open_to_all else {403, 404}), address


def test_a_unit_is_created_moved_and_read(officer):
    root = make_consortium()
    made = officer(
        "POST", "/units",
        {"kind": "college", "code": "C1", "name_zh": "医学院", "parent": str(root.public_id)},
    )  # fmt: skip
    below = officer(
        "POST", "/units",
        {"kind": "department", "code": "D1", "name_zh": "内科", "parent": str(root.public_id)},
    )  # fmt: skip
    path = f"/units/{below.data['id']}"

    moved = officer("PATCH", path, {"parent": made.data["id"]}, **{"If-Match": below["ETag"]})

    assert made["Location"] == f"/api/v1/units/{made.data['id']}"
    assert moved.data["parent"]["id"] == made.data["id"]
    assert Unit.objects.get(code="D1").parent == Unit.objects.get(code="C1")


def test_a_role_is_given_and_ended(officer, season):
    unit = str(season.ranking.unit.public_id)
    path = f"/people/{season.spare.public_id}/roles"

    given = officer("POST", path, {"role": "inspector", "unit": unit})
    ended = officer("POST", f"/roles/{given.data['id']}/end", {}, **{"If-Match": "*"})

    assert (given.status_code, ended.status_code) == (201, 200)
    assert not RoleGrant.objects.filter(person=season.spare, role=Role.INSPECTOR).exists()


def test_a_student_writes_submits_and_withdraws_the_list(season, call_as):
    participant, offer = season.participant, season.offer
    student = call_as(participant.student.person)
    path = f"/participants/{participant.public_id}/list"
    etag = student.etag(path)

    put = student("PUT", path, {"offers": [str(offer.public_id)]}, **{"If-Match": etag})
    stale = student("PUT", path, {"offers": []}, **{"If-Match": etag})
    sent = student("POST", f"{path}/submit", **{"If-Match": put["ETag"]})
    gone = student("POST", f"{path}/withdraw", **{"If-Match": sent["ETag"]})

    assert [a.status_code for a in (put, stale, sent, gone)] == [200, 412, 200, 200]
    assert (sent.data["state"], gone.data["state"]) == ("submitted", "withdrawn")
    assert [o["id"] for o in put.data["offers"]] == [str(offer.public_id)]
    participant.refresh_from_db()
    assert participant.list_state == ListState.WITHDRAWN


def test_a_fellow_student_and_a_mentor_never_read_a_list(season, call_as):
    fellow = make_list(season.ranking, [season.offer]).student.person
    mentor = season.offer.mentor.person
    path = f"/participants/{season.participant.public_id}/list"

    assert [call_as(p)("GET", path).status_code for p in (fellow, mentor)] == [404, 403]


def test_a_mentor_answers_and_never_reads_a_place(call_as):
    round_ = make_round(RoundState.RANKING)
    offer = make_offer(round_)
    one = make_list(round_, [offer])
    Round.objects.filter(pk=round_.pk).update(state=RoundState.ANSWERING)
    mentor = call_as(offer.mentor.person)
    path = f"/answers/{round_.answers.get().public_id}"
    words = {"words": [{"participant": str(one.public_id), "verdict": "accept", "tier": 1}]}

    read = mentor("GET", path)
    put = mentor("PUT", path, words, **{"If-Match": read["ETag"]})
    sent = mentor("POST", f"{path}/submit", {}, **{"If-Match": put["ETag"]})

    applicant = read.data["applicants"][0]
    assert applicant["participant"] == str(one.public_id)
    assert not {"position", "rank", "student_rank"} & set(applicant)
    assert (sent.status_code, sent.data["state"]) == (200, "submitted")
    assert sent.data["applicants"][0]["verdict"] == "accept"


def test_a_run_is_a_job_whose_certificate_anybody_can_check(season, call_as):
    officer = call_as(season.officer)
    started = officer("POST", f"/rounds/{season.closed.public_id}/runs", {"trial": True})
    run_now(Job.objects.get(public_id=started.data["id"]))

    job = officer("GET", f"/jobs/{started.data['id']}").data
    runs = officer("GET", "/runs").data["items"]
    certificate = officer("GET", f"/runs/{runs[0]['id']}/certificate").data

    assert (started.status_code, job["state"]) == (202, "done")
    assert runs[0]["verified"] is True
    assert verify_certificate(certificate).ok


def test_nobody_learns_the_result_or_the_seed_before_it_is_published(season, call_as):
    placed = season.placement
    student = call_as(placed.participant.student.person)
    why = f"/participants/{placed.participant.public_id}/why/{placed.offer.public_id}"

    before = student("GET", why)
    unseen = student("GET", "/placements")
    Round.objects.filter(pk=season.closed.pk).update(state=RoundState.PUBLISHED)
    placed.state = "published"
    placed.save()
    after = student("GET", why)

    assert (before.data["code"], after.data["code"]) == ("not_run", "assigned")
    assert unseen.data["items"] == []
    assert [p["student_rank"] for p in student("GET", "/placements").data["items"]] == [1]
    assert student("GET", f"/rounds/{season.closed.public_id}").data["seed"]
    ranking = call_as(season.participant.student.person)
    assert ranking("GET", f"/rounds/{season.ranking.public_id}").data["seed"] is None


def test_the_mentor_never_reads_at_which_place_the_student_put_them(season, call_as):
    placed = season.placement
    Round.objects.filter(pk=season.closed.pk).update(state=RoundState.PUBLISHED)
    placed.state = "published"
    placed.save()

    rows = call_as(placed.offer.mentor.person)("GET", "/placements").data["items"]

    assert [(r["id"], r["student_rank"]) for r in rows] == [(str(placed.public_id), None)]


def test_a_round_is_prepared_and_filled_from_the_cohort(call_as):
    round_ = make_round(RoundState.DRAFT)
    one = make_list(make_round(), []).student
    one.cohort, one.unit = round_.cohort, round_.unit
    one.save()
    officer = call_as(make_officer(round_))
    body = {
        "unit": str(round_.unit.public_id),
        "cohort": str(round_.cohort.public_id),
        "name_zh": "补录轮",
        "quota_year": 2026,
        "rules": {"max_choices": 3},
    }

    made = officer("POST", "/rounds", body)
    added = officer("POST", f"/rounds/{made.data['id']}/participants", {})
    again = officer("POST", f"/rounds/{made.data['id']}/participants", {})
    moved = officer(
        "POST", f"/rounds/{made.data['id']}/move", {"to": "ranking"}, **{"If-Match": "*"}
    )

    assert made.data["rules"]["max_choices"] == 3
    assert (added.data["added"], again.data["added"]) == (1, 0)
    assert (moved.status_code, moved.data["code"]) == (409, "round.no_offers")


def test_a_mentor_writes_an_offer_but_not_a_colleague_s(call_as):
    round_ = make_round(RoundState.DRAFT)
    mentor = MentorFactory.create(unit=round_.unit)
    caller, colleague = (
        call_as(mentor.person),
        call_as(MentorFactory.create(unit=round_.unit).person),
    )
    body = {
        "round": str(round_.public_id), "mentor": str(mentor.public_id), "track": "clinical",
        "places": 1, "title_zh": "心电图",
    }  # fmt: skip

    refused = colleague("POST", "/offers", body)
    made = caller("POST", "/offers", body)
    changed = caller(
        "PATCH", f"/offers/{made.data['id']}", {"places": 2}, **{"If-Match": made["ETag"]}
    )

    assert refused.status_code == 403
    assert (made.status_code, made.data["state"]) == (201, "draft")
    assert (changed.data["places"], changed.data["title_zh"]) == (2, "心电图")
    assert Offer.objects.count() == 1


def test_a_spreadsheet_goes_in(officer, season):
    root = make_consortium()
    upload = Client().post(
        "/api/v1/imports",
        {
            "kind": "units",
            "unit": str(root.public_id),
            "file": SimpleUploadedFile("units.csv", CSV, content_type="text/csv"),
        },
        headers={"Authorization": f"Bearer {officer.raw}"},
    )
    found = upload.json()
    path = f"/imports/{found['id']}"

    mapped = officer("POST", f"{path}/mapping", {"mapping": found["mapping"]})
    checked = officer("POST", f"{path}/check", {})
    applied = officer("POST", f"{path}/apply", {})
    run_now(Job.objects.get(public_id=applied.data["id"]))

    assert (upload.status_code, mapped.status_code, applied.status_code) == (201, 200, 202)
    assert (checked.data["good"], checked.data["problems"]) == (1, [])
    assert officer("GET", path).data["state"] == "applied"
    assert Unit.objects.filter(code="D01").exists()


def test_notices_are_one_s_own_and_can_be_read(officer, season, call_as):
    path = f"/notices/{season.notice.public_id}/read"

    assert call_as(season.spare)("POST", path).status_code == 404
    assert officer("POST", path).data["read_at"] is not None
    unread = officer("GET", "/notices?show=unread").data["items"]
    assert str(season.notice.public_id) not in {n["id"] for n in unread}


def test_history_tells_what_a_program_did(officer, season):
    path = f"/people/{season.spare.public_id}"
    officer("PATCH", path, {"phone": "12345"}, **{"If-Match": "*"})

    entries = officer("GET", f"/history/people.person/{season.spare.public_id}").data["items"]

    assert entries[0]["action"] == "people.person.changed"
    assert {"12345"} <= {c["new"] for c in entries[0]["changes"]}


def test_the_description_is_public_and_the_reference_page_lists_every_operation(client, season):
    description = client.get("/api/v1/openapi.json")
    client.force_login(
        season.officer, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    page = client.get("/api/v1/docs").content.decode()

    assert json.loads(description.content)["openapi"] == "3.1.0"
    for path, methods in description.json()["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "<script>" not in page
