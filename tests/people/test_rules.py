"""A role covers its unit and what lies below it, for its period."""

from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.access import why_not
from cotutelle.core.clock import today
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, RoleGrantFactory, make_person

pytestmark = pytest.mark.django_db


def test_a_role_reaches_down_but_neither_up_nor_aside() -> None:
    college = UnitFactory.create()
    department = UnitFactory.create(parent=college, kind="department")
    officer = make_person(Role.GRADUATE_OFFICER, unit=college)
    below = PersonFactory.create(unit=department)
    above = PersonFactory.create(unit=college.parent)
    aside = PersonFactory.create()

    assert why_not(officer, "people.change_person", below) is None
    assert why_not(officer, "people.change_person", above)
    assert why_not(officer, "people.change_person", aside)


def test_a_prefix_of_digits_is_not_an_ancestor() -> None:
    first = UnitFactory.create()
    officer = make_person(Role.GRADUATE_OFFICER, unit=first)
    lookalike = UnitFactory.create()
    lookalike.path = f"{first.path.rstrip('/')}9/"
    lookalike.save()

    assert why_not(officer, "people.change_person", PersonFactory.create(unit=lookalike))


@pytest.mark.parametrize(("starts", "ends"), [(1, None), (-9, -1)])
def test_a_role_outside_its_period_gives_nothing(starts: int, ends: int | None) -> None:
    person = PersonFactory.create()
    day = today()
    RoleGrantFactory.create(
        person=person,
        role=Role.GRADUATE_OFFICER,
        starts_on=day + dt.timedelta(days=starts),
        ends_on=None if ends is None else day + dt.timedelta(days=ends),
    )

    assert Person.objects.get(pk=person.pk).roles == frozenset()
    assert why_not(person, "people.change_person", person)
