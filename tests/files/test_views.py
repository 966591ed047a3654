"""Downloads: the owner, those the purpose allows, nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from cotutelle.files import access
from tests.factories.files import PDF, make_file
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_the_owner_downloads_an_attachment_no_browser_runs(client: Client) -> None:
    person = make_person()
    file = make_file(person)
    client.force_login(person)
    answer = client.get(f"/files/{file.public_id}/")
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="paper.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, no-store"


def test_a_colleague_reads_only_what_the_purpose_allows(client: Client) -> None:
    owner = make_person()
    colleague = make_person(unit=owner.unit)
    access.register("test.colleagues", lambda a, f: None if a.unit_id == f.unit_id else "no")
    client.force_login(colleague)
    shared = make_file(owner, purpose="test.colleagues")
    private = make_file(owner, purpose="test.never_declared")
    assert client.get(f"/files/{shared.public_id}/").status_code == 200
    assert client.get(f"/files/{private.public_id}/").status_code == 404


def test_strangers_and_the_public_read_nothing(client: Client) -> None:
    access.register("test.colleagues", lambda a, f: None if a.unit_id == f.unit_id else "no")
    file = make_file(make_person(), purpose="test.colleagues")
    url = f"/files/{file.public_id}/"
    assert client.get(url).headers["Location"].endswith(f"?next={url}")
    client.force_login(make_person())
    assert client.get(url).status_code == 404
    assert client.post(url).status_code == 405
