"""What every request passes: caller, language, version, key, page, rate, words of a refusal."""

from __future__ import annotations

import datetime as dt
import json
import threading

import pytest
import time_machine
from django.db import connection
from django.test import Client

from cotutelle.api.models import IdempotentReply
from cotutelle.core.clock import now
from cotutelle.people.enums import Role
from cotutelle.people.models import ApiToken, Person
from cotutelle.people.services import revoke_token
from tests.factories.people import PASSWORD, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_person(Role.GRADUATE_OFFICER)


@pytest.fixture
def call(officer, call_as):
    return call_as(officer)


def new_person(officer, **fields):
    return {"unit": str(officer.unit.public_id), "name_zh": "李四", **fields}


def test_a_token_says_who_calls_and_remembers_when(call, officer):
    answer = call("GET", "/me")

    assert answer.status_code == 200
    assert answer.data["id"] == str(officer.public_id)
    assert answer.data["roles"][0]["role"] == "graduate_officer"
    assert ApiToken.objects.get().last_used_at is not None
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic abc", "Bearer", ""])
def test_without_a_valid_token_nothing_is_read(header, db):
    answer = Client().get("/api/v1/me", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "access.unauthenticated"
    assert answer.json()["type"] == "urn:cotutelle:problem:access.unauthenticated"


def test_a_revoked_or_expired_token_is_dead(call, officer):
    with time_machine.travel(now() + dt.timedelta(days=2)):
        assert call("GET", "/me").status_code == 401
    revoke_token(ApiToken.objects.get(), actor=officer)

    assert call("GET", "/me").status_code == 401


def test_a_wrong_token_never_falls_back_to_the_session(officer):
    client = Client()
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert client.get("/api/v1/me").status_code == 200
    answer = client.get("/api/v1/me", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_a_session_needs_its_csrf_token_to_change_anything(officer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    body = json.dumps(new_person(officer))

    refused = client.post("/api/v1/people", body, content_type="application/json")
    client.cookies["csrftoken"] = "a" * 32
    allowed = client.post(
        "/api/v1/people", body, content_type="application/json",
        headers={"X-CSRFToken": "a" * 32},
    )  # fmt: skip

    assert (refused.status_code, refused.json()["code"]) == (403, "csrf.failed")
    assert allowed.status_code == 201


def test_a_stranger_is_told_which_rule(call_as):
    student = make_person(Role.STUDENT)

    answer = call_as(student)("GET", "/people", **{"Accept-Language": "en"})

    assert (answer.status_code, answer.data["code"]) == (403, "access.denied")
    assert answer.data["detail"] == "Only staff see the list of people of their unit."
    assert answer["Content-Language"] == "en"


def test_the_language_is_that_of_the_header_else_of_the_person(call, officer):
    Person.objects.filter(pk=officer.pk).update(language="en")

    assert call("GET", "/me").data["name"] == officer.name_en
    answer = call("GET", "/me", **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert answer.data["name"] == officer.name_zh


def test_another_institution_is_not_found(call):
    elsewhere = make_person(Role.STUDENT)

    answer = call("GET", f"/people/{elsewhere.public_id}")

    assert (answer.status_code, answer.data["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/nothing", "/people/not-a-uuid", "/"])
def test_an_unknown_address_is_a_problem_too(call, path):
    answer = call("GET", path)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_an_address_names_the_methods_it_takes(call):
    answer = call("DELETE", "/people")

    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name_zh": 7}, "body.name_zh"),
        ({"name_zh": "a\x00b"}, "body.name_zh"),
        ({"name_zh": "x" * 101}, "body.name_zh"),
        ({"identity_number": "1"}, "body.identity_number"),
        ({"unit": "7"}, "body.unit"),
        ({"language": "fr"}, "body.language"),
    ],
)
def test_each_bad_value_is_named(call, officer, change, field):
    answer = call("POST", "/people", new_person(officer) | change)

    assert answer.status_code == 422
    assert answer.data["code"] == "request.invalid"
    assert [e["field"] for e in answer.data["errors"]] == [field]
    assert Person.objects.filter(name_zh="李四").count() == 0


def test_a_body_that_is_no_json_is_unreadable(call):
    answer = Client().post(
        "/api/v1/people", "{", content_type="application/json",
        headers={"Authorization": f"Bearer {call.raw}"},
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (400, "request.unreadable")


def test_a_rule_of_the_service_is_a_problem_with_its_field(call, officer):
    answer = call("POST", "/people", new_person(officer, number=officer.number))

    assert (answer.status_code, answer.data["code"]) == (409, "person.number_taken")
    assert answer.data["errors"][0]["field"] == "number"


def test_a_parameter_twice_is_refused(call):
    answer = call("GET", "/people?limit=1&limit=2")

    assert (answer.status_code, answer.data["errors"][0]["field"]) == (422, "query.limit")


# ---------------------------------------------------------------- versions


def test_a_change_needs_the_version_that_was_read(call, officer):
    path = f"/people/{officer.public_id}"
    etag = call.etag(path)

    missing = call("PATCH", path, {"phone": "1"})
    first = call("PATCH", path, {"phone": "2"}, **{"If-Match": etag})
    second = call("PATCH", path, {"phone": "3"}, **{"If-Match": etag})
    again = call("PATCH", path, {"phone": "4"}, **{"If-Match": first["ETag"]})

    codes = [a.status_code for a in (missing, first, second, again)]
    assert codes == [428, 200, 412, 200]
    assert (missing.data["code"], second.data["code"]) == ("version.missing", "version.stale")
    assert Person.objects.get(pk=officer.pk).phone == "4"


def test_what_was_not_sent_is_not_touched(call, officer):
    path = f"/people/{officer.public_id}"

    answer = call("PATCH", path, {"phone": "12345"}, **{"If-Match": "*"})

    assert (answer.data["phone"], answer.data["email"]) == ("12345", officer.email)


# ---------------------------------------------------------------- keys


def test_the_same_key_gives_the_first_answer_again(call, officer):
    key = {"Idempotency-Key": "k1"}

    first = call("POST", "/people", new_person(officer), **key)
    second = call("POST", "/people", new_person(officer), **key)

    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert second["Idempotency-Replayed"] == "true"
    assert (second["Location"], second["ETag"]) == (first["Location"], first["ETag"])
    assert Person.objects.filter(name_zh="李四").count() == 1


def test_a_key_with_another_body_is_refused(call, officer):
    call("POST", "/people", new_person(officer), **{"Idempotency-Key": "k1"})

    answer = call("POST", "/people", new_person(officer, phone="9"), **{"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.data["code"]) == (422, "idempotency.reused")


def test_a_failed_create_leaves_its_key_free(call, officer):
    key = {"Idempotency-Key": "k1"}
    bad = new_person(officer, number=officer.number)

    assert call("POST", "/people", bad, **key).status_code == 409
    assert IdempotentReply.objects.count() == 0
    assert call("POST", "/people", new_person(officer), **key).status_code == 201


def test_keys_are_forgotten_after_a_day_and_are_one_s_own(call, officer, call_as):
    colleague = call_as(make_person(Role.GRADUATE_OFFICER, unit=officer.unit))
    key = {"Idempotency-Key": "k1"}
    first = call("POST", "/people", new_person(officer), **key)

    other = colleague("POST", "/people", new_person(officer), **key)
    assert other.data["id"] != first.data["id"]
    IdempotentReply.objects.update(created_at=now() - dt.timedelta(hours=25))
    late = call("POST", "/people", new_person(officer), **key)
    assert late.data["id"] not in {first.data["id"], other.data["id"]}


@pytest.mark.django_db(transaction=True)
def test_many_hands_with_one_key_create_one_person(call, officer):
    barrier, answers = threading.Barrier(8), []

    def press():
        try:
            barrier.wait()
            answers.append(call("POST", "/people", new_person(officer), **{"Idempotency-Key": "k"}))
        finally:
            connection.close()

    hands = [threading.Thread(target=press) for _ in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert {a.status_code for a in answers} == {201}
    assert len({a.data["id"] for a in answers}) == 1
    assert Person.objects.filter(name_zh="李四").count() == 1


# ---------------------------------------------------------------- pages and rate


def test_pages_follow_each_other_and_lose_nobody(call, officer):
    for _n in range(4):
        make_person(Role.STUDENT, unit=officer.unit)
    seen, cursor = [], ""
    for _page in range(3):
        page = call("GET", f"/people?limit=2&cursor={cursor}").data
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        make_person(Role.STUDENT)

    people = Person.objects.filter(unit=officer.unit).order_by("pk")
    assert seen == [str(p.public_id) for p in people]
    assert cursor is None


def test_a_cursor_belongs_to_its_list(call, officer):
    make_person(Role.STUDENT, unit=officer.unit)
    cursor = call("GET", "/people?limit=1").data["next"]

    for path in (f"/units?cursor={cursor}", "/people?cursor=abc", f"/people?cursor={cursor}x"):
        answer = call("GET", path)
        assert (answer.status_code, answer.data["code"]) == (422, "cursor.invalid")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", " 1"])
def test_a_page_has_1_to_200_rows(call, limit):
    assert call("GET", f"/people?limit={limit}").status_code == 422


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_asks_the_same_number_of_questions_for_any_rows(
    call, officer, rows, django_assert_num_queries
):
    for _n in range(rows):
        make_person(Role.STUDENT, unit=officer.unit)
    with django_assert_num_queries(6):
        answer = call("GET", "/people")
    assert len(answer.data["items"]) == rows + 1


def test_too_many_requests_wait_a_minute(call, settings):
    settings.COTUTELLE_API_PER_MINUTE = 2
    with time_machine.travel(dt.datetime(2026, 11, 21, 10, 0, 30, tzinfo=dt.UTC), tick=False):
        ApiToken.objects.update(expires_at=dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
        codes = [call("GET", "/me").status_code for _n in range(3)]
        refused = call("GET", "/me")
    with time_machine.travel(dt.datetime(2026, 11, 21, 10, 1, 0, tzinfo=dt.UTC), tick=False):
        later = call("GET", "/me").status_code

    assert codes == [200, 200, 429]
    assert (refused.data["code"], refused["Retry-After"]) == ("rate.exceeded", "60")
    assert later == 200


def test_passwords_are_no_way_in(officer):
    answer = Client().get(
        "/api/v1/me", headers={"Authorization": f"Bearer {officer.username}:{PASSWORD}"}
    )

    assert answer.status_code == 401
