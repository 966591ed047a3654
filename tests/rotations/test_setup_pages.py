"""Pages of departments, curricula and wards: who opens them, what stands there, what a press does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CurriculumState, WardState
from cotutelle.rotations.models import Curriculum, Department, RegionalLine, Ward, WardMonth
from cotutelle.rotations.queries.setup_curricula import curricula_visible_to
from cotutelle.rotations.queries.setup_faults import content_of
from cotutelle.rotations.queries.setup_wards import wards_visible_to
from cotutelle.rotations.services.setup_sheets import read_sheets, write_sheets
from tests.exchange.books import xlsx
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_setup import (
    DepartmentFactory,
    HospitalFactory,
    WardFactory,
    make_curriculum,
    make_cycle,
    make_participant,
    make_stay,
    make_ward,
)

pytestmark = pytest.mark.django_db
LIST_QUERIES = 13
LOAD_QUERIES = 13
MONTH = dt.date(2026, 12, 1)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield


def sign_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


def at(name: str, *things: Any) -> str:
    return reverse(f"rotations:{name}", args=[getattr(t, "public_id", t) for t in things])


@pytest.fixture
def hospital() -> Any:
    return HospitalFactory.create()


@pytest.fixture
def office(hospital: Any) -> Client:
    return sign_in(make_person(Role.RESIDENCY_OFFICE, unit=hospital, language="en"))


@pytest.mark.parametrize("count", [1, 4])
def test_lists_ask_the_same_number_of_questions(
    office: Client, hospital: Any, count: int, django_assert_max_num_queries: Any
) -> None:
    for _n in range(count):
        make_curriculum(2, unit=hospital)
    for name, most in (
        ("wards", LIST_QUERIES), ("curricula", LIST_QUERIES), ("departments", LIST_QUERIES),
        ("load", LOAD_QUERIES),
    ):  # fmt: skip
        with django_assert_max_num_queries(most):
            page = office.get(at(name))
        assert page.status_code == 200
        assert page.context["listing"].total == count
        assert office.get(at(name) + "?format=xlsx").status_code == 200


def test_wards_are_seen_by_their_unit_and_by_planners_of_every_hospital(hospital: Any) -> None:
    base = UnitFactory.create(parent=hospital, kind="training_base")
    own, other = WardFactory.create(unit=base, hospital=hospital), WardFactory.create()
    for role, unit, expected in (
        (Role.BASE_SECRETARY, base, {own}),
        (Role.PARTNER_OFFICER, other.unit, {other}),
        (Role.LEADER, hospital, {own}),
        (Role.RESIDENCY_OFFICE, other.unit, {own, other}),
        (Role.STUDENT, hospital, set()),
    ):
        assert set(wards_visible_to(make_person(role, unit=unit))) == expected, role


def test_drafts_of_curricula_are_seen_by_those_who_write_them(hospital: Any) -> None:
    draft, shown = make_curriculum(1, unit=hospital, in_force=False), make_curriculum(1)
    student = StudentFactory.create().person
    for person, expected in (
        (make_person(Role.RESIDENCY_OFFICE, unit=hospital), {draft, shown}),
        (make_person(Role.RESIDENCY_OFFICE), {shown}),
        (student, {shown}),
        (make_person(Role.COUNSELLOR, unit=hospital), set()),
    ):
        assert set(curricula_visible_to(person)) == expected
    assert sign_in(student).get(at("curriculum", shown)).status_code == 200
    assert sign_in(student).get(at("curriculum", draft)).status_code == 404
    assert sign_in(student).get(at("curriculum-edit", shown)).status_code == 403


def test_a_ward_is_added_kept_closed_and_opened_on_its_pages(office: Client, hospital: Any) -> None:
    department = DepartmentFactory.create()
    office.post(
        at("ward-new"),
        {"unit": hospital.public_id, "code": "CARD", "name_zh": "心内科", "upper": "6"},
    )
    ward = Ward.objects.get()
    wrong = {"code": "CARD", "name_zh": "心内科", "upper": "1", "lower": "2"}
    page = office.post(at("ward-edit", ward), wrong)
    assert page.context["form"].errors["upper"] == ["The most trainees are fewer than the fewest."]
    office.post(at("ward-edit", ward), wrong | {"upper": "8"})
    office.post(
        at("ward-accredit", ward), {"department": department.code, "starts_on": "2026-01-01"}
    )
    shown = office.get(at("ward", ward)).content.decode()
    assert department.name_en in shown
    assert "2–8" in shown
    office.post(at("ward-withdraw", ward, ward.accreditations.get().pk))
    assert not ward.accreditations.exists()
    assert "Person-months" in office.get(at("ward-close", ward)).content.decode()
    office.post(at("ward-close", ward), {"reason": "装修"})
    ward.refresh_from_db()
    assert ward.state == WardState.CLOSED
    office.post(at("ward-open", ward))
    assert "装修" in office.get(at("ward", ward) + "?tab=history").content.decode()


def test_places_and_other_trainees_are_typed_month_by_month(hospital: Any) -> None:
    ward = WardFactory.create(unit=hospital, upper=6)
    secretary = sign_in(make_person(Role.DEPARTMENT_SECRETARY, unit=hospital, language="en"))
    page = secretary.get(at("ward-places", ward))
    assert len(page.context["form"].rows) == 12
    faulty = secretary.post(at("ward-places", ward), {"lower_202612": "2"})
    assert "Say how many at most, too." in faulty.content.decode()
    secretary.post(
        at("ward-places", ward) + "?month=2026-11",
        {"upper_202612": "3", "lower_202612": "1", "note_202612": "装修"},
    )
    row = WardMonth.objects.get()
    assert (row.month, row.upper, row.lower, row.note) == (MONTH, 3, 1, "装修")
    secretary.post(at("ward-period", ward), {"first": "2027-01", "last": "2027-03", "upper": "4"})
    assert WardMonth.objects.filter(upper=4).count() == 3
    bad = secretary.post(at("ward-period", ward), {"first": "2027-03", "last": "2027-01"})
    assert "last" in bad.context["form"].errors
    secretary.post(at("ward-others", ward), {"social_202612": "2", "intern_202612": "1"})
    page = secretary.get(at("ward", ward) + "?month=2026-12")
    assert (page.context["loads"][0].other, page.context["loads"][0].upper) == (3, 3)


@pytest.mark.parametrize("asked", ["9999-12", "2026-13", "x", "0000-01", "²²²²-01"])
def test_a_month_that_is_none_shows_this_month(office: Client, hospital: Any, asked: str) -> None:
    ward = WardFactory.create(unit=hospital)
    page = office.get(at("ward", ward), {"month": asked})
    assert page.context["loads"][0].month == dt.date(2026, 11, 1)


def test_the_intake_names_who_comes_stays_and_leaves(hospital: Any) -> None:
    ward = WardFactory.create(unit=hospital)
    cycle = make_cycle(hospital, starts_on=dt.date(2026, 10, 1))
    comes, stays, leaves, returns = (make_participant(cycle) for _n in range(4))
    make_stay(comes, ward, 2, 2)
    make_stay(stays, ward, 0, 4)
    make_stay(leaves, ward, 1, 1)
    make_stay(returns, ward, 1, 1)
    make_stay(returns, ward, 2, 1)
    secretary = sign_in(make_person(Role.BASE_SECRETARY, unit=hospital, language="en"))
    found = secretary.get(at("ward-intake", ward)).context["intake"]
    assert found.month == MONTH
    assert {s.participant for s in found.coming} == {comes}
    assert {s.participant for s in found.staying} == {stays, returns}
    assert {s.participant for s in found.leaving} == {leaves}
    paper = secretary.get(at("ward-intake", ward) + "?print=1").content.decode()
    assert comes.student.person.name_en in paper
    assert "data-print" in paper
    assert secretary.get(at("ward-intake", ward) + "?format=xlsx").status_code == 200
    leader = sign_in(make_person(Role.LEADER, unit=hospital))
    assert leader.get(at("ward-intake", ward)).status_code == 403
    abroad = sign_in(make_person(Role.RESIDENCY_OFFICE))
    assert abroad.get(at("ward-intake", ward)).status_code == 403


def test_the_load_shows_where_there_are_too_many(office: Client, hospital: Any) -> None:
    ward = WardFactory.create(unit=hospital, upper=0, name_en="Full ward")
    make_stay(make_participant(make_cycle(hospital)), ward, 0, 2)
    page = office.get(at("load") + f"?hospital={hospital.public_id}&q=Full")
    assert [load.level for load in page.context["rows"][0][1][:3]] == ["over", "over", ""]
    assert page.context["over"] == 2
    assert "2 ward-months have more trainees than places." in page.content.decode()


def test_departments_are_kept_by_planners_alone(office: Client) -> None:
    office.post(at("department-usual"))
    assert Department.objects.count() > 30
    office.post(at("department-new"), {"code": "NEW", "name_zh": "新科", "family": "other"})
    made = Department.objects.get(code="NEW")
    page = office.post(
        at("department", made.pk), {"code": "CARD", "name_zh": "新", "family": "other"}
    )
    assert "code" in page.context["form"].errors
    secretary = sign_in(make_person(Role.BASE_SECRETARY))
    assert secretary.get(at("departments")).status_code == 200
    assert secretary.get(at("department", made.pk)).status_code == 403


def test_a_curriculum_is_written_on_its_pages(office: Client, hospital: Any) -> None:
    department = DepartmentFactory.create(code="CARD")
    make_ward(department, unit=hospital)
    office.post(
        at("curriculum-new"),
        {"unit": hospital.public_id, "specialty_code": "0100", "name_zh": "内科",
         "edition": "2026", "months": "4"},
    )  # fmt: skip
    found = Curriculum.objects.get()
    for code, months in (("A", "2"), ("B", "1")):
        office.post(
            at("block-new", found),
            {"code": code, "department": "CARD", "months": months, "earliest": "2", "latest": "4"},
        )
    block = found.blocks.get(code="B")
    assert (block.earliest, block.latest) == (1, 3)
    office.post(at("block-step", found, block.pk), {"step": "up"})
    assert [b.code for b in found.blocks.all()] == ["B", "A"]
    office.post(at("group-new", found), {"code": "EL", "name_zh": "选修", "choose": "1"})
    group = found.groups.get()
    office.post(
        at("group-edit", found, group.pk), {"code": "EL", "name_zh": "选修组", "choose": "1"}
    )
    office.post(at("order-new", found), {"before": "A", "after": "B"})
    shown = office.get(at("curriculum", found)).content.decode()
    assert "The months do not add up" in shown
    assert "Elective group EL asks for 1 of 0 blocks." in shown
    office.post(at("group-remove", found, group.pk))
    office.post(at("order-remove", found, found.orders.get().pk))
    office.post(
        at("block-edit", found, block.pk), {"code": "B", "department": "CARD", "months": "2"}
    )
    office.get(at("curriculum-force", found))
    office.post(at("curriculum-force", found))
    found.refresh_from_db()
    assert found.state == CurriculumState.IN_FORCE
    office.post(at("curriculum-edition", found), {"edition": "2027"})
    draft = Curriculum.objects.get(edition="2027")
    assert content_of(draft) == content_of(found)
    office.post(at("curriculum-edit", draft), {"specialty_code": "0100", "name_zh": "内科", "edition": "2028", "months": "5"})  # fmt: skip
    office.post(at("curriculum-delete", draft))
    office.post(at("curriculum-retire", found))
    found.refresh_from_db()
    assert (Curriculum.objects.count(), found.state) == (1, CurriculumState.RETIRED)


def test_examples_are_drafted_and_confirmed_on_pages(office: Client, hospital: Any) -> None:
    early = office.post(at("curriculum-examples"), {"unit": hospital.public_id})
    assert "Add the usual departments first" in early.content.decode()
    office.post(at("department-usual"))
    office.post(at("curriculum-examples"), {"unit": hospital.public_id})
    found = Curriculum.objects.get(specialty_code="0100")
    assert (
        "Example, to be confirmed by the school"
        in office.get(at("curriculum", found)).content.decode()
    )
    office.post(at("curriculum-confirm", found))
    found.refresh_from_db()
    assert not found.is_example


def test_a_whole_curriculum_goes_out_and_comes_in_again(office: Client, hospital: Any) -> None:
    office.post(at("department-usual"))
    office.post(at("curriculum-examples"), {"unit": hospital.public_id})
    source = Curriculum.objects.get(specialty_code="0100")
    target = make_curriculum(36, unit=hospital, in_force=False)
    sheets = office.get(at("curriculum-sheets", source)).content
    checked = office.post(
        at("curriculum-import", target), {"file": SimpleUploadedFile("a.xlsx", sheets)}
    )
    assert checked.context["reading"].faults == ()
    assert content_of(target) != content_of(source)
    office.post(at("curriculum-import", target), {"content": checked.context["kept"]})
    assert content_of(target) == content_of(source)
    office.post(at("curriculum-import", source), {"content": checked.context["kept"]})
    stolen = office.get(at("curriculum-import", source)).content.decode()
    assert "Too much time has passed" in stolen


def test_every_bad_cell_of_a_curriculum_file_is_named(hospital: Any) -> None:
    DepartmentFactory.create(code="CARD")
    draft = make_curriculum(2, unit=hospital, in_force=False)
    draft.groups.create(code="EL", name_zh="选\x0b修", choose=1)
    written = read_sheets(write_sheets(draft), "a.xlsx", months=2)
    assert (written.faults, [g.name_zh for g in written.content.groups]) == ((), ["选修"])
    book = xlsx(
        (
            "Blocks",
            [
                ["Code", "Department", "Months", "Group"],
                ["A", "CARD", "x", ""],
                ["B", "NONE", "2", ""],
                ["B", "CARD", "2", "EL"],
                ["", "CARD", "2", ""],
            ],
        ),
        ("Orders", [["First", "Then"], ["B", "Z"], ["B", "B"]]),
    )
    found = read_sheets(book, "a.xlsx", months=4).faults
    assert [(f.sheet, f.row, f.column, f.value) for f in found] == [
        ("轮转单元", 2, "C", "x"),
        ("轮转单元", 5, "A", ""),
        ("轮转单元", 4, "", "B"),
        ("轮转单元", 3, "", "NONE"),
        ("轮转单元", 4, "", "EL"),
        ("先后顺序", 2, "", "Z"),
        ("先后顺序", 3, "", "B"),
    ]
    assert draft.blocks.count() == 1


def test_the_differences_to_the_platform_are_shown_per_student(
    office: Client, hospital: Any
) -> None:
    ward, other = WardFactory.create(unit=hospital), WardFactory.create(unit=hospital)
    cycle = make_cycle(hospital, starts_on=dt.date(2026, 9, 1))
    one, two = make_participant(cycle), make_participant(cycle)
    make_stay(one, ward, 0, 3)
    make_stay(two, ward, 0, 1)
    moment = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    department = one.curriculum.blocks.first().department.name_zh
    for person, name, where, first, last in (
        (one, department, None, dt.date(2026, 9, 1), dt.date(2026, 9, 30)),
        (one, "别科", other, dt.date(2026, 10, 1), dt.date(2026, 11, 30)),
        (two, "别科", ward, dt.date(2026, 9, 1), dt.date(2026, 10, 31)),
    ):
        RegionalLine.objects.create(
            cycle=cycle, participant=person, department_name=name, ward=where,
            starts_on=first, ends_on=last, imported_at=moment,
        )  # fmt: skip
    page = office.get(at("regional", cycle))
    found = {(d.participant, d.kind, d.first.month, d.months) for d, _label in page.context["rows"]}
    assert found == {(one, "differs", 10, 2), (two, "only_theirs", 10, 1)}
    assert page.context["months"] == 3
    only = office.get(at("regional", cycle) + "?kind=only_theirs").context["listing"].rows
    assert list(only) == [two]
    for name in ("regional", "regional-ours"):
        assert office.get(at(name, cycle) + "?format=xlsx")["Content-Type"].endswith("sheet")
    assert sign_in(make_person(Role.RESIDENCY_OFFICE)).get(at("regional", cycle)).status_code == 404
