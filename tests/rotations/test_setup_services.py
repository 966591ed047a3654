"""Departments, curricula, wards: what a service changes, records and refuses."""

from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.queries import entries_about
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CurriculumState, WardState
from cotutelle.rotations.models import Accreditation, Curriculum, CurriculumBlock, Department, Ward
from cotutelle.rotations.queries.setup_faults import BlockLine, GroupLine, OrderLine, content_of
from cotutelle.rotations.queries.setup_wards import loads_of
from cotutelle.rotations.services import setup_blocks as blocks
from cotutelle.rotations.services import setup_curricula as curricula
from cotutelle.rotations.services import setup_wards as wards
from cotutelle.rotations.services.setup_curricula import CurriculumData
from cotutelle.rotations.services.setup_departments import (
    DepartmentData,
    install_departments,
    save_department,
)
from cotutelle.rotations.services.setup_wards import Range, WardData
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.rotations_setup import (
    CurriculumFactory,
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
MONTH = dt.date(2026, 12, 1)
NEXT = dt.date(2027, 1, 1)


@pytest.fixture
def officer() -> Person:
    return make_person(Role.RESIDENCY_OFFICE, unit=HospitalFactory.create())


def actions(subject: object) -> list[str]:
    return [entry.action for entry in entries_about(subject)]  # type: ignore[arg-type]


def refusal(code: str, call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(RuleViolation) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    assert caught.value.code == code
    return str(caught.value)


def test_the_usual_departments_are_added_once(officer: Person) -> None:
    DepartmentFactory.create(code="CARD", name_zh="我院心内科")
    made = install_departments(actor=officer)
    assert made == Department.objects.count() - 1 > 30
    assert install_departments(actor=officer) == 0
    assert Department.objects.get(code="CARD").name_zh == "我院心内科"


def test_a_department_needs_a_code_of_its_own_and_a_planner(officer: Person) -> None:
    made = save_department(DepartmentData("X", "科"), actor=officer)
    refusal("department.code_taken", save_department, DepartmentData("X", "别"), actor=officer)
    refusal("department.code", save_department, DepartmentData(" ", "别"), actor=officer)
    save_department(DepartmentData("X", "新名"), department=made, actor=officer)
    assert actions(made) == ["rotations.department.edited", "rotations.department.created"]
    with pytest.raises(Refused):
        save_department(DepartmentData("Y", "科"), actor=make_person(Role.BASE_SECRETARY))


def test_a_curriculum_is_drafted_filled_and_put_in_force(officer: Person) -> None:
    unit = officer.unit
    data = CurriculumData("0100", "内科", "2026", 6)
    made = curricula.create_curriculum(unit, data, actor=officer)
    refusal("curriculum.edition_taken", curricula.create_curriculum, unit, data, actor=officer)
    one, two = DepartmentFactory.create(), DepartmentFactory.create()
    make_ward(one, unit=unit)
    blocks.save_block(made, BlockLine("A", one.code, 4), actor=officer)
    blocks.save_block(made, BlockLine("B", two.code, 1), actor=officer)
    said = refusal("curriculum.contradictory", curricula.put_in_force, made, actor=officer)
    assert str(two) in said  # every reason at once: no ward, and one month too few
    assert "6" in said
    make_ward(two, unit=unit)
    row = made.blocks.get(code="B")
    blocks.save_block(made, BlockLine("B", two.code, 2), block=row, actor=officer)
    curricula.put_in_force(made, actor=officer)
    assert Curriculum.objects.get().state == CurriculumState.IN_FORCE
    refusal("curriculum.state", blocks.remove_block, row, actor=officer)
    assert actions(made)[0] == "rotations.curriculum.in_force"


def test_a_new_edition_copies_the_blocks_and_replaces_the_old_one(officer: Person) -> None:
    old = make_curriculum(2, 3, unit=officer.unit)
    new = curricula.new_edition(old, "2027", actor=officer)
    assert content_of(new) == content_of(old)
    curricula.put_in_force(new, actor=officer)
    old.refresh_from_db()
    assert old.state == CurriculumState.RETIRED
    refusal("curriculum.state", curricula.retire_curriculum, old, actor=officer)


def test_examples_are_drafts_that_the_school_confirms(officer: Person) -> None:
    install_departments(actor=officer)
    made = curricula.install_examples(officer.unit, actor=officer)
    assert len(made) >= 4
    assert all(c.is_example and c.state == CurriculumState.DRAFT for c in made)
    assert curricula.install_examples(officer.unit, actor=officer) == []
    assert "example" in [f.code for f in curricula.reasons_against(made[0])]
    curricula.confirm_example(made[0], actor=officer)
    assert "example" not in [f.code for f in curricula.reasons_against(made[0])]


def test_a_draft_is_deleted_unless_students_are_planned_with_it(officer: Person) -> None:
    draft = make_curriculum(2, 2, unit=officer.unit, in_force=False)
    blocks.add_order(draft, OrderLine("B1", "B2"), actor=officer)
    planned = make_curriculum(2, unit=officer.unit, in_force=False)
    make_participant(make_cycle(officer.unit), planned)
    curricula.delete_draft(draft, actor=officer)
    refusal("curriculum.in_use", curricula.delete_draft, planned, actor=officer)
    assert list(Curriculum.objects.all()) == [planned]


def test_blocks_move_and_groups_and_orders_come_and_go(officer: Person) -> None:
    draft = make_curriculum(1, 2, 3, unit=officer.unit, in_force=False)
    first, _second, third = draft.blocks.all()
    blocks.move_block(third, up=True, actor=officer)
    assert [b.code for b in draft.blocks.all()] == ["B1", "B3", "B2"]
    blocks.move_block(first, up=True, actor=officer)
    assert [b.code for b in draft.blocks.all()] == ["B1", "B3", "B2"]
    group = blocks.save_group(draft, GroupLine("EL", "选修"), actor=officer)
    blocks.save_block(
        draft, BlockLine("B1", first.department.code, 1, group="EL"), block=first, actor=officer
    )
    order = blocks.add_order(draft, OrderLine("B2", "B3", is_needed=True), actor=officer)
    refusal("order.known", blocks.add_order, draft, OrderLine("B3", "B2"), actor=officer)
    refusal("order.blocks", blocks.add_order, draft, OrderLine("B3", "X"), actor=officer)
    blocks.remove_order(order, actor=officer)
    blocks.remove_group(group, actor=officer)
    first.refresh_from_db()
    assert first.group is None
    blocks.remove_block(first, actor=officer)
    assert CurriculumBlock.objects.filter(curriculum=draft).count() == 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (BlockLine("", "D", 1), "block.code"),
        (BlockLine("B1", "D", 1), "block.code_taken"),
        (BlockLine("N", "none", 1), "block.department"),
        (BlockLine("N", "D", 1, group="none"), "block.group"),
        (BlockLine("N", "D", 0), "block.months"),
        (BlockLine("N", "D", 1, earliest=3, latest=2), "block.window"),
    ],
)
def test_a_block_is_refused_by_name(officer: Person, line: BlockLine, code: str) -> None:
    DepartmentFactory.create(code="D")
    draft = make_curriculum(1, unit=officer.unit, in_force=False)
    refusal(code, blocks.save_block, draft, line, actor=officer)


