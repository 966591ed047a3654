"""Rosters in and out: codes, bad cells, whose days a unit fills in."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Counts, Row
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import DutyKind
from cotutelle.rotations.models import DutyEntry, HoursPolicy
from cotutelle.rotations.shifts import USUAL, read_cell
from tests.exchange.books import xlsx
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_hours import HoursWorld, add_student, make_hours_world, plan_duty
from tests.factories.rotations_setup import make_ward

pytestmark = pytest.mark.django_db
MONDAY = dt.date(2026, 11, 16)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def world() -> HoursWorld:
    return make_hours_world()


def context(world: HoursWorld, *, month: str | None = "2026-11") -> Context:
    return Context(world.base, world.secretary, {"month": month} if month else {})


def grid(*values: dict[str, Any]) -> list[Row]:
    return [Row(n, one) for n, one in enumerate(values, 2)]


def problems(kind: str, rows: list[Row], ctx: Context) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.code) for p in registry.find(kind).check(rows, ctx)]


def run(kind: str, rows: list[Row], ctx: Context) -> Counts:
    assert problems(kind, rows, ctx) == []
    return registry.find(kind).apply(rows, ctx, lambda done: None)


def test_cells_are_read_as_hospitals_write_them() -> None:
    assert [s.code for s in read_cell("上＋科", USUAL)] == ["上", "科"]
    assert [s.code for s in read_cell("上、下", USUAL)] == ["上", "下"]
    assert read_cell("休", USUAL) == read_cell("—", USUAL) == []
    with pytest.raises(ValueError, match="“甲”"):
        read_cell("白+甲", USUAL)


@pytest.mark.parametrize("cell", ["25:00", "08:00Z", "08:00+08:00", "soon"])
def test_what_is_no_time_on_a_clock_is_refused(cell: str) -> None:
    column = next(c for c in registry.find("roster-days").columns if c.name == "start")
    with pytest.raises(ValueError, match="08:00"):
        column.parse(cell)


def test_a_table_replaces_the_days_with_a_code(world: HoursWorld) -> None:
    plan_duty(world.student, MONDAY)
    plan_duty(world.student, MONDAY + dt.timedelta(days=1))
    plan_duty(world.student, MONDAY + dt.timedelta(days=2))
    one = {"person": world.person.number, "d16": "上+科", "d17": "休", "d18": None, "d19": "夜"}
    assert run("roster", grid(one), context(world)) == Counts(updated=1)
    found = DutyEntry.objects.order_by("day", "starts_at").values_list(
        "day__day", "kind", "minutes"
    )
    assert list(found) == [
        (16, "clinical", 240), (16, "research", 240), (18, "clinical", 480), (19, "on_call", 870),
    ]  # fmt: skip
    assert DutyEntry.objects.get(day__day=19).ward == world.ward
    assert run("roster", grid(one), context(world)) == Counts(unchanged=1)
    assert DutyEntry.objects.count() == 4


def test_people_are_known_by_number_or_by_a_name_that_is_theirs_alone(world: HoursWorld) -> None:
    twin = add_student(world.hospital, world.ward)
    other = add_student(world.hospital, world.ward)
    twin.person.name_zh = world.person.name_zh
    twin.person.save()
    run("roster", grid({"person": other.person.name_zh, "d2": "白"}), context(world))
    assert DutyEntry.objects.get().student == other
    bad = grid(
        {"person": world.person.name_zh, "d1": "白"},
        {"person": "nobody", "d1": "白"},
        {"person": other.person.number, "d1": "白"},
        {"person": other.person.name_zh, "d1": "白"},
    )
    assert problems("roster", bad, context(world)) == [
        (2, "person", "roster.person"), (3, "person", "roster.person"), (5, "person", "roster.same"),
    ]  # fmt: skip


def test_bad_cells_are_named_by_their_column(world: HoursWorld) -> None:
    bad = grid({
        "person": world.person.number, "d1": "甲", "d2": "白+白", "d3": "值+夜", "d31": "白",
    })  # fmt: skip
    assert problems("roster", bad, context(world)) == [
        (2, "d1", "roster.code"), (2, "d2", "roster.day"), (2, "d3", "roster.day"),
        (2, "d31", "roster.day"),
    ]  # fmt: skip
    assert (
        problems("roster", grid({"person": world.person.number, "d31": "休"}), context(world)) == []
    )


def test_a_ward_fills_in_its_own_days_alone(world: HoursWorld) -> None:
    elsewhere = make_ward()
    outside = Context(elsewhere.unit, make_person(Role.BASE_SECRETARY, unit=elsewhere.unit),
                      {"month": "2026-11"})  # fmt: skip
    row = grid({"person": world.person.number, "d1": "白"})
    assert problems("roster", row, outside) == [(2, "person", "roster.person")]
    far = StudentFactory.create()
    assert problems("roster", grid({"person": far.person.number, "d1": "白"}), context(world)) == [
        (2, "person", "roster.person")
    ]
    later = Context(world.base, world.secretary, {"month": "2027-02"})
    assert problems("roster", row, later) == [(2, "person", "roster.person")]
    office = Context(world.hospital, world.office, {"month": "2027-02"})
    assert problems("roster", row, office) == []


def test_codes_of_the_unit_hold(world: HoursWorld) -> None:
    HoursPolicy.objects.create(
        unit=world.base,
        shifts=[{"code": "甲", "kind": "teaching", "start": "", "minutes": 90}],
    )
    run("roster", grid({"person": world.person.number, "d3": "甲"}), context(world))
    found = DutyEntry.objects.get()
    assert (found.kind, found.starts_at, found.minutes) == (DutyKind.TEACHING, None, 90)
    bad = grid({"person": world.person.number, "d3": "白"})
    assert problems("roster", bad, context(world)) == [(2, "d3", "roster.code")]


def test_a_list_replaces_the_days_it_speaks_of(world: HoursWorld) -> None:
    plan_duty(world.student, MONDAY)
    plan_duty(world.student, MONDAY + dt.timedelta(days=1))
    base = {"person": world.person.number, "day": MONDAY}
    rows = grid(
        base | {"kind": "clinical", "start": dt.time(8), "hours": 4},
        base | {"kind": "research", "start": dt.time(14), "hours": 4},
    )
    counts = run("roster-days", rows, context(world, month=None))
    assert (counts.created, counts.updated) == (1, 1)
    found = DutyEntry.objects.order_by("day", "starts_at").values_list("day__day", "kind")
    assert list(found) == [(16, "clinical"), (16, "research"), (17, "clinical")]
    bad = grid(
        base | {"kind": "clinical", "start": dt.time(8), "hours": 20},
        base | {"kind": "on_call", "start": dt.time(17), "hours": 6},
        base | {"kind": "research", "start": dt.time(14), "hours": 0},
    )
    assert [code for _row, _column, code in problems("roster-days", bad, context(world, month=None))
            ] == ["roster.day", "roster.hours", "roster.day"]  # fmt: skip


def test_a_file_goes_through_the_pages_with_every_bad_cell(world: HoursWorld) -> None:
    client = Client()
    client.force_login(world.secretary)
    client.cookies["language"] = "en"
    start = reverse("exchange:start", args=["roster"])
    assert client.get(start).status_code == 200
    head = ["学号", "姓名", *(f"{n}日" for n in range(1, 31))]
    row = [world.person.number, world.person.name_zh, "白", "甲", *["休"] * 28]
    upload = SimpleUploadedFile("roster.xlsx", xlsx([head, row]))
    page = client.post(
        start, {"unit": world.base.public_id, "file": upload, "month": "2026-11"}, follow=True
    )
    form = page.context["form"]
    found = {f"{name}": form[name].value() or "" for name in form.fields}
    page = client.post(page.redirect_chain[-1][0], found, follow=True)
    shown = page.content.decode()
    assert "“甲” is not a shift" in shown
    assert "D2" in shown


def test_the_roster_comes_out_as_it_goes_in(world: HoursWorld) -> None:
    one = {"person": world.person.number, "d16": "上+科", "d17": "白"}
    run("roster", grid(one), context(world))
    client = Client()
    client.force_login(world.secretary)
    url = reverse("rotations:rosters")
    assert client.get(url).status_code == 200
    answer = client.get(url, {"unit": world.base.public_id, "month": "2026-11", "format": "xlsx"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    head, line = list(sheet.iter_rows(values_only=True))
    row = dict(zip(head, line, strict=True))
    assert (row["16"], row["17"], row["18"]) == ("上+科", "白", "休")
    assert line[0] == world.person.number
    stranger = Client()
    stranger.force_login(make_person(Role.BASE_SECRETARY))
    answer = stranger.get(url, {"unit": world.base.public_id, "month": "2026-11", "format": "xlsx"})
    assert answer["Content-Type"].startswith("text/html")
