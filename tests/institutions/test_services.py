"""The tree stays a tree, and days are one thing each."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, transaction

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions import queries, services
from cotutelle.institutions.models import Unit
from cotutelle.ledger.queries import history_of
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.people import RoleGrantFactory, make_person

pytestmark = pytest.mark.django_db


def _create(**given: Any) -> Unit:
    values = {
        "parent": None,
        "kind": "college",
        "code": "NEW",
        "name_zh": "临床医学院",
        "actor": None,
        **given,
    }
    return services.create_unit(**values)


def test_create_unit_writes_path_sort_key_and_history() -> None:
    parent = UnitFactory.create()
    unit = _create(parent=parent, code=" C1 ")

    assert unit.path == f"{parent.path}{unit.pk}/"
    assert (unit.code, unit.name_sort) == ("C1", "lin chuang yi xue yuan")
    (line,) = history_of(unit)
    assert line.entry.action == "institutions.unit.created"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name_zh": " "}, "unit.no_name"),
        ({"code": ""}, "unit.no_code"),
        ({"kind": "circus"}, "unit.kind"),
        ({"time_zone": "Mars/Olympus"}, "unit.time_zone"),
        ({"code": "TAKEN"}, "unit.code_taken"),
        ({"kind": "consortium"}, "unit.root"),
        ({"parent": None}, "unit.root"),
    ],
)
def test_create_unit_refuses(given: dict[str, Any], code: str) -> None:
    UnitFactory.create(code="TAKEN")
    before = Unit.objects.count()
    with pytest.raises(RuleViolation) as refused:
        _create(**{"parent": make_consortium(), **given})
    assert refused.value.code == code
    assert Unit.objects.count() == before


def test_create_unit_refuses_an_archived_parent() -> None:
    parent = UnitFactory.create(state="archived")
    with pytest.raises(RuleViolation) as refused:
        _create(parent=parent)
    assert refused.value.code == "unit.parent_archived"


@pytest.mark.parametrize(
    "role", [Role.STUDENT, Role.MENTOR, Role.LEADER, Role.DEPARTMENT_SECRETARY]
)
def test_create_unit_refuses_roles_that_keep_no_units(role: Role) -> None:
    parent = UnitFactory.create()
    with pytest.raises(Refused):
        _create(parent=parent, actor=make_person(role, unit=parent))


def test_create_unit_refuses_the_officer_of_another_institution() -> None:
    stranger = make_person(Role.PARTNER_OFFICER)
    with pytest.raises(Refused):
        _create(parent=UnitFactory.create(), actor=stranger)


def test_change_unit_records_only_what_changed() -> None:
    unit = UnitFactory.create(name_zh="旧名", name_en="Old")
    services.change_unit(unit, name_zh="新名", name_en="Old", actor=None)

    (line,) = history_of(unit)
    assert [(c.old, c.new) for c in line.changes] == [("旧名", "新名")]


def test_change_unit_without_a_change_leaves_no_trace() -> None:
    unit = UnitFactory.create(name_zh="名")
    services.change_unit(unit, name_zh="名", actor=None)
    assert history_of(unit) == []


def test_move_unit_takes_the_whole_subtree_along() -> None:
    here, there = UnitFactory.create(), UnitFactory.create()
    college = UnitFactory.create(parent=here, kind="college")
    ward = UnitFactory.create(parent=college, kind="department")
    team = UnitFactory.create(parent=ward, kind="team")
    bystander = UnitFactory.create(parent=here, kind="college")

    services.move_unit(college, there, actor=None)

    for unit in (college, ward, team, bystander):
        unit.refresh_from_db()
    assert college.path == f"{there.path}{college.pk}/"
    assert ward.path == f"{college.path}{ward.pk}/"
    assert team.path == f"{ward.path}{team.pk}/"
    assert bystander.path == f"{here.path}{bystander.pk}/"
    assert [u.pk for u in queries.ancestors(team)][1:] == [there.pk, college.pk, ward.pk, team.pk]


def test_move_unit_refuses_a_cycle_the_root_and_an_archived_parent() -> None:
    university = UnitFactory.create()
    college = UnitFactory.create(parent=university, kind="college")
    closed = UnitFactory.create(state="archived")
    for unit, parent, code in [
        (university, college, "unit.cycle"),
        (university, university, "unit.cycle"),
        (make_consortium(), university, "unit.root"),
        (college, closed, "unit.parent_archived"),
    ]:
        with pytest.raises(RuleViolation) as refused:
            services.move_unit(unit, parent, actor=None)
        assert refused.value.code == code


def test_move_unit_needs_the_permission_on_both_sides() -> None:
    mine, theirs = UnitFactory.create(), UnitFactory.create()
    college = UnitFactory.create(parent=mine, kind="college")
    with pytest.raises(Refused):
        services.move_unit(college, theirs, actor=make_person(Role.PARTNER_OFFICER, unit=mine))


def test_move_unit_refuses_a_tree_that_would_be_too_deep() -> None:
    unit = UnitFactory.create()
    parent = UnitFactory.create()
    Unit.objects.filter(pk=parent.pk).update(path="1/" * 99)
    parent.refresh_from_db()
    with pytest.raises(RuleViolation) as refused:
        services.move_unit(unit, parent, actor=None)
    assert refused.value.code == "unit.too_deep"


def test_archive_and_restore() -> None:
    university = UnitFactory.create()
    college = UnitFactory.create(parent=university, kind="college")

    with pytest.raises(RuleViolation) as refused:
        services.archive_unit(university, actor=None)
    assert refused.value.code == "unit.has_active_units"

    services.archive_unit(college, actor=None)
    services.archive_unit(university, actor=None)
    with pytest.raises(RuleViolation) as refused:
        services.restore_unit(college, actor=None)
    assert refused.value.code == "unit.parent_archived"
    services.restore_unit(university, actor=None)
    services.restore_unit(college, actor=None)
    with pytest.raises(RuleViolation) as refused:
        services.restore_unit(college, actor=None)
    assert refused.value.code == "unit.state"


def test_archive_unit_refuses_while_somebody_holds_a_role_on_it() -> None:
    unit = UnitFactory.create()
    RoleGrantFactory.create(unit=unit)
    with pytest.raises(RuleViolation) as refused:
        services.archive_unit(unit, actor=None)
    assert refused.value.code == "unit.has_roles"


def test_set_days_makes_one_row_a_day_and_replaces() -> None:
    unit = UnitFactory.create()
    calendar = services.create_calendar(unit, name_zh="校历", actor=None)
    first, last = dt.date(2026, 10, 1), dt.date(2026, 10, 7)

    assert services.set_days(calendar, first, last, "holiday", name_zh="国庆", actor=None) == 7
    services.set_days(calendar, last, dt.date(2026, 10, 8), "workday", actor=None)

    kinds = dict(calendar.days.values_list("day", "kind"))
    assert len(kinds) == 8
    assert (kinds[first], kinds[last]) == ("holiday", "workday")
    assert services.remove_days(calendar, first, last, actor=None) == 7
    assert calendar.days.count() == 1


@pytest.mark.parametrize("last", [dt.date(2026, 9, 30), dt.date(2027, 10, 2)])
def test_set_days_refuses_ranges_backwards_or_beyond_a_year(last: dt.date) -> None:
    calendar = services.create_calendar(UnitFactory.create(), name_zh="校历", actor=None)
    with pytest.raises(RuleViolation) as refused:
        services.set_days(calendar, dt.date(2026, 10, 1), last, "holiday", actor=None)
    assert refused.value.code == "calendar.range"


def test_set_days_refuses_strangers() -> None:
    calendar = services.create_calendar(UnitFactory.create(), name_zh="校历", actor=None)
    day = dt.date(2026, 10, 1)
    with pytest.raises(Refused):
        services.set_days(calendar, day, day, "holiday", actor=make_person(Role.PARTNER_OFFICER))


def test_create_calendar_refuses_a_second_one() -> None:
    unit = UnitFactory.create()
    services.create_calendar(unit, name_zh="校历", actor=None)
    with pytest.raises(RuleViolation) as refused:
        services.create_calendar(unit, name_zh="又一本", actor=None)
    assert refused.value.code == "calendar.exists"


@pytest.mark.django_db(transaction=True)
def test_two_moves_into_each_other_never_make_a_cycle() -> None:
    left, right = UnitFactory.create(), UnitFactory.create()
    barrier = threading.Barrier(2, timeout=20)
    outcomes: list[str] = []

    def move(unit: Unit, parent: Unit) -> None:
        barrier.wait()
        try:
            with transaction.atomic():
                services.move_unit(unit, parent, actor=None)
            outcomes.append("moved")
        except RuleViolation as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in [(left, right), (right, left)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["moved", "unit.cycle"]
