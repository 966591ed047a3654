"""People and their roles for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from tests.factories.institutions import UnitFactory

PASSWORD = "a long enough password"  # noqa: S105  of invented people


class PersonFactory(DjangoModelFactory[Person]):
    """Somebody who signs in with ``PASSWORD``; in a university of their own unless ``unit=``."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    unit = factory.SubFactory(UnitFactory)
    username = factory.Sequence(lambda n: f"person{n}")
    number = factory.Sequence(lambda n: f"{n:06}")
    name_zh = factory.Sequence(lambda n: f"张{chr(0x4E00 + n % 2000)}")
    name_en = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@example.org")
    password = factory.django.Password(PASSWORD)


class RoleGrantFactory(DjangoModelFactory[RoleGrant]):
    """A role from long ago until further notice."""

    class Meta:
        model = RoleGrant

    person = factory.SubFactory(PersonFactory)
    role = Role.STUDENT
    unit = factory.SelfAttribute("person.unit")
    starts_on = dt.date(2020, 1, 1)


def make_person(*roles: Role, unit: Unit | None = None, **fields: Any) -> Person:
    """Return a person who holds ``roles`` on ``unit`` (their own unit without one)."""
    person = PersonFactory.create(**({"unit": unit} if unit else {}), **fields)
    for role in roles:
        RoleGrantFactory.create(person=person, role=role, unit=unit or person.unit)
    return person
