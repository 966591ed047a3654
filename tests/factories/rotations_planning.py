"""A small cycle for tests: two hospitals, three departments, a curriculum of four blocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cotutelle.core.clock import now, today
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CurriculumState, DepartmentFamily
from cotutelle.rotations.models import (
    Accreditation,
    Curriculum,
    CurriculumBlock,
    Cycle,
    Department,
    Participant,
    Ward,
)
from cotutelle.rotations.months import add_months
from cotutelle.rotations.policy import PlanRules
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory

MONTHS = 8
FAMILIES = {
    "IM": DepartmentFamily.MEDICINE,
    "SU": DepartmentFamily.SURGERY,
    "RE": DepartmentFamily.RESEARCH,
}


def make_department(code: str) -> Department:
    """Return the department of a code."""
    names = {"IM": ("内科", "Medicine"), "SU": ("外科", "Surgery"), "RE": ("科研", "Research")}
    zh, en = names[code]
    found, _made = Department.objects.get_or_create(
        code=code, defaults={"name_zh": zh, "name_en": en, "family": FAMILIES[code]}
    )
    return found


def make_ward(hospital: Unit, department: str, **fields: Any) -> Ward:
    """Return an open ward of ``hospital`` that trains for ``department``."""
    unit = UnitFactory.create(parent=hospital, kind=UnitKind.DEPARTMENT)
    code = fields.pop("code", department)
    ward = Ward.objects.create(
        **{
            "unit": unit,
            "hospital": hospital,
            "code": code,
            "name_zh": f"{code}病区",
            "name_en": f"Ward {code}",
            "upper": 2,
        }
        | fields
    )
    Accreditation.objects.create(ward=ward, department=make_department(department))
    return ward


def make_curriculum(unit: Unit, actor: Person | None = None) -> Curriculum:
    """Return a curriculum in force: medicine 3 (cut 2+1), surgery 2, research 1 month."""
    curriculum = Curriculum.objects.create(
        unit=unit,
        specialty_code="0100",
        name_zh="内科",
        name_en="Medicine",
        edition="2026",
        months=6,
        state=CurriculumState.IN_FORCE,
        created_by=actor,
        created_at=now(),
    )
    rows = (("IM", 3, 2), ("SU", 2, 0), ("RE", 1, 0))
    for code, months, part in rows:
        CurriculumBlock.objects.create(
            curriculum=curriculum,
            code=code,
            department=make_department(code),
            months=months,
            part_months=part,
        )
    return curriculum


@dataclass(slots=True)
class World:
    """A hospital that plans, its wards, a cycle and who is in it."""

    hospital: Unit
    other: Unit
    office: Person
    curriculum: Curriculum
    cycle: Cycle
    wards: dict[str, Ward]
    people: list[Participant]


def make_world(people: int = 3, *, starts_in: int = 1, **rules: Any) -> World:
    """
    Return a cycle of eight months that begins ``starts_in`` months from now.

    Wards: ``IM1``, ``SU1`` in the hospital, ``IM2`` in the other one with 2 places each, and
    ``RE1`` without a bound.
    """
    hospital = UnitFactory.create(kind=UnitKind.HOSPITAL, name_zh="一附院", name_en="First")
    other = UnitFactory.create(kind=UnitKind.HOSPITAL, name_zh="二附院", name_en="Second")
    office = make_person(Role.RESIDENCY_OFFICE, unit=hospital, language="en")
    curriculum = make_curriculum(hospital, office)
    wards = {
        "IM1": make_ward(hospital, "IM", code="IM1"),
        "IM2": make_ward(other, "IM", code="IM2"),
        "SU1": make_ward(hospital, "SU", code="SU1"),
        "RE1": make_ward(hospital, "RE", code="RE1", upper=None),
    }
    defaults = {"time_limit": 3, "slack_months": 2}
    cycle = Cycle.objects.create(
        unit=hospital,
        name_zh="2026级轮转",
        name_en="Rotations 2026",
        starts_on=add_months(today().replace(day=1), starts_in),
        months=MONTHS,
        rules=PlanRules(**defaults | rules).as_parameters(),
        created_by=office,
        created_at=now(),
    )
    cohort = CohortFactory.create(unit=hospital)
    rows = [
        Participant.objects.create(
            cycle=cycle, student=StudentFactory.create(cohort=cohort), curriculum=curriculum
        )
        for _n in range(people)
    ]
    return World(hospital, other, office, curriculum, cycle, wards, rows)


def first_of_month(months: int = 0) -> dt.date:
    """Return the first day of the month so many months from now."""
    return add_months(today().replace(day=1), months)
