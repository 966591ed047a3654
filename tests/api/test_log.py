"""The log over the interface: how it stands, whose record, what proves, who watches."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from cotutelle.engines.translog import Algorithm, Policy, Signer, check_entry
from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import Leaf, Witness
from cotutelle.people.enums import Role
from tests.factories.log import WatchedLog, make_log, make_witness
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.ledger.readers import decide

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(settings: Any, tmp_path: Any) -> WatchedLog:
    return make_log(settings, tmp_path)


@pytest.fixture
def keeper(log: WatchedLog, call_as: Any) -> Any:
    return call_as(make_person(Role.SYSTEM_ADMINISTRATOR, unit=Unit.objects.get(parent=None)))


def test_how_the_log_stands(log: WatchedLog, keeper: Any) -> None:
    head = log.publish()
    decide(1)
    answer = keeper("GET", "/log").data
    assert answer["origin"] == "log.example/log/1"
    assert (answer["waiting"], answer["size"], answer["published"]) == (1, head.size, head.size)
    assert answer["blocked"] == ""
    note = keeper("GET", "/log/checkpoint").data["note"]
    policy = keeper("GET", "/log/policy").data
    assert Policy.parse(policy["text"]).check(note).checkpoint.size == head.size
    assert (policy["needed"], len(policy["witnesses"])) == (2, 3)


def test_without_a_log_there_is_nothing_to_read(call_as: Any) -> None:
    caller = call_as(make_person(Role.INSPECTOR))
    for path in ("/log", "/log/checkpoint", "/log/policy"):
        assert caller("GET", path).status_code == 404


def test_a_student_follows_the_own_record_page_by_page(log: WatchedLog, call_as: Any) -> None:
    student = StudentFactory.create()
    decide(3, student)
    log.publish()
    decide(1, student)
    caller = call_as(student.person)
    first = caller("GET", "/log/record?limit=3").data
    rest = caller("GET", f"/log/record?limit=3&cursor={first['next']}").data
    events = [*first["items"], *rest["items"]]
    assert rest["next"] is None
    assert [event["seq"] for event in events] == [None, 3, 2, 1]
    assert [event["state"] for event in events] == ["waiting", *["witnessed"] * 3]
    last = events[-1]
    path = f"/log/{last['number']}/entries/{last['index']}/evidence"
    found = caller("GET", path).data
    entry = check_entry(found["entry"], found["payload"], found["salt"])
    proven = Policy.parse(caller("GET", "/log/policy").data["text"]).verify(
        entry.data, found["proof"]
    )
    assert proven.index == last["index"]
    stranger = call_as(StudentFactory.create().person)("GET", path).data
    assert (stranger["payload"], stranger["salt"]) == (None, None)
    assert stranger["proof"] == found["proof"]


def test_mentors_read_their_students_record_and_nobody_elses(log: WatchedLog, call_as: Any) -> None:
    student = StudentFactory.create()
    mentor = MentorshipFactory.create(student=student).mentor
    decide(1, student)
    path = f"/people/{student.person.public_id}/record"
    assert len(call_as(mentor.person)("GET", path).data["items"]) == 1
    for stranger in (MentorshipFactory.create().mentor.person, StudentFactory.create().person):
        assert call_as(stranger)("GET", path).status_code == 404


def line(name: str) -> str:
    return Signer(name, Algorithm.COSIGNATURE, secrets.token_bytes(32)).verifier.vkey


def test_witnesses_and_policies(log: WatchedLog, keeper: Any) -> None:
    hospital = Witness.objects.order_by("id")[0].unit
    body = {
        "unit": str(hospital.public_id),
        "vkey": line("watch.example/new"),
        "url": "https://watch.example",
    }
    made = keeper("POST", "/log/witnesses", body)
    assert made.status_code == 201
    assert made.data["name"] == "watch.example/new"
    twice = keeper("POST", "/log/witnesses", body)
    assert (twice.status_code, twice.data["code"]) == (409, "witness.same_key")
    bad = keeper("POST", "/log/witnesses", body | {"vkey": "x"})
    assert (bad.status_code, bad.data["code"]) == (422, "witness.key")

    ids = [one["id"] for one in keeper("GET", "/log/witnesses").data["items"]]
    disjoint = keeper("POST", "/log/policies", {"needed": 2, "colluders": 0, "witnesses": ids})
    assert (disjoint.status_code, disjoint.data["code"]) == (409, "policy.disjoint")
    good = keeper("POST", "/log/policies", {"needed": 3, "colluders": 1, "witnesses": ids})
    assert (good.status_code, good.data["number"]) == (201, 2)
    assert [one["number"] for one in keeper("GET", "/log/policies").data["items"]] == [2, 1]


def test_letting_a_witness_go_needs_the_version_that_was_read(log: WatchedLog, keeper: Any) -> None:
    spare, _signer = make_witness("witness.example/spare")
    path = f"/log/witnesses/{spare.public_id}"
    tag = keeper("GET", path)["ETag"]
    # A checkpoint sent meanwhile changes nothing of what the caller saw.
    Witness.objects.filter(pk=spare.pk).update(known_size=7)
    assert keeper("POST", f"{path}/retire", {}).status_code == 428
    assert keeper("POST", f"{path}/retire", {}, **{"If-Match": '"old"'}).status_code == 412
    done = keeper("POST", f"{path}/retire", {}, **{"If-Match": tag})
    assert (done.status_code, done.data["state"]) == (200, "retired")
    needed = Witness.objects.get(name="witness.example/w1")
    kept = keeper("POST", f"/log/witnesses/{needed.public_id}/retire", {}, **{"If-Match": "*"})
    assert (kept.status_code, kept.data["code"]) == (409, "witness.needed")


@pytest.mark.parametrize("role", [Role.STUDENT, Role.MENTOR, Role.PARTNER_OFFICER])
def test_others_do_not_keep_the_log(log: WatchedLog, call_as: Any, role: Role) -> None:
    caller = call_as(make_person(role))
    for path in ("/log", "/log/witnesses", "/log/policies"):
        assert caller("GET", path).status_code == 403
    refused = caller("POST", "/log/policies", {"needed": 1, "colluders": 0, "witnesses": []})
    assert refused.status_code in {403, 422}
    assert not Leaf.objects.filter(issuer="").exists()