def test_nobody_else_writes_a_curriculum() -> None:
    found = CurriculumFactory.create()
    stranger = make_person(Role.RESIDENCY_OFFICE)
    with pytest.raises(Refused):
        blocks.save_group(found, GroupLine("EL", "选修"), actor=stranger)
    with pytest.raises(Refused):
        curricula.put_in_force(found, actor=stranger)


def test_a_ward_belongs_to_the_hospital_above_its_unit(officer: Person) -> None:
    unit = UnitFactory.create(parent=officer.unit, kind="department")
    made = wards.create_ward(unit, WardData("CARD", "心内科", upper=4), actor=officer)
    assert (made.hospital, made.unit) == (officer.unit, unit)
    refusal("ward.code_taken", wards.create_ward, unit, WardData("CARD", "另"), actor=officer)
    refusal(
        "ward.range", wards.create_ward, unit, WardData("X", "另", upper=1, lower=2), actor=officer
    )
    wards.edit_ward(made, WardData("CARD", "心内科", upper=5, research_half_days=2), actor=officer)
    wards.close_ward(made, reason="装修", actor=officer)
    refusal("ward.state", wards.close_ward, made, reason="装修", actor=officer)
    wards.open_ward(made, actor=officer)
    assert Ward.objects.get().state == WardState.OPEN
    assert actions(made) == [
        "rotations.ward.opened", "rotations.ward.closed", "rotations.ward.edited",
        "rotations.ward.created",
    ]  # fmt: skip


