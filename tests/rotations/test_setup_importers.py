"""Spreadsheets of departments, wards, places, other trainees and the regional platform."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Counts, Row
from cotutelle.people.enums import Role
from cotutelle.rotations.importers.setup_wards import month
from cotutelle.rotations.models import Department, Occupancy, RegionalLine, Ward, WardMonth
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.rotations_setup import (
    DepartmentFactory,
    HospitalFactory,
    WardFactory,
    make_cycle,
    make_participant,
)

pytestmark = pytest.mark.django_db
MONTH = dt.date(2026, 12, 1)


@pytest.fixture
def ctx() -> Context:
    hospital = HospitalFactory.create()
    return Context(hospital, make_person(Role.RESIDENCY_OFFICE, unit=hospital))


def rows(*values: dict[str, Any]) -> list[Row]:
    return [Row(n, one) for n, one in enumerate(values, 2)]


def run(kind: str, found: list[Row], ctx: Context) -> Counts:
    importer = registry.find(kind)
    assert importer.check(found, ctx) == []
    return importer.apply(found, ctx, lambda done: None)


def codes(kind: str, found: list[Row], ctx: Context) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.code) for p in registry.find(kind).check(found, ctx)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-09", 9), ("2026/9", 9), ("2026.12", 12), ("202609", 9), ("2026年9月", 9),
        ("2026-09-15", 9), ("2026-09-01", 9), ("2026年10月1日", 10),
    ],
)  # fmt: skip
def test_a_month_is_read_as_people_write_it(cell: str, expected: int) -> None:
    assert month()(cell) == dt.date(2026, expected, 1)


@pytest.mark.parametrize("cell", ["2026-13", "September", "2026", "", "0000-09", "9999-12"])
def test_what_is_no_month_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        month()(cell)


def test_departments_are_added_once_and_changed(ctx: Context) -> None:
    one = {"code": "CARD", "name_zh": "心内科", "family": "medicine"}
    assert run("rotation-departments", rows(one), ctx) == Counts(created=1)
    assert run("rotation-departments", rows(one), ctx) == Counts(unchanged=1)
    changed = one | {"name_zh": "心血管内科", "name_en": None}
    assert run("rotation-departments", rows(changed), ctx) == Counts(updated=1)
    found = Department.objects.get()
    assert (found.name_zh, found.family) == ("心血管内科", "medicine")


def test_wards_are_added_changed_and_accredited(ctx: Context) -> None:
    unit = UnitFactory.create(parent=ctx.unit, code="CV", kind="department")
    for code in ("CARD", "ECG"):
        DepartmentFactory.create(code=code)
    one = {"code": "W1", "name_zh": "心内科", "unit": "CV", "upper": 6, "departments": ("CARD",)}
    assert run("wards", rows(one), ctx) == Counts(created=1)
    assert run("wards", rows(one), ctx) == Counts(unchanged=1)
    more = one | {"departments": ("CARD", "ECG"), "upper": None, "lower": 1}
    assert run("wards", rows(more), ctx) == Counts(updated=1)
    ward = Ward.objects.get()
    assert (ward.unit, ward.hospital, ward.upper, ward.lower) == (unit, ctx.unit, 6, 1)
    assert set(ward.accreditations.values_list("department__code", flat=True)) == {"CARD", "ECG"}


def test_bad_rows_of_wards_are_named(ctx: Context) -> None:
    elsewhere = UnitFactory.create(code="ELSE")
    bad = rows(
        {"code": "A", "name_zh": "甲", "unit": elsewhere.code},
        {"code": "B", "name_zh": "乙", "departments": ("NONE",)},
        {"code": "C", "name_zh": "丙", "upper": 1, "lower": 2},
    )
    assert codes("wards", bad, ctx) == [
        (2, "unit", "ward.unit"), (3, "departments", "ward.department"), (4, "lower", "ward.range"),
    ]  # fmt: skip


def test_places_and_other_trainees_come_by_month(ctx: Context) -> None:
    WardFactory.create(unit=ctx.unit, code="W1")
    places = rows({"ward": "W1", "month": MONTH, "upper": 4, "lower": 1, "note": "装修"})
    assert run("ward-places", places, ctx) == Counts(created=1)
    assert run("ward-places", places, ctx) == Counts(unchanged=1)
    fewer = rows({"ward": "W1", "month": MONTH, "upper": 3})
    assert run("ward-places", fewer, ctx) == Counts(updated=1)
    row = WardMonth.objects.get()
    assert (row.upper, row.lower, row.note) == (3, 1, "装修")
    others = rows({"ward": "W1", "month": MONTH, "social": 2, "employed": 0, "intern": None})
    assert run("ward-occupancy", others, ctx) == Counts(created=1)
    assert run("ward-occupancy", others, ctx) == Counts(unchanged=1)
    assert [(o.kind, o.people) for o in Occupancy.objects.all()] == [("social", 2)]


def test_wards_of_other_hospitals_are_out_of_reach(ctx: Context) -> None:
    WardFactory.create(code="W1")
    bad = rows({"ward": "W1", "month": MONTH, "upper": 1, "lower": 2})
    assert codes("ward-places", bad, ctx) == [
        (2, "ward", "ward.unknown"), (2, "lower", "ward.range"),
    ]  # fmt: skip


def stay(person: Any, first: str, last: str, **more: Any) -> dict[str, Any]:
    return {
        "number": person.student.person.number, "department": "心内科",
        "starts_on": dt.date.fromisoformat(first), "ends_on": dt.date.fromisoformat(last),
    } | more  # fmt: skip


def test_the_list_of_the_platform_replaces_the_lines_of_its_students(ctx: Context) -> None:
    ward = WardFactory.create(unit=ctx.unit, name_zh="心内病区")
    cycle = make_cycle(ctx.unit)
    one, two = make_participant(cycle), make_participant(cycle)
    chosen = Context(ctx.unit, ctx.actor, options={"cycle": str(cycle.public_id)})
    first = rows(
        stay(one, "2026-09-01", "2026-09-30", ward="心内病区"),
        stay(one, "2026-10-01", "2026-11-30"),
        stay(two, "2026-09-01", "2026-10-31", number=two.student.candidate_number),
    )
    assert run("regional-stays", first, chosen) == Counts(created=3)
    assert run("regional-stays", first, chosen) == Counts(unchanged=3)
    again = rows(stay(one, "2026-09-01", "2026-10-31"))
    assert run("regional-stays", again, chosen) == Counts(updated=1)
    kept = RegionalLine.objects.order_by("participant_id")
    assert [(r.participant, r.ends_on.month, r.ward) for r in kept] == [
        (one, 10, None),
        (two, 10, None),
    ]
    assert ward.pk


def test_bad_rows_of_the_platform_are_named(ctx: Context) -> None:
    cycle = make_cycle(ctx.unit)
    one = make_participant(cycle)
    chosen = Context(ctx.unit, ctx.actor, options={"cycle": str(cycle.public_id)})
    bad = rows(
        stay(one, "2026-09-01", "2026-09-30"),
        stay(one, "2026-09-30", "2026-10-31"),
        stay(one, "2026-12-31", "2026-12-01"),
        stay(one, "2027-01-01", "2027-01-31", number="000", ward="不存在"),
    )
    assert codes("regional-stays", bad, chosen) == [
        (3, "starts_on", "regional.twice"), (4, "ends_on", "regional.period"),
        (5, "number", "regional.unknown"), (5, "ward", "regional.ward"),
    ]  # fmt: skip
