"""Keeping, sharing, forgetting files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from cotutelle.core.errors import RuleViolation
from cotutelle.files import access, storage
from cotutelle.files.models import StoredFile
from cotutelle.files.services import delete_file, read_file, store_file
from cotutelle.ledger.models import Entry
from tests.factories.files import PDF, make_file, upload
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_store_file_keeps_bytes_under_their_digest() -> None:
    person = make_person()
    file = store_file(upload(), actor=person, unit=person.unit, purpose="test.any")
    assert file.name == "签字.pdf"
    assert file.content_type == "application/pdf"
    assert file.sha256 == hashlib.sha256(PDF).hexdigest()
    assert read_file(file) == PDF
    assert storage.path_of(file.sha256).read_bytes() == PDF
    assert Entry.objects.filter(action="files.file.stored", subject_id=file.pk).count() == 1


def test_equal_contents_share_their_place_until_the_last_is_deleted(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    person = make_person()
    first, second = make_file(person), make_file(person)
    path = storage.path_of(first.sha256)
    with django_capture_on_commit_callbacks(execute=True):
        delete_file(first, actor=person)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        delete_file(second, actor=person)
    assert not path.exists()
    assert not StoredFile.objects.exists()


def test_a_crash_while_writing_leaves_nothing_under_the_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        storage.write(b"content", "ab" * 32)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.pdf", "file.empty"),
        (PDF + b"x" * 100, "a.pdf", "file.size"),
        (b"<html>", "a.html", "file.type"),
        (PDF, "a.png", "file.type"),
        (b"a,b\n", "a.csv", "file.type"),
    ],
)
def test_store_file_refuses(content: bytes, name: str, code: str) -> None:
    access.register("test.small", lambda actor, file: None, types=("pdf",), max_bytes=len(PDF))
    person = make_person()
    with pytest.raises(RuleViolation) as refused:
        store_file(content, name=name, actor=person, unit=None, purpose="test.small")
    assert refused.value.code == code
    assert not StoredFile.objects.exists()


def test_read_file_says_when_the_data_folder_lost_it() -> None:
    file = make_file(make_person())
    storage.remove(file.sha256)
    with pytest.raises(RuleViolation) as refused:
        read_file(file)
    assert refused.value.code == "file.missing"
