"""Units and calendar days from spreadsheets."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.core.errors import RuleViolation
from cotutelle.exchange import registry, services
from cotutelle.exchange.models import ImportRun
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.exchange.books import xlsx
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db

HEAD = ["单位代码", "单位名称", "类型", "上级单位代码"]


@pytest.fixture
def university() -> Unit:
    return UnitFactory.create(code="MU", name_zh="医科大学")


@pytest.fixture
def officer(university: Unit) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=university)


def checked(officer: Person, unit: Unit, *rows: list[Any]) -> ImportRun:
    run = services.start_import(
        "units", actor=officer, unit=unit, content=xlsx([HEAD, *rows]), name="单位.xlsx"
    )
    services.map_columns(run, run.mapping, actor=officer)
    return services.check_import(run, actor=officer)


def imported(run: ImportRun) -> None:
    run_now(services.apply_import(run, actor=run.actor))
    run.refresh_from_db()


def problems_of(run: ImportRun) -> list[tuple[int, str, str]]:
    return [(p["row"], p["column"], p["code"]) for p in run.problems]


def test_units_come_with_their_tree(officer: Person, university: Unit) -> None:
    run = checked(
        officer,
        university,
        ["CARD", "心内科", "科室", "H1"],
        ["H1", "第一医院", "附属医院", None],
    )
    assert run.problem_count == 0
    imported(run)
    ward = Unit.objects.get(code="CARD")
    assert ward.parent is not None
    assert (ward.parent.code, ward.parent.parent, ward.parent.kind) == (
        "H1",
        university,
        UnitKind.HOSPITAL,
    )
    assert ward.path.startswith(university.path)
    again = checked(officer, university, ["CARD", "心血管内科", "科室", "MU"])
    assert again.counts["updated"] == 1
    imported(again)
    ward.refresh_from_db()
    assert (ward.name_zh, ward.parent) == ("心血管内科", university)


def test_bad_units_are_named(officer: Person, university: Unit) -> None:
    UnitFactory.create(code="THEIRS")
    run = checked(
        officer,
        university,
        ["THEIRS", "别人的", "科室", None],
        ["A", "甲", "科室", "B"],
        ["B", "乙", "科室", "A"],
        ["C", "丙", "科室", "NOWHERE"],
        ["D", "丁", "联盟", None],
    )
    assert problems_of(run) == [
        (2, "code", "unit.elsewhere"),
        (3, "parent", "unit.cycle"),
        (4, "parent", "unit.cycle"),
        (5, "parent", "unit.unknown_parent"),
        (6, "kind", "cell"),
    ]


def test_calendar_days_arrive_as_ranges(officer: Person, university: Unit) -> None:
    content = xlsx(
        [
            ["2026年放假安排"],
            ["开始日期", "结束日期", "类型", "名称"],
            ["2026年10月1日", "2026/10/8", "节假日", "国庆节"],
            ["2026-10-10", None, "调休", None],
        ]
    )
    run = services.start_import(
        "calendar_days", actor=officer, unit=university, content=content, name="放假.xlsx"
    )
    services.map_columns(run, run.mapping, actor=officer)
    services.check_import(run, actor=officer)
    assert (run.problem_count, run.counts["created"]) == (0, 2)
    imported(run)
    university.refresh_from_db()
    assert university.calendar is not None
    assert university.calendar.days.count() == 9
    again = services.start_import(
        "calendar_days", actor=officer, unit=university, content=content, name="放假.xlsx"
    )
    services.check_import(again, actor=officer)
    assert again.counts["unchanged"] == 2


def test_kinds_are_registered_once() -> None:
    assert {"units", "people", "calendar_days"} <= {i.kind for i in registry.every()}
    with pytest.raises(RuleViolation) as caught:
        registry.find("nothing")
    assert caught.value.status == 404
