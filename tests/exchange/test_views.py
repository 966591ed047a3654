from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from cotutelle.exchange import services
from cotutelle.exchange.enums import RunState
from cotutelle.exchange.models import ImportRun
from cotutelle.institutions.models import Unit
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.exchange.books import xlsx
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, make_person

pytestmark = pytest.mark.django_db

HEAD = ["工号", "姓名", "邮箱"]


@pytest.fixture
def university() -> Unit:
    return UnitFactory.create(code="MU", name_zh="医科大学")


@pytest.fixture
def officer(university: Unit) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=university, name_zh="王丽", language="en")


@pytest.fixture
def desk(officer: Person) -> Client:
    return signed_in(officer)


def signed_in(person: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def file(*rows: list[Any], name: str = "people.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, xlsx([HEAD, *rows]))


def send(desk: Any, unit: Unit, upload: SimpleUploadedFile) -> Any:
    return desk.post(
        reverse("exchange:start", args=["people"]), {"unit": str(unit.public_id), "file": upload}
    )


def at(name: str, run: ImportRun) -> str:
    return reverse(f"exchange:{name}", args=[run.public_id])


def checked_run(officer: Person, unit: Unit, *rows: list[Any]) -> ImportRun:
    run = services.start_import(
        "people", actor=officer, unit=unit, content=xlsx([HEAD, *rows]), name="people.xlsx"
    )
    services.map_columns(run, run.mapping, actor=officer)
    return services.check_import(run, actor=officer)


def test_upload_map_check_import(desk: Any, university: Unit) -> None:
    sent = send(desk, university, file(["001", "张三", "a@example.org"]))
    run = ImportRun.objects.get()
    assert sent.url == at("run", run)
    assert desk.get(sent.url).url == at("columns", run)
    shown = desk.get(at("columns", run)).content.decode()
    assert "B 姓名: 张三" in shown
    chosen = desk.post(
        at("columns", run), {"column_number": "0", "column_name_zh": "1", "column_email": "2"}
    )
    assert chosen.url == at("run", run)
    shown = desk.get(chosen.url).content.decode()
    assert "Import 1 row" in shown
    assert not Person.objects.filter(number="001").exists()
    started = desk.post(at("apply", run), {"rows": "all"})
    assert started.status_code == 302
    run_now(Job.objects.get())
    assert Person.objects.get(number="001").email == "a@example.org"
    shown = desk.get(at("run", run)).content.decode()
    assert "The rows are imported." in shown
    assert "Import 1 row" not in shown
    second = send(desk, university, file(["002", "李四", ""]))
    assert "Import 1 row" in desk.get(second.url).content.decode()


def test_problems_are_shown_with_their_cells_and_come_as_a_file(
    desk: Any, officer: Person, university: Unit
) -> None:
    run = checked_run(officer, university, ["001", "张三", "nonsense"], ["002", "李四", None])
    shown = desk.get(at("run", run)).content.decode()
    assert "C2 E-mail" in shown
    assert "nonsense" in shown
    assert "This is not an e-mail address." in shown
    assert "Import the 1 good row" in shown
    marked = desk.get(at("problems", run))
    sheet: Any = load_workbook(io.BytesIO(marked.content)).active
    assert sheet["E2"].value == "nonsense"
    desk.post(at("apply", run), {"rows": "all"})
    assert not Job.objects.exists()
    desk.post(at("apply", run), {"rows": "good"})
    run_now(Job.objects.get())
    assert Person.objects.filter(number__in=["001", "002"]).count() == 1


def test_problems_speak_the_readers_language(desk: Any, officer: Person, university: Unit) -> None:
    run = checked_run(officer, university, ["001", "张三", "nonsense"])
    desk.get(at("run", run))
    run.refresh_from_db()
    assert (run.language, run.problems[0]["message"]) == ("en", "This is not an e-mail address.")


def test_duplicates_and_namesakes_are_decided_on_the_page(
    desk: Any, officer: Person, university: Unit
) -> None:
    PersonFactory.create(unit=university, number="OLD", name_zh="张三")
    run = checked_run(officer, university, ["001", "张三", None], ["001", "张三", None])
    shown = desk.get(at("run", run)).content.decode()
    assert "Keep the first of duplicates" in shown
    desk.post(at("decide", run), {"keep_first": "1"})
    shown = desk.get(at("run", run)).content.decode()
    assert "Already known" in shown
    assert "OLD" in shown
    desk.post(at("decide", run), {"question_0": "new"})
    assert "Import 1 row" in desk.get(at("run", run)).content.decode()
    desk.post(at("decide", run), {"question_0": "whatever"})
    run.refresh_from_db()
    assert list(run.decisions.values()) == ["new"]


def test_refused_files_are_answered_in_the_form(desk: Any, university: Unit) -> None:
    old = SimpleUploadedFile("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    answer = send(desk, university, old)
    assert answer.status_code == 422
    assert "old Excel file" in answer.content.decode()
    assert not ImportRun.objects.exists()
    wrong = send(desk, university, SimpleUploadedFile("a.csv", b"\0\1\2"))
    assert wrong.status_code == 422


def test_wrong_columns_are_answered_in_the_form(
    desk: Any, officer: Person, university: Unit
) -> None:
    run = services.start_import(
        "people",
        actor=officer,
        unit=university,
        content=xlsx([HEAD, ["1", "a", None]]),
        name="a.xlsx",
    )
    answer = desk.post(at("columns", run), {"column_number": "0", "column_name_zh": "0"})
    assert answer.status_code == 422
    assert "chosen for two fields" in answer.content.decode()
    moved = desk.post(at("columns", run), {"sheet": "0", "header_row": "2"})
    assert moved.url == at("columns", run)
    run.refresh_from_db()
    assert run.header_row == 1


def test_the_template_is_a_workbook(desk: Any) -> None:
    answer = desk.get(reverse("exchange:template", args=["people"]))
    assert load_workbook(io.BytesIO(answer.content)).worksheets[0]["A1"].value == "Number *"


def test_discarding(desk: Any, officer: Person, university: Unit) -> None:
    run = checked_run(officer, university, ["001", "张三", None])
    assert desk.post(at("discard", run)).url == reverse("exchange:home")
    run.refresh_from_db()
    assert run.state == RunState.DISCARDED
    assert "was discarded" in desk.get(at("run", run)).content.decode()


def test_a_stopped_job_frees_the_import(desk: Any, officer: Person, university: Unit) -> None:
    run = checked_run(officer, university, ["001", "张三", None])
    job = services.apply_import(run, actor=officer)
    Job.objects.filter(pk=job.pk).update(state="stopped", finished_at=job.created_at)
    shown = desk.get(at("run", run)).content.decode()
    assert "did not finish" in shown
    assert "Import 1 row" in shown


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_imports_needs_no_query_per_row(
    desk: Any, officer: Person, university: Unit, count: int, django_assert_num_queries: Any
) -> None:
    home = reverse("exchange:home")
    desk.get(home)
    with CaptureQueriesContext(connection) as empty:
        desk.get(home)
    for number in range(count):
        checked_run(officer, university, [f"{number}", "张三", None])
    with django_assert_num_queries(len(empty)):
        shown = desk.get(home).content.decode()
    assert shown.count("people.xlsx") == count
    assert sum("exchange_importrun" in q["sql"] for q in empty.captured_queries) == 1


def test_owner_colleague_stranger(officer: Person, university: Unit) -> None:
    run = checked_run(officer, university, ["001", "张三", "nonsense"])
    colleague = signed_in(make_person(Role.GRADUATE_OFFICER, unit=university))
    secretary = signed_in(make_person(Role.DEPARTMENT_SECRETARY, unit=university))
    stranger = signed_in(make_person(Role.GRADUATE_OFFICER))
    student = signed_in(make_person(Role.STUDENT, unit=university))
    assert colleague.get(at("run", run)).status_code == 200
    assert "Import the" not in colleague.get(at("run", run)).content.decode()
    assert colleague.post(at("apply", run), {"rows": "good"}).status_code == 403
    assert colleague.post(at("discard", run)).status_code == 403
    assert colleague.get(at("columns", run)).status_code == 403
    for client, status in ((secretary, 404), (stranger, 404), (student, 403)):
        for name in ("run", "columns", "problems"):
            assert client.get(at(name, run)).status_code == status
        for name in ("decide", "apply", "discard"):
            assert client.post(at(name, run)).status_code == status
    assert student.get(reverse("exchange:home")).status_code == 403
    assert student.get(reverse("exchange:start", args=["people"])).status_code == 403
    assert student.get(reverse("exchange:template", args=["people"])).status_code == 403
    assert Client().get(at("run", run)).status_code == 302
    run.refresh_from_db()
    assert run.state == RunState.CHECKED


def test_units_out_of_reach_cannot_be_chosen(desk: Any) -> None:
    elsewhere = UnitFactory.create()
    assert send(desk, elsewhere, file(["001", "张三", None])).status_code == 422
    assert desk.get(reverse("exchange:start", args=["nothing"])).status_code == 404
