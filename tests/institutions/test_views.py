"""Pages of units and calendars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.people import PersonFactory, make_person

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


def pages_of(unit: Unit) -> list[str]:
    base = f"/units/{unit.public_id}/"
    return [base, *(f"{base}{tab}/" for tab in ("people", "calendar", "history", "edit", "state"))]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.STUDENT, {403}),
        (Role.MENTOR, {403}),
        (Role.LEADER, {200, 403}),
        (Role.PARTNER_OFFICER, {200}),
    ],
)
def test_pages_of_ones_own_unit_by_role(as_: Opened, role: Role, expected: set[int]) -> None:
    person = make_person(role)
    client = as_(person)
    assert person.unit is not None
    assert {client.get(page).status_code for page in pages_of(person.unit)} == expected


def test_everybody_else_is_sent_to_sign_in() -> None:
    for page in ["/units/", "/units/add/", *pages_of(UnitFactory.create())]:
        assert Client().get(page)["Location"].startswith("/account/login/")


def test_units_of_a_partner_are_read_but_not_changed(as_: Opened) -> None:
    officer = make_person(Role.PARTNER_OFFICER)
    theirs = UnitFactory.create(name_en="Other Hospital")
    client = as_(officer)
    assert "Other Hospital" in client.get("/units/").text
    detail = client.get(pages_of(theirs)[0]).text
    assert "Change the unit" not in detail
    data = {"name_zh": "偷改", "code": theirs.code, "kind": "hospital",
            "parent": str(make_consortium().public_id)}  # fmt: skip
    client.post(f"/units/{theirs.public_id}/edit/", data)
    assert client.post(f"/units/{theirs.public_id}/state/").status_code == 403
    theirs.refresh_from_db()
    assert (theirs.name_zh == "偷改", theirs.state) == (False, "active")


def test_people_of_a_partner_stay_unseen(as_: Opened) -> None:
    stranger = make_person(Role.LEADER, name_en="Their Leader")
    assert stranger.unit is not None
    page = as_(make_person(Role.PARTNER_OFFICER)).get(f"/units/{stranger.unit.public_id}/people/")
    assert page.status_code == 200
    assert "Their Leader" not in page.text


def test_adding_changing_and_moving_a_unit(as_: Opened) -> None:
    officer = make_person(Role.PARTNER_OFFICER)
    assert officer.unit is not None
    client = as_(officer)
    data = {"name_zh": "心内科", "code": "CARD", "kind": "department",
            "parent": str(officer.unit.public_id)}  # fmt: skip
    client.post("/units/add/", data)
    made = Unit.objects.get(code="CARD")
    assert made.parent == officer.unit
    again = client.post("/units/add/", {**data, "name_zh": "又一个"})
    assert "Another unit has this code." in again.text
    assert "又一个" in again.text

    other = UnitFactory.create(parent=officer.unit, kind="college")
    changed = {**data, "name_en": "Cardiology", "parent": str(other.public_id)}
    client.post(f"/units/{made.public_id}/edit/", changed)
    made.refresh_from_db()
    assert (made.name_en, made.path) == ("Cardiology", f"{other.path}{made.pk}/")
    assert "Unit moved" in client.get(f"/units/{made.public_id}/history/").text


def test_the_root_is_renamed_but_stays_where_it_is(as_: Opened) -> None:
    root = make_consortium()
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR, unit=root)
    client = as_(administrator)
    client.post(f"/units/{root.public_id}/edit/", {"name_zh": "新名", "code": root.code})
    root.refresh_from_db()
    assert (root.name_zh, root.parent_id) == ("新名", None)


def test_search_makes_a_list_of_the_tree(as_: Opened) -> None:
    officer = make_person(Role.PARTNER_OFFICER)
    UnitFactory.create(name_zh="北方医院", name_en="North Hospital", parent=officer.unit)
    UnitFactory.create(name_zh="旧医院", name_en="Old Hospital", state="archived")
    client = as_(officer)
    page = client.get("/units/?q=beifang")
    assert "North Hospital" not in page.text
    page = client.get("/units/?q=bei%20fang")
    assert "North Hospital" in page.text
    assert page.context["tree"] is None
    assert "Old Hospital" not in client.get("/units/?q=Hospital").text
    assert "Old Hospital" in client.get("/units/?state=archived").text


def test_the_calendar_of_a_year(as_: Opened) -> None:
    officer = make_person(Role.PARTNER_OFFICER)
    assert officer.unit is not None
    client = as_(officer)
    url = f"/units/{officer.unit.public_id}/calendar/"
    assert "2026: 261 working days" in client.get(f"{url}?year=2026").text

    client.post(url, {"do": "create", "create-name_zh": "校历"})
    days = {"do": "set", "set-first": "2026-10-01", "set-last": "2026-10-07",
            "set-kind": "holiday", "set-name_zh": "国庆"}  # fmt: skip
    response = client.post(url, days)
    assert response["Location"] == f"{url}?year=2026"
    assert "2026: 256 working days" in client.get(f"{url}?year=2026").text

    wrong = client.post(url, {**days, "set-last": "2026-09-01"})
    assert "The last day must follow the first" in wrong.text
    client.post(url, {"do": "remove", "remove-first": "2026-10-01", "remove-last": "2026-10-07"})
    assert "2026: 261 working days" in client.get(f"{url}?year=2026").text


def test_a_calendar_is_not_changed_by_those_who_only_read(as_: Opened) -> None:
    leader = make_person(Role.LEADER)
    assert leader.unit is not None
    url = f"/units/{leader.unit.public_id}/calendar/"
    as_(leader).post(url, {"do": "create", "create-name_zh": "校历"})
    leader.unit.refresh_from_db()
    assert leader.unit.calendar_id is None


@pytest.mark.parametrize("year", ["0", "99999", "abc", "-1", "²"])
def test_odd_years_open_some_year(as_: Opened, year: str) -> None:
    person = make_person(Role.LEADER)
    assert person.unit is not None
    page = as_(person).get(f"/units/{person.unit.public_id}/calendar/", {"year": year})
    assert page.status_code == 200
    assert page.context["year"] in {2000, 2100, dt.datetime.now(dt.UTC).year}


@pytest.mark.parametrize("rows", [1, 3])
def test_the_tree_is_flat_in_queries(
    as_: Opened, rows: int, django_assert_num_queries: Any
) -> None:
    officer = make_person(Role.PARTNER_OFFICER)
    for _n in range(rows):
        UnitFactory.create(parent=officer.unit, kind="department")
    client = as_(officer)
    client.get("/units/")
    with django_assert_num_queries(TREE_QUERIES):
        page = client.get("/units/")
    assert f"{rows + 2} units" in page.text


def test_names_follow_the_language(as_: Opened) -> None:
    person = make_person(Role.LEADER, unit=UnitFactory.create(name_zh="北方医院", name_en="North"))
    client = as_(person)
    client.cookies["language"] = "zh-hans"
    text = client.get("/units/").text
    assert "北方医院" in text
    assert "所有合作单位在同一棵树中" in text


def test_a_person_without_roles_sees_no_units(as_: Opened) -> None:
    assert as_(PersonFactory.create()).get("/units/").status_code == 403


TREE_QUERIES = 9  # two of them are the frame: tasks and notices
