"""Cohorts and students for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.people.enums import Role
from cotutelle.programmes.enums import AdmissionState, DegreeType, Route
from cotutelle.programmes.models import Cohort, Student
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, RoleGrantFactory


class CohortFactory(DjangoModelFactory[Cohort]):
    """A cohort in a university of its own unless ``unit=``."""

    class Meta:
        model = Cohort

    unit = factory.SubFactory(UnitFactory)
    year = 2026
    name_zh = factory.Sequence(lambda n: f"2026级{n}")
    name_en = factory.Sequence(lambda n: f"Cohort 2026 {n}")


class StudentFactory(DjangoModelFactory[Student]):
    """An admitted student with a score, who holds the role of student in the cohort's unit."""

    class Meta:
        model = Student
        skip_postgeneration_save = True

    cohort = factory.SubFactory(CohortFactory)
    unit = factory.SelfAttribute("cohort.unit")
    person = factory.SubFactory(PersonFactory, unit=factory.SelfAttribute("..unit"))
    route = Route.UNIFIED_EXAM
    degree_type = DegreeType.PROFESSIONAL
    discipline = "内科学"
    candidate_number = factory.Sequence(lambda n: f"1056{n:011}")
    admission_score = factory.Sequence(lambda n: Decimal(300 + n % 100))
    state = AdmissionState.CONFIRMED

    @factory.post_generation
    def _role(self: Student, create: bool, extracted: Any, **_: Any) -> None:
        RoleGrantFactory.create(person=self.person, role=Role.STUDENT, unit=self.unit)
