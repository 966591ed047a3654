"""Pages of papers, and the public check."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from cotutelle.documents.enums import DocumentState
from cotutelle.documents.services import void_document
from cotutelle.files.services import read_file
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.documents.papers import issue
from tests.factories.files import upload
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def officer() -> Person:
    return make_person(
        Role.GRADUATE_OFFICER, language="en", name_zh="王保密", name_en="Wang Secret"
    )


def test_the_public_check_shows_number_and_state_and_nobody(
    client: Client, officer: Person
) -> None:
    document = issue(officer)
    page = client.get(f"/documents/v/{document.public_id}/", headers={"accept-language": "en"})
    text = page.content.decode()
    assert document.number in text
    assert "is valid" in text
    for secret in ("王保密", "Wang Secret", "双选结果公示", "Notice of results", "张三"):
        assert secret not in text
    void_document(document, reason="a private reason", actor=officer)
    text = client.get(f"/documents/v/{document.public_id}/").content.decode()
    assert "a private reason" not in text
    assert "is valid" not in text


def test_an_unknown_code_is_said_to_be_none_of_ours(client: Client) -> None:
    page = client.get(f"/documents/v/{uuid.uuid4()}/", headers={"accept-language": "en"})
    assert page.status_code == 404
    assert "There is no such paper" in page.content.decode()


@pytest.mark.parametrize(
    ("copy", "changed", "says"),
    [
        ("zh", b"", "Your file is exactly the one that was issued."),
        ("en", b"", "Your file is exactly the one that was issued."),
        ("zh", b" ", "Your file is not the one that was issued"),
    ],
)
def test_a_file_is_compared_by_its_fingerprint(
    client: Client, officer: Person, copy: str, changed: bytes, says: str
) -> None:
    document = issue(officer)
    content = read_file(getattr(document, f"file_{copy}")) + changed
    page = client.post(
        f"/documents/v/{document.public_id}/",
        {"upload": upload(content, "any.pdf")},
        headers={"accept-language": "en"},
    )
    assert says in page.content.decode()


def test_a_void_paper_is_void_even_when_the_file_matches(client: Client, officer: Person) -> None:
    document = issue(officer)
    void_document(document, reason="x", actor=officer)
    page = client.post(
        f"/documents/v/{document.public_id}/",
        {"upload": upload(read_file(document.file_zh))},
        headers={"accept-language": "en"},
    )
    assert "but the paper is void" in page.content.decode()


def test_owner_colleague_and_stranger(client: Client, officer: Person) -> None:
    document = issue(officer)
    seen = {}
    for name, person in {
        "officer": officer,
        "concerned": make_person(Role.STUDENT, username="concerned"),
        "colleague": make_person(Role.STUDENT, unit=officer.unit),
        "other institution": make_person(Role.GRADUATE_OFFICER),
    }.items():
        client.force_login(person)
        paths = ("", "zh/", "en/", "scan/", "archive/", "void/")
        seen[name] = [
            client.get(f"/documents/{document.public_id}/{path}").status_code for path in paths
        ]
    assert seen == {
        "officer": [200, 200, 200, 404, 200, 200],
        "concerned": [200, 200, 200, 404, 403, 403],
        "colleague": [404, 404, 404, 404, 403, 403],
        "other institution": [404, 404, 404, 404, 404, 404],
    }


def test_the_scan_comes_back_and_the_paper_is_archived(client: Client, officer: Person) -> None:
    document = issue(officer)
    client.force_login(officer)
    url = f"/documents/{document.public_id}/archive/"
    page = client.post(url, {"upload": upload(b"<html>", "a.html")}).content.decode()
    assert "not a file of an allowed type" in page
    client.post(url, {"upload": upload()})
    document.refresh_from_db()
    assert document.state == DocumentState.ARCHIVED
    answer = client.get(f"/documents/{document.public_id}/scan/")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{document.number}')
    assert client.post(url, {"upload": upload()}).status_code == 409


def test_a_paper_is_declared_void_with_a_reason(client: Client, officer: Person) -> None:
    document = issue(officer)
    client.force_login(officer)
    url = f"/documents/{document.public_id}/void/"
    assert "Declare the paper void" in client.get(url).content.decode()
    assert client.post(url, {"reason": ""}).status_code == 200
    document.refresh_from_db()
    assert document.state == DocumentState.ISSUED
    assert "Wrong year" in client.post(url, {"reason": "Wrong year"}, follow=True).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(
    client: Client,
    officer: Person,
    django_assert_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    numbers = [issue(officer).number for _n in range(rows)]
    client.force_login(officer)
    client.get("/documents/")
    with django_assert_num_queries(7):
        page = client.get("/documents/").content.decode()
    assert all(number in page for number in numbers)
    assert client.get(f"/documents/?q={numbers[0]}").content.decode().count("/zh/") == 1


def test_the_list_is_exported(client: Client, officer: Person) -> None:
    number = issue(officer).number
    client.force_login(officer)
    assert number in client.get("/documents/?format=csv").content.decode()
    assert client.get("/documents/?format=exe").status_code == 400
