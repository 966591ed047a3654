"""Pages of tasks, authorisations and approvals."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from cotutelle.core.clock import today
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.workflow.enums import ApprovalState, ProxyState
from cotutelle.workflow.models import Approval, ProxyAct, ProxyAuthorisation, Task
from cotutelle.workflow.services import act_for, close_tasks, request_approval
from tests.factories.files import upload
from tests.factories.people import make_person
from tests.factories.workflow import make_proxy, make_task

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def officer() -> Person:
    return make_person(Role.GRADUATE_OFFICER, language="en")


def page_of(client: Client, person: Person, url: str) -> str:
    client.force_login(person)
    return client.get(url).content.decode()


def test_my_tasks_are_mine_with_text_to_copy(client: Client) -> None:
    person = make_person(language="en")
    make_task(person, due_in=HOUR, url="/selection/")
    make_task(make_person(unit=person.unit), kind="test.answer")
    page = page_of(client, person, "/tasks/")
    assert page.count("Submit the list of Selection 2026\nDue: ") == 1
    assert "http://testserver/selection/" in page
    assert "Answer" not in page
    close_tasks(person.unit, "test.list")
    assert "Nothing is waiting for you" in page_of(client, person, "/tasks/")
    assert "Submit the list of Selection 2026" in page_of(client, person, "/tasks/?closed=1")


def test_the_board_is_for_the_offices_of_the_unit(client: Client, officer: Person) -> None:
    person = make_person(unit=officer.unit)
    make_task(person, due_in=-HOUR)
    seen = {}
    for name, actor in {
        "officer": officer,
        "leader": make_person(Role.LEADER, unit=officer.unit, language="en"),
        "assignee": person,
        "other institution": make_person(Role.GRADUATE_OFFICER, language="en"),
    }.items():
        client.force_login(actor)
        answer = client.get("/tasks/board/")
        text = answer.content.decode()
        seen[name] = (
            answer.status_code,
            "Submit the list of Selection 2026" in text,
            'value="all"' in text,
        )
    assert seen == {
        "officer": (200, True, True),
        "leader": (200, True, False),
        "assignee": (403, False, False),
        "other institution": (200, False, False),
    }


@pytest.mark.parametrize("rows", [1, 3])
def test_the_board_costs_the_same_for_one_and_three(
    client: Client,
    officer: Person,
    django_assert_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    for _n in range(rows):
        make_task(make_person(unit=officer.unit))
    client.force_login(officer)
    client.get("/tasks/board/")
    with django_assert_num_queries(13):
        page = client.get("/tasks/board/").content.decode()
    assert page.count('name="one"') == rows


def test_the_board_filters_and_exports(client: Client, officer: Person) -> None:
    late = make_person(unit=officer.unit, name_en="Late Person")
    make_task(late, due_in=-HOUR)
    make_task(make_person(unit=officer.unit, name_en="Early Person"), due_in=HOUR)
    page = page_of(client, officer, "/tasks/board/?late=1")
    assert ("Late Person" in page, "Early Person" in page) == (True, False)
    table = page_of(client, officer, "/tasks/board/?q=early&format=csv")
    assert ("Late Person" in table, "Early Person" in table) == (False, True)


def test_one_tap_reminds_and_says_of_how_many(client: Client, officer: Person) -> None:
    people = [make_person(unit=officer.unit) for _n in range(2)]
    tasks = [make_task(person) for person in people]
    make_task(make_person())
    client.force_login(officer)
    one = client.post("/tasks/board/remind/", {"one": str(tasks[0].public_id)}, follow=True)
    assert "1 person was reminded of 1 open tasks." in one.content.decode()
    rest = client.post("/tasks/board/remind/", {"do": "all", "query": "q=none"}, follow=True)
    assert "Nothing was selected" in rest.content.decode()
    rest = client.post("/tasks/board/remind/", {"do": "all", "query": ""}, follow=True)
    text = rest.content.decode()
    assert "1 person was reminded of 1 open tasks." in text
    assert "1 task was left out" in text
    assert Notice.objects.count() == 2


def test_a_task_of_another_institution_cannot_be_reminded(client: Client, officer: Person) -> None:
    foreign = make_task(make_person())
    client.force_login(officer)
    client.post("/tasks/board/remind/", {"pick": [str(foreign.public_id), "nonsense"]})
    assert Task.objects.get(pk=foreign.pk).reminders == 0


def test_an_authorisation_is_recorded_with_its_paper(client: Client) -> None:
    mentor = make_person(Role.MENTOR)
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=mentor.unit, language="en")
    client.force_login(secretary)
    data = {
        "principal": str(mentor.public_id),
        "agent": str(secretary.public_id),
        "starts_on": today().isoformat(),
        "ends_on": (today() + dt.timedelta(days=10)).isoformat(),
    }
    page = client.post("/tasks/proxies/new/", data | {"document": upload(b"x", "a.exe")})
    assert "not a file of an allowed type" in page.content.decode()
    assert data["ends_on"] in page.content.decode()
    client.post("/tasks/proxies/new/", data | {"document": upload()})
    proxy = ProxyAuthorisation.objects.get()
    assert client.get(f"/files/{proxy.document.public_id}/").status_code == 200
    url = f"/tasks/proxies/{proxy.public_id}/revoke/"
    assert "Revoke the authorisation" in client.get(url).content.decode()
    client.force_login(make_person(Role.DEPARTMENT_SECRETARY))
    assert client.post(url).status_code == 404
    client.force_login(mentor)
    client.post(url)
    proxy.refresh_from_db()
    assert proxy.state == ProxyState.REVOKED


def test_the_principal_finds_the_act_and_objects(client: Client) -> None:
    mentor = make_person(Role.MENTOR, language="en")
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=mentor.unit, language="en")
    make_proxy(mentor, secretary)
    act = act_for(secretary, mentor, action="files.file.stored", subject=mentor)
    url = f"/tasks/acts/{act.public_id}/object/"
    assert url not in page_of(client, secretary, "/tasks/acts/")
    assert client.post(url, {"objection": "No"}).status_code == 403
    client.force_login(make_person(Role.MENTOR))
    assert client.get(url).status_code == 404
    assert url in page_of(client, mentor, "/tasks/acts/")
    assert "This field is required" in client.post(url, {"objection": ""}).content.decode()
    assert "I said no" in client.post(url, {"objection": "I said no"}, follow=True).content.decode()
    assert ProxyAct.objects.get().objected_at is not None


def test_a_request_is_decided_once_with_a_reason(client: Client, officer: Person) -> None:
    other = make_person(Role.GRADUATE_OFFICER, language="en")
    assert officer.unit is not None
    approval = request_approval(
        "test.override", officer, unit=officer.unit, actor=officer, params={"student": "Li"}
    )
    url = f"/tasks/approvals/{approval.public_id}/"
    assert "Waits for you" in page_of(client, other, "/tasks/approvals/?mine=1")
    page = client.post(url, {"decision": "refuse", "note": ""}).content.decode()
    assert "Say why you refuse." in page
    client.post(url, {"decision": "refuse", "note": "No ground."})
    approval.refresh_from_db()
    assert (approval.state, approval.note) == (ApprovalState.REFUSED, "No ground.")
    assert client.post(url, {"decision": "approve"}).status_code == 409
    assert "No ground." in page_of(client, officer, url)
    client.force_login(make_person())
    assert client.get(url).status_code == 404


def test_the_person_who_asked_sees_no_button_but_may_withdraw(
    client: Client, officer: Person
) -> None:
    assert officer.unit is not None
    approval = request_approval(
        "test.override", officer, unit=officer.unit, actor=officer, params={"student": "Li"}
    )
    url = f"/tasks/approvals/{approval.public_id}/"
    page = page_of(client, officer, url)
    assert 'name="decision"' not in page
    assert client.post(url, {"decision": "approve"}).status_code == 403
    client.post(f"{url}withdraw/")
    assert Approval.objects.get().state == ApprovalState.WITHDRAWN
