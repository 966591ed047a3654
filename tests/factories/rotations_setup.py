"""Departments, curricula and wards for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.core.clock import now, today
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.engines.rotation import problem_to_json
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import CurriculumState, DepartmentFamily, ScenarioState
from cotutelle.rotations.models import (
    Accreditation,
    Curriculum,
    CurriculumBlock,
    Cycle,
    Department,
    Participant,
    Scenario,
    Stay,
    Ward,
)
from cotutelle.rotations.months import add_months, first_of, last_of
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import trainee_key
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import figures, stays_to_json
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory


class HospitalFactory(UnitFactory):
    """A hospital below the consortium."""

    kind = UnitKind.HOSPITAL


class DepartmentFactory(DjangoModelFactory[Department]):
    """A department of internal medicine."""

    class Meta:
        model = Department

    code = factory.Sequence(lambda n: f"D{n:03}")
    name_zh = factory.Sequence(lambda n: f"科室{n}")
    name_en = factory.Sequence(lambda n: f"Department {n}")
    family = DepartmentFamily.MEDICINE


class WardFactory(DjangoModelFactory[Ward]):
    """An open ward of a hospital itself, with six places."""

    class Meta:
        model = Ward

    unit = factory.SubFactory(HospitalFactory)
    hospital = factory.SelfAttribute("unit")
    code = factory.Sequence(lambda n: f"W{n:03}")
    name_zh = factory.Sequence(lambda n: f"病区{n}")
    name_en = factory.Sequence(lambda n: f"Ward {n}")
    upper = 6


class CurriculumFactory(DjangoModelFactory[Curriculum]):
    """A draft of six months without blocks."""

    class Meta:
        model = Curriculum

    unit = factory.SubFactory(HospitalFactory)
    specialty_code = factory.Sequence(lambda n: f"{n:04}")
    name_zh = factory.Sequence(lambda n: f"培训方案{n}")
    name_en = factory.Sequence(lambda n: f"Curriculum {n}")
    edition = "2026"
    months = 6
    created_at = factory.LazyFunction(now)


def make_ward(*departments: Department, **fields: Any) -> Ward:
    """Return an open ward that is accredited for ``departments``."""
    ward = WardFactory.create(**fields)
    for department in departments:
        Accreditation.objects.create(ward=ward, department=department)
    return ward


def make_curriculum(
    *lengths: int, unit: Unit | None = None, in_force: bool = True, **fields: Any
) -> Curriculum:
    """
    Return a curriculum with one mandatory block per length, in departments of their own.

    Every department has an accredited ward in the unit.
    """
    unit = unit or HospitalFactory.create()
    made = CurriculumFactory.create(
        unit=unit, months=sum(lengths),
        state=CurriculumState.IN_FORCE if in_force else CurriculumState.DRAFT, **fields,
    )  # fmt: skip
    for n, months in enumerate(lengths, 1):
        department = DepartmentFactory.create()
        make_ward(department, unit=unit)
        CurriculumBlock.objects.create(
            curriculum=made, code=f"B{n}", department=department, months=months, position=n
        )
    return made


def make_cycle(unit: Unit, *, starts_on: dt.date | None = None, **fields: Any) -> Cycle:
    """Return a cycle of twelve months that begins this month."""
    values = {
        "name_zh": f"轮转{Cycle.objects.count()}",
        "starts_on": starts_on or first_of(today()),
        "months": 12,
        "created_by": make_person(Role.RESIDENCY_OFFICE, unit=unit),
        "created_at": now(),
    }
    return Cycle.objects.create(unit=unit, **values | fields)


def make_participant(
    cycle: Cycle, curriculum: Curriculum | None = None, **student: Any
) -> Participant:
    """Return a student planned in ``cycle``."""
    return Participant.objects.create(
        cycle=cycle,
        student=StudentFactory.create(**student),
        curriculum=curriculum or make_curriculum(3, 3, unit=cycle.unit),
    )


def make_stay(participant: Participant, ward: Ward, first: int, months: int) -> Stay:
    """Return a published stay from month ``first`` of the cycle on, for ``months`` months."""
    cycle = participant.cycle
    scenario, _made = Scenario.objects.get_or_create(
        cycle=cycle, number=1,
        defaults={
            "state": ScenarioState.PUBLISHED, "created_by": cycle.created_by, "created_at": now(),
        },
    )  # fmt: skip
    block = participant.curriculum.blocks.first()
    return Stay.objects.create(
        participant=participant, ward=ward, block=block, scenario=scenario,
        part=participant.stays.count(),
        starts_on=add_months(cycle.starts_on, first),
        ends_on=last_of(add_months(cycle.starts_on, first + months - 1)),
    )  # fmt: skip


def make_ready_plan(participant: Participant) -> Scenario:
    """Return a computed scenario of a cycle in which this participant does block after block."""
    cycle, rules = participant.cycle, PlanRules()
    problem = build_problem(cycle, rules=rules)
    (trainee,) = (t for t in problem.trainees if t.id == trainee_key(participant))
    start, own = 0, []
    for block in trainee.blocks:
        own.append(PlannedStay(block.id, min(block.wards), start))
        start += block.months
    stays = {trainee.id: tuple(own)}
    last = cycle.scenarios.order_by("-number").first()
    return Scenario.objects.create(
        cycle=cycle, number=last.number + 1 if last else 1, state=ScenarioState.READY,
        rules=rules.as_parameters(), problem=problem_to_json(problem),
        stays=stays_to_json(stays), outcome=figures(problem, stays, {}),
        created_by=cycle.created_by, created_at=now(), computed_at=now(),
    )  # fmt: skip