def test_a_secretary_keeps_places_but_opens_no_ward() -> None:
    ward = WardFactory.create()
    secretary = make_person(Role.BASE_SECRETARY, unit=ward.unit)
    assert wards.set_months(ward, {MONTH: Range(3, 1)}, actor=secretary) == 1
    for call in (
        lambda: wards.create_ward(ward.unit, WardData("X", "另"), actor=secretary),
        lambda: wards.close_ward(ward, reason="x", actor=secretary),
        lambda: wards.set_months(ward, {}, actor=make_person(Role.BASE_SECRETARY)),
    ):
        with pytest.raises(Refused):
            call()


def test_an_accreditation_has_a_period_and_is_withdrawn(officer: Person) -> None:
    ward, department = WardFactory.create(unit=officer.unit), DepartmentFactory.create()
    made = wards.accredit_ward(ward, department, starts_on=MONTH, actor=officer)
    wards.accredit_ward(ward, department, starts_on=MONTH, ends_on=NEXT, actor=officer)
    refusal(
        "ward.period", wards.accredit_ward, ward, department,
        starts_on=NEXT, ends_on=MONTH, actor=officer,
    )  # fmt: skip
    made.refresh_from_db()
    assert made.ends_on == NEXT
    wards.withdraw_accreditation(made, actor=officer)
    assert not Accreditation.objects.exists()


def test_months_have_ranges_and_return_to_the_usual_one(officer: Person) -> None:
    ward = WardFactory.create(unit=officer.unit, upper=6, lower=1)
    assert wards.set_period(ward, MONTH, NEXT, Range(3, 0, "装修"), actor=officer) == 2
    assert wards.set_months(ward, {MONTH: Range(3, 0, "装修")}, actor=officer) == 0
    assert [(m.upper, m.lower) for m in loads_of(ward, MONTH, 3)] == [(3, 0), (3, 0), (6, 1)]
    assert wards.set_months(ward, {MONTH: None, NEXT: Range(4, 2)}, actor=officer) == 2
    assert [m.upper for m in loads_of(ward, MONTH, 2)] == [6, 4]
    refusal("ward.range", wards.set_months, ward, {MONTH: Range(1, 2)}, actor=officer)
    refusal("ward.months", wards.set_period, ward, NEXT, MONTH, None, actor=officer)


def test_others_and_stays_are_the_load_of_a_ward(officer: Person) -> None:
    ward = WardFactory.create(unit=officer.unit, upper=2, lower=1)
    cycle = make_cycle(officer.unit, starts_on=MONTH)
    for _n in range(2):
        make_stay(make_participant(cycle), ward, 0, 2)
    people = {(MONTH, "social"): 1, (NEXT, "intern"): 0}
    assert wards.set_occupancy(ward, people, actor=officer) == 1
    first, second, third = loads_of(ward, MONTH, 3)
    assert (first.ours, first.other, first.free, first.level) == (2, 1, -1, "over")
    assert (second.load, second.free, second.level) == (2, 0, "l4")
    assert (third.load, third.level) == (0, "l0")  # no plan in force reaches this month
    empty = WardFactory.create(unit=officer.unit, upper=2, lower=1)
    assert [load.level for load in loads_of(empty, MONTH, 3)] == ["under", "under", "l0"]
    assert wards.set_occupancy(ward, {(MONTH, "social"): 0}, actor=officer) == 1
    assert loads_of(ward, MONTH, 1)[0].other == 0
    refusal("ward.people", wards.set_occupancy, ward, {(MONTH, "social"): -1}, actor=officer)
