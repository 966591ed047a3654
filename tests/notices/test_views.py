"""The inbox: one's own, with what to open and what to copy."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cotutelle.notices import kinds
from cotutelle.notices.models import Notice
from cotutelle.notices.queries import unread_count, wanted_by
from cotutelle.notices.services import notify
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db
kinds.register("test.page", title="Result of %(who)s", body="Please answer.")


def tell(person: object, url: str = "/jobs/", who: str = "round 1") -> Notice:
    notify([person], "test.page", params={"who": who}, url=url)  # type: ignore[list-item]
    return Notice.objects.latest("id")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_inbox_costs_the_same_for_one_and_three(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    person = make_person(language="en")
    for _n in range(rows):
        tell(person)
    tell(make_person(), who="somebody else")
    client.force_login(person)
    client.get("/inbox/")
    with django_assert_num_queries(8):
        page = client.get("/inbox/").content.decode()
    assert page.count('name="pick"') == rows
    assert "somebody else" not in page


def test_opening_a_notice_marks_it_read_and_leads_on(client: Client) -> None:
    person = make_person(language="en")
    notice, plain = tell(person), tell(person, url="")
    client.force_login(person)
    assert client.get(f"/inbox/{notice.public_id}/open/").headers["Location"] == "/jobs/"
    answer = client.get(f"/inbox/{plain.public_id}/open/", follow=True)
    assert "Result of round 1\nPlease answer." in answer.content.decode()
    assert unread_count(person) == 0


def test_a_notice_never_leads_out_of_the_house(client: Client) -> None:
    person = make_person()
    notice = tell(person, url="https://evil.example/")
    client.force_login(person)
    location = client.get(f"/inbox/{notice.public_id}/open/").headers["Location"]
    assert location == f"/inbox/{notice.public_id}/"


def test_a_notice_is_nobody_elses(client: Client) -> None:
    person = make_person()
    notice = tell(person)
    client.force_login(make_person(unit=person.unit))
    for path in ("", "open/"):
        assert client.get(f"/inbox/{notice.public_id}/{path}").status_code == 404
    client.post("/inbox/read/", {"pick": [str(notice.public_id), "nonsense"]})
    assert unread_count(person) == 1


def test_bulk_marking_says_how_many(client: Client) -> None:
    person = make_person(language="en")
    notices = [tell(person) for _n in range(3)]
    client.force_login(person)
    two = {"pick": [str(n.public_id) for n in notices[:2]], "do": "picked"}
    page = client.post("/inbox/read/", two, follow=True)
    assert "2 notices marked as read." in page.content.decode()
    assert client.get("/inbox/?unread=1").content.decode().count('name="pick"') == 1
    client.post("/inbox/read/", {"do": "all"})
    assert unread_count(person) == 0


def test_one_chooses_how_one_is_told(client: Client) -> None:
    person = make_person(language="en", email="me@example.org")
    client.force_login(person)
    assert "me@example.org" in client.get("/inbox/settings/").content.decode()
    client.post("/inbox/settings/", {"email": "urgent"})
    assert wanted_by(person)["email"] == "urgent"
    assert (
        "Select a valid choice"
        in client.post("/inbox/settings/", {"email": "never"}).content.decode()
    )
