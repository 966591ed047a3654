"""Papers: numbered without gaps, in both languages, archived, void."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from pypdf import PdfReader
from pytest_django import Settings

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.documents import rendering
from cotutelle.documents.enums import DOCUMENT_TRANSITIONS, DocumentState
from cotutelle.documents.kinds import code_of, register
from cotutelle.documents.models import Document, NumberSeries
from cotutelle.documents.queries import copy_with, visible_to
from cotutelle.documents.services import archive_scan, check_link, take_number, void_document
from cotutelle.files.models import StoredFile
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
    settings.COTUTELLE_BASE_URL = "https://ct.example.org"


@pytest.fixture
def officer() -> Person:
    return make_person(Role.GRADUATE_OFFICER)


def text_of(file: StoredFile) -> str:
    """Return the text of a PDF without spaces: lines are broken by the layout."""
    content = read_file(file)
    assert content.startswith(b"%PDF-")
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) == 1
    return "".join(pages[0].extract_text().split())


def test_a_paper_comes_in_both_languages_with_number_seal_and_link(officer: Person) -> None:
    with time_machine.travel("2026-11-20 10:00:00+08:00"):
        document = issue(officer)
    assert document.number == "2026-TS-0001"
    chinese, english = text_of(document.file_zh), text_of(document.file_en)
    for text in (chinese, english):
        assert "2026-TS-0001" in text
        assert "双选结果公示" in text
        assert "Noticeofresults" in text
        assert "张三*#$" in text
        assert "ct.example.org/documents/v/" in text
    assert "名单公示如下。" in chinese
    assert "盖章处" in chinese
    assert "2026年11月20日" in chinese
    assert "Thelistispublishedbelow." in english
    assert "20Nov2026" in english
    assert "名单公示" not in english


def test_a_paper_carries_what_programs_read_and_leads_where_it_is_told(officer: Person) -> None:
    document = issue(
        officer, link="https://ct.example.org/verify/abc", attachments={"a.json": b'{"a":1}'}
    )
    for file in (document.file_zh, document.file_en):
        assert "https://ct.example.org/verify/abc" in text_of(file)
        assert PdfReader(io.BytesIO(read_file(file))).attachments == {"a.json": [b'{"a":1}']}


def test_the_digest_is_that_of_the_file(officer: Person) -> None:
    document = issue(officer)
    assert document.sha256 == document.file_zh.sha256
    assert copy_with(document, document.file_zh.sha256) == "zh"
    assert copy_with(document, document.file_en.sha256) == "en"
    assert copy_with(document, "0" * 64) == ""
    assert check_link(document).startswith("https://ct.example.org/documents/v/")


def test_the_year_is_that_of_the_unit(officer: Person) -> None:
    with time_machine.travel("2026-12-31 17:00:00+00:00"):  # 2027 in Shanghai
        assert issue(officer).number == "2027-TS-0001"


def test_a_paper_that_fails_gives_its_number_back(officer: Person) -> None:
    with pytest.raises(ValueError, match="template"):
        issue(officer, template="documents/none.typ")
    with pytest.raises(ValueError, match="template"):
        issue(officer, template="documents/../core/x.typ")
    assert not NumberSeries.objects.exists()
    assert issue(officer).number.endswith("-0001")


def test_a_machine_without_a_chinese_font_says_so(
    officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "SANS", ())
    monkeypatch.setattr(rendering, "SERIF", ())
    with pytest.raises(RuleViolation) as refused:
        issue(officer)
    assert refused.value.code == "document.no_font"
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("kind", "code"), [("test.notice", "TS"), ("room.some_thing", "SOMETHING"), ("x.——", "DOC")]
)
def test_every_kind_has_a_code(kind: str, code: str) -> None:
    assert code_of(kind) == code


@pytest.mark.parametrize("code", ["", "ts", "A-B", "A" * 13])
def test_codes_are_capitals_and_digits(code: str) -> None:
    with pytest.raises(ValueError, match="code"):
        register("test.bad", code=code, label="x")


@pytest.mark.parametrize("before", list(DocumentState))
@pytest.mark.parametrize("after", [DocumentState.ARCHIVED, DocumentState.VOID])
def test_papers_move_as_their_life_says(
    officer: Person, before: DocumentState, after: DocumentState
) -> None:
    document = issue(officer)
    if before == DocumentState.ARCHIVED:
        archive_scan(document, upload(), actor=officer)
    elif before == DocumentState.VOID:
        void_document(document, reason="Wrong year", actor=officer)

    def move() -> Document:
        if after == DocumentState.ARCHIVED:
            return archive_scan(document, upload(), actor=officer)
        return void_document(document, reason="Wrong year", actor=officer)

    if after in DOCUMENT_TRANSITIONS[before]:
        assert move().state == after
    else:
        with pytest.raises(RuleViolation) as refused:
            move()
        assert refused.value.code == "document.state"
        document.refresh_from_db()
        assert document.state == before


def test_a_void_paper_needs_a_reason_and_a_scan_a_paper(officer: Person) -> None:
    document = issue(officer)
    with pytest.raises(RuleViolation) as void:
        void_document(document, reason=" ", actor=officer)
    assert void.value.code == "document.reason"
    with pytest.raises(RuleViolation) as scan:
        archive_scan(document, upload(b"<html>", "a.pdf"), actor=officer)
    assert scan.value.code == "file.type"
    assert document.state == DocumentState.ISSUED


def test_who_sees_archives_and_voids(officer: Person) -> None:
    document = issue(officer)
    leader = make_person(Role.LEADER, unit=officer.unit)
    concerned = make_person(Role.STUDENT, username="concerned")
    student = make_person(Role.STUDENT, unit=officer.unit)
    stranger = make_person(Role.GRADUATE_OFFICER)
    seen = [visible_to(p).exists() for p in (officer, leader, concerned, student, stranger)]
    assert seen == [True, True, True, False, False]
    for actor in (leader, concerned, student, stranger):
        with pytest.raises(Refused):
            archive_scan(document, upload(), actor=actor)
        with pytest.raises(Refused):
            void_document(document, reason="x", actor=actor)


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_get_ten_numbers_without_a_gap() -> None:
    gate = threading.Barrier(10)
    numbers: list[str] = []

    def burst() -> None:
        gate.wait()
        numbers.append(take_number("TS", 2026))
        connection.close()

    threads = [threading.Thread(target=burst) for _n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [f"2026-TS-{n:04}" for n in range(1, 11)]
