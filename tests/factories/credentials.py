"""Achievements, proposals and certificates for tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cotutelle.core.clock import today
from cotutelle.credentials.enums import AchievementKind, AchievementState, SignerRole
from cotutelle.credentials.models import Achievement, Award, Credential
from cotutelle.credentials.queries.awards import signers_of
from cotutelle.credentials.services.achievements import (
    AchievementData,
    create_achievement,
    move_achievement,
)
from cotutelle.credentials.services.awards import Proposal, propose_award, sign_award
from cotutelle.credentials.services.issuing import issue_award
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import PairRole, Track
from cotutelle.mentorship.models import Mentor, Pair
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Participant, Stay
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorFactory, MentorshipFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.rotations_setup import (
    DepartmentFactory,
    make_curriculum,
    make_cycle,
    make_stay,
    make_ward,
)

STATED: dict[AchievementKind, dict[str, Any]] = {
    AchievementKind.GATE: {
        "gate_zh": "腹腔镜基本操作", "gate_en": "Basic laparoscopy", "level": 3,
        "passedOn": dt.date(2026, 11, 2),
    },
    AchievementKind.ROTATION: {},
    AchievementKind.COURSE: {
        "course_zh": "医学统计学", "course_en": "Medical statistics", "credits": 2.5, "grade": "92",
    },
    AchievementKind.PROJECT: {
        "project_zh": "肺结节影像组学", "project_en": "Radiomics of lung nodules",
        "stage_zh": "开题", "stage_en": "Thesis proposal", "reachedOn": dt.date(2026, 10, 12),
    },
    AchievementKind.EVALUATION: {
        "value": 86.5, "standardError": 2.1, "scale_min": 0, "scale_max": 100,
    },
    AchievementKind.FINAL: {},
    AchievementKind.GENERIC: {"text_zh": "完成志愿服务", "text_en": "Volunteer service done"},
}  # fmt: skip


def achievement_data(
    kind: AchievementKind = AchievementKind.COURSE,
    signers: tuple[str, ...] = (SignerRole.PRINCIPAL,),
    **changes: Any,
) -> AchievementData:
    """Return what an officer might write."""
    said: dict[str, Any] = {
        "kind": kind,
        "name_zh": f"医学统计学学分{Achievement.objects.count()}",
        "name_en": "Credit for medical statistics",
        "criteria_zh": "考试成绩60分以上。",
        "criteria_en": "At least 60 points in the examination.",
        "signers": list(signers),
    }
    return AchievementData(**said | changes)


def make_achievement(
    unit: Unit,
    kind: AchievementKind = AchievementKind.COURSE,
    signers: tuple[str, ...] = (SignerRole.PRINCIPAL,),
    *,
    state: AchievementState = AchievementState.OPEN,
    actor: Person | None = None,
    **changes: Any,
) -> Achievement:
    """Return an achievement of ``unit``, in use unless said otherwise."""
    officer = actor or make_person(Role.GRADUATE_OFFICER, unit=unit)
    made = create_achievement(unit, achievement_data(kind, signers, **changes), actor=officer)
    if state != AchievementState.DRAFT:
        move_achievement(made, AchievementState.OPEN, actor=officer)
    if state == AchievementState.RETIRED:
        move_achievement(made, AchievementState.RETIRED, actor=officer)
    return made


@dataclass(frozen=True, slots=True)
class Scene:
    """A student of a university with two mentors, a stay that has ended, and the offices."""

    unit: Unit
    officer: Person
    secretary: Person
    residency: Person
    student: Student
    clinical: Mentor
    research: Mentor
    stay: Stay

    @property
    def person(self) -> Person:
        """The student as a person."""
        return self.student.person


def make_scene(unit: Unit | None = None) -> Scene:
    """Return a student whom everybody looks after."""
    unit = unit or UnitFactory.create()
    student = StudentFactory.create(cohort=CohortFactory.create(unit=unit))
    clinical = MentorFactory.create(unit=unit, track=Track.CLINICAL)
    research = MentorFactory.create(unit=unit, track=Track.RESEARCH)
    first = MentorshipFactory.create(student=student, mentor=clinical)
    second = MentorshipFactory.create(
        student=student, mentor=research, role=PairRole.SECOND, is_first_responsible=False
    )
    Pair.objects.create(student=student, first=first, second=second, starts_on=first.starts_on)
    return Scene(
        unit=unit,
        officer=make_person(Role.GRADUATE_OFFICER, unit=unit),
        secretary=make_person(Role.DEPARTMENT_SECRETARY, unit=unit),
        residency=make_person(Role.RESIDENCY_OFFICE, unit=unit),
        student=student,
        clinical=clinical,
        research=research,
        stay=make_past_stay(student),
    )


def make_past_stay(student: Student) -> Stay:
    """Return a stay of three months that ended before this one."""
    ward = make_ward(DepartmentFactory.create(), unit=student.unit)
    begin = (today().replace(day=1) - dt.timedelta(days=150)).replace(day=1)
    cycle = make_cycle(student.unit, starts_on=begin)
    place = Participant.objects.create(
        cycle=cycle, student=student, curriculum=make_curriculum(3, unit=student.unit)
    )
    return make_stay(place, ward, 0, 3)


def make_award(
    scene: Scene, achievement: Achievement | None = None, *, actor: Person | None = None
) -> Award:
    """Return a proposal that waits for its signatures."""
    found = achievement or make_achievement(scene.unit, actor=scene.officer)
    kind = AchievementKind(found.kind)
    stay = scene.stay if kind == AchievementKind.ROTATION else None
    proposal = Proposal(scene.student, STATED[kind], stay)
    return propose_award(found, proposal, actor=actor or scene.officer)


def sign_all(award: Award) -> Award:
    """Sign in every role by the first who may."""
    for role, people in signers_of(award).items():
        sign_award(award, role, agrees=True, actor=people[0])
    return award


def make_credential(scene: Scene, achievement: Achievement | None = None) -> Credential:
    """Return a certificate that everybody has signed for."""
    return issue_award(sign_all(make_award(scene, achievement)), actor=scene.officer)
