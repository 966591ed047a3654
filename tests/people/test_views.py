"""Pages of people: owner, colleague, stranger, other institution; flat in queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cotutelle.core.clock import today
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, SavedView
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.people import PersonFactory, RoleGrantFactory, make_person

pytestmark = pytest.mark.django_db
Opened = Callable[[Person], Client]


@pytest.fixture
def as_() -> Opened:
    def sign_in(person: Person) -> Client:
        client = Client()
        client.cookies["language"] = "en"
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def unit() -> Any:
    return UnitFactory.create(name_en="Medical University")


@pytest.fixture
def officer(unit: Any) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=unit)


def pages_of(person: Person) -> list[str]:
    base = f"/people/{person.public_id}/"
    return [base, f"{base}edit/", f"{base}roles/", f"{base}roles/add/", f"{base}history/",
            f"{base}export/", f"{base}erase/"]  # fmt: skip


def test_everybody_else_is_sent_to_sign_in() -> None:
    for page in ["/people/", "/people/add/", "/people/roles/", "/people/me/", "/people/me/tokens/",
                 *pages_of(PersonFactory.create())]:  # fmt: skip
        response = Client().get(page)
        assert response.status_code == 302
        assert response["Location"].startswith("/account/login/?next=")


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.GRADUATE_OFFICER, [200, 200, 200, 200, 200, 404, 403]),
        (Role.DEPARTMENT_SECRETARY, [200, 200, 200, 403, 200, 404, 403]),
        (Role.LEADER, [200, 403, 200, 403, 200, 404, 403]),
        (Role.SYSTEM_ADMINISTRATOR, [200, 200, 200, 200, 200, 200, 200]),
        (Role.MENTOR, [404, 403, 404, 403, 404, 404, 403]),
        (Role.STUDENT, [404, 403, 404, 403, 404, 404, 403]),
    ],
)
def test_pages_of_a_colleague_by_role(
    as_: Opened, unit: Any, role: Role, expected: list[int]
) -> None:
    colleague = PersonFactory.create(unit=unit)
    client = as_(make_person(role, unit=unit))
    shown = [client.get(page).status_code for page in pages_of(colleague)]
    if role in {Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY, Role.LEADER}:
        expected[5] = shown[5]
        assert client.post(pages_of(colleague)[5]).status_code == 403
    assert shown == expected


@pytest.mark.parametrize("role", [Role.GRADUATE_OFFICER, Role.SYSTEM_ADMINISTRATOR, Role.LEADER])
def test_people_of_another_institution_do_not_exist(as_: Opened, role: Role) -> None:
    stranger = PersonFactory.create(name_en="Somebody Else")
    client = as_(make_person(role))
    assert {client.get(page).status_code for page in pages_of(stranger)} <= {403, 404}
    assert "Somebody Else" not in client.get("/people/").text


def test_ones_own_page(as_: Opened) -> None:
    me = make_person(Role.STUDENT, name_en="Li Na")
    client = as_(me)
    pages = pages_of(me)
    assert "Li Na" in client.get(pages[0]).text
    assert client.get(pages[4]).status_code == 200
    assert client.get(pages[1]).status_code == 403
    taken = client.post(pages[5])
    assert (taken.status_code, taken["Content-Type"]) == (200, "application/zip")
    assert client.get("/people/").status_code == 403


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_is_flat_in_queries(
    as_: Opened, officer: Person, rows: int, django_assert_num_queries: Any
) -> None:
    for _n in range(rows):
        make_person(Role.STUDENT, Role.MENTOR, unit=officer.unit)
    client = as_(officer)
    client.get("/people/")
    with django_assert_num_queries(LIST_QUERIES):
        page = client.get("/people/")
    assert f"{rows + 1} people" in page.text


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_roles_is_flat_in_queries(
    as_: Opened, officer: Person, rows: int, django_assert_num_queries: Any
) -> None:
    for _n in range(rows):
        make_person(Role.STUDENT, unit=officer.unit)
    client = as_(officer)
    client.get("/people/roles/")
    with django_assert_num_queries(ROLE_QUERIES):
        page = client.get("/people/roles/")
    assert f"{rows + 1} entries" in page.text


def test_filters_and_search(as_: Opened, officer: Person) -> None:
    make_person(Role.STUDENT, unit=officer.unit, name_zh="李娜", name_en="Na Li")
    PersonFactory.create(unit=officer.unit, name_en="Closed One", is_active=False)
    client = as_(officer)
    for query, seen, hidden in [
        ("q=lina", "Na Li", "Closed One"),
        ("role=student", "Na Li", "Closed One"),
        ("state=False", "Closed One", "Na Li"),
    ]:
        text = client.get(f"/people/?{query}").text
        assert seen in text
        assert hidden not in text


def test_adding_and_changing_a_person(as_: Opened, officer: Person) -> None:
    client = as_(officer)
    data = {"name_zh": "李娜", "number": "007", "unit": str(officer.unit.public_id),
            "language": "zh-hans", "time_zone": "Asia/Shanghai"}  # fmt: skip
    response = client.post("/people/add/", data)
    made = Person.objects.get(number="007")
    assert response["Location"] == f"/people/{made.public_id}/"

    again = client.post("/people/add/", {**data, "name_zh": "李强"})
    assert "Somebody in this unit has this number." in again.text
    assert "李强" in again.text

    client.post(f"/people/{made.public_id}/edit/", {**data, "username": "li.na", "phone": "1"})
    made.refresh_from_db()
    assert (made.username, made.phone) == ("li.na", "1")


def test_a_person_cannot_be_put_into_a_unit_beyond_reach(as_: Opened, officer: Person) -> None:
    data = {"name_zh": "李娜", "unit": str(UnitFactory.create().public_id),
            "language": "zh-hans", "time_zone": "Asia/Shanghai"}  # fmt: skip
    response = as_(officer).post("/people/add/", data)
    assert response.context["form"].errors.keys() == {"unit"}


def test_bulk_closing_shows_first_what_it_does(as_: Opened, officer: Person) -> None:
    wanted = PersonFactory.create(unit=officer.unit, name_en="Na Li")
    stranger = PersonFactory.create()
    client = as_(officer)
    data = {"pick": [str(wanted.public_id), str(stranger.public_id), "x"], "action": "deactivate"}
    page = client.post("/people/bulk/", data)
    assert "Close sign-in for 1 person" in page.text
    assert Person.objects.get(pk=wanted.pk).is_active
    client.post("/people/bulk/", {**data, "confirm": "1"})
    assert not Person.objects.get(pk=wanted.pk).is_active
    assert Person.objects.get(pk=stranger.pk).is_active


def test_giving_and_ending_a_role(as_: Opened, officer: Person) -> None:
    person = PersonFactory.create(unit=officer.unit)
    client = as_(officer)
    data = {"role": "mentor", "unit": str(officer.unit.public_id), "starts_on": str(today())}
    client.post(f"/people/{person.public_id}/roles/add/", data)
    given = person.grants.get()
    again = client.post(f"/people/{person.public_id}/roles/add/", data)
    assert "holds this role on this unit in that period already" in again.text
    page = client.get(f"/people/roles/{given.public_id}/end/")
    assert "End the role" in page.text
    client.post(f"/people/roles/{given.public_id}/end/")
    assert not person.grants.exists()


def test_roles_of_another_institution_cannot_be_ended(as_: Opened, officer: Person) -> None:
    given = RoleGrantFactory.create()
    assert as_(officer).post(f"/people/roles/{given.public_id}/end/").status_code == 404
    given.refresh_from_db()
    assert given.ends_on is None


def test_erasing_asks_for_the_sign_in_name(as_: Opened) -> None:
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR, unit=make_consortium())
    person = PersonFactory.create(username="li.na")
    client = as_(administrator)
    url = f"/people/{person.public_id}/erase/"
    client.post(url, {"repeat": "wang.wei"})
    assert Person.objects.get(pk=person.pk).erased_at is None
    client.post(url, {"repeat": "Li.Na"})
    assert Person.objects.get(pk=person.pk).erased_at is not None
    assert client.get(f"/people/{person.public_id}/").status_code == 200


def test_a_token_is_shown_once(as_: Opened) -> None:
    me = PersonFactory.create()
    client = as_(me)
    page = client.post("/people/me/tokens/", {"name": "timetable", "days": "30"})
    raw = page.context["raw"]
    assert raw.startswith("cot_")
    assert raw in page.text
    assert raw not in client.get("/people/me/tokens/").text
    token = me.api_tokens.get()
    stranger = as_(PersonFactory.create())
    assert stranger.post(f"/people/me/tokens/{token.public_id}/revoke/").status_code == 404
    client.post(f"/people/me/tokens/{token.public_id}/revoke/")
    assert "Revoked" in client.get("/people/me/tokens/").text


def test_saved_views_are_permalinks(as_: Opened, officer: Person) -> None:
    client = as_(officer)
    client.post(
        "/people/views/save/", {"path": "/people/", "name": "Mentors", "query": "role=mentor"}
    )
    view = SavedView.objects.get()
    link = f"/people/views/{view.public_id}/"
    assert client.get(link)["Location"] == "/people/?role=mentor"
    assert "Mentors" in client.get("/people/?role=mentor").text
    outsider = as_(PersonFactory.create())
    assert outsider.get(outsider.get(link)["Location"]).status_code == 403
    assert outsider.post(f"{link}delete/").status_code == 404
    refused = client.post("/people/views/save/", {"path": "//evil.example/", "name": "x"})
    assert refused.status_code == 409
    client.post(f"{link}delete/")
    assert not SavedView.objects.exists()


def test_own_profile_keeps_what_was_typed_when_it_is_wrong(as_: Opened) -> None:
    me = PersonFactory.create(phone="1")
    client = as_(me)
    data = {"language": "en", "time_zone": "Europe/Berlin", "email": "no address", "phone": "2"}
    page = client.post("/people/me/", data)
    assert "no address" in page.text
    client.post("/people/me/", {**data, "email": "li.na@example.org"})
    me.refresh_from_db()
    assert (me.phone, me.time_zone, me.email) == ("2", "Europe/Berlin", "li.na@example.org")


@pytest.mark.parametrize(
    "page", ["/people/me/", "/people/me/security/", "/people/me/tokens/", "/people/me/views/"]
)
@pytest.mark.parametrize(("language", "word"), [("en", "My profile"), ("zh-hans", "我的资料")])
def test_own_pages_speak_both_languages(as_: Opened, page: str, language: str, word: str) -> None:
    client = as_(PersonFactory.create())
    client.cookies["language"] = language
    assert word in client.get(page).text


@pytest.mark.parametrize("fmt", ["xlsx", "csv"])
def test_the_list_exports_what_is_filtered(as_: Opened, officer: Person, fmt: str) -> None:
    PersonFactory.create(unit=officer.unit, name_zh="李娜", name_en="Na Li")
    response = as_(officer).get(f"/people/?q=lina&format={fmt}")
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    if fmt == "csv":
        text = response.content.decode("utf-8-sig")
        assert "Na Li" in text
        assert officer.number not in text


LIST_QUERIES = 10  # two of them are the frame: tasks and notices
ROLE_QUERIES = 8
