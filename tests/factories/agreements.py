"""Agreements for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.core.clock import now, today
from cotutelle.mentorship.models import Mentor
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person


class AgreementFactory(DjangoModelFactory[Agreement]):
    """A draft between two universities for a year around today."""

    class Meta:
        model = Agreement

    unit = factory.SubFactory(UnitFactory)
    partner = factory.SubFactory(UnitFactory)
    number = factory.Sequence(lambda n: f"A{n:04}")
    name_zh = factory.Sequence(lambda n: f"联合培养协议{n}")
    name_en = factory.Sequence(lambda n: f"Agreement {n}")
    starts_on = factory.LazyFunction(lambda: today() - dt.timedelta(days=100))
    ends_on = factory.LazyFunction(lambda: today() + dt.timedelta(days=265))
    created_by = factory.LazyAttribute(
        lambda self: make_person(Role.GRADUATE_OFFICER, unit=self.unit)
    )
    created_at = factory.LazyFunction(now)


def make_agreement(*mentors: Mentor, **fields: Any) -> Agreement:
    """Return an agreement in force that lends ``mentors``."""
    made = AgreementFactory.create(**{"state": AgreementState.IN_FORCE} | fields)
    for mentor in mentors:
        AgreementMentor.objects.create(
            agreement=made, mentor=mentor, added_by=made.created_by, added_at=now()
        )
    return made
