"""Mentors, teams, eligibility and quota for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import (
    EligibilityState,
    MentorCategory,
    MentorTitle,
    PairRole,
    PairState,
    Track,
)
from cotutelle.mentorship.models import (
    ConflictOfInterest,
    Eligibility,
    Mentor,
    Mentorship,
    Pair,
    Publication,
    QuotaAccount,
    QuotaCap,
    Team,
)
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, RoleGrantFactory
from tests.factories.programmes import StudentFactory

YEAR = 2026


class MentorFactory(DjangoModelFactory[Mentor]):
    """A mentor who holds the role in ``unit``; no quota and no review yet."""

    class Meta:
        model = Mentor
        skip_postgeneration_save = True

    unit = factory.SubFactory(UnitFactory)
    person = factory.SubFactory(PersonFactory, unit=factory.SelfAttribute("..unit"))
    category = MentorCategory.MASTER
    title = MentorTitle.SENIOR
    track = Track.CLINICAL
    discipline = "内科学"
    interests_zh = "肺癌影像与早期筛查"
    interests_en = "Imaging and early screening of lung cancer"

    @factory.post_generation
    def _role(self: Mentor, create: bool, extracted: Any, **_: Any) -> None:
        RoleGrantFactory.create(person=self.person, role=Role.MENTOR, unit=self.unit)


class TeamFactory(DjangoModelFactory[Team]):
    """Two mentors of one unit."""

    class Meta:
        model = Team

    unit = factory.SubFactory(UnitFactory)
    first = factory.SubFactory(MentorFactory, unit=factory.SelfAttribute("..unit"))
    second = factory.SubFactory(MentorFactory, unit=factory.SelfAttribute("..unit"))
    name_zh = factory.Sequence(lambda n: f"团队{n}")
    name_en = factory.Sequence(lambda n: f"Team {n}")


class EligibilityFactory(DjangoModelFactory[Eligibility]):
    """The yearly review: eligible unless said otherwise."""

    class Meta:
        model = Eligibility

    mentor = factory.SubFactory(MentorFactory)
    year = YEAR
    state = EligibilityState.ELIGIBLE


class QuotaAccountFactory(DjangoModelFactory[QuotaAccount]):
    """An account with three free places."""

    class Meta:
        model = QuotaAccount

    mentor = factory.SubFactory(MentorFactory)
    year = YEAR
    granted = 3


class QuotaCapFactory(DjangoModelFactory[QuotaCap]):
    """A cap of four for senior master's mentors."""

    class Meta:
        model = QuotaCap

    unit = factory.SubFactory(UnitFactory)
    year = YEAR
    title = MentorTitle.SENIOR
    category = MentorCategory.MASTER
    places = 4


class PublicationFactory(DjangoModelFactory[Publication]):
    """A paper."""

    class Meta:
        model = Publication

    mentor = factory.SubFactory(MentorFactory)
    title = factory.Sequence(lambda n: f"Paper {n} on imaging")
    year = 2024
    fingerprint = factory.Sequence(lambda n: f"{n:064}")


class MentorshipFactory(DjangoModelFactory[Mentorship]):
    """An active pair with a principal supervisor."""

    class Meta:
        model = Mentorship

    student = factory.SubFactory(StudentFactory)
    mentor = factory.SubFactory(MentorFactory, unit=factory.SelfAttribute("..student.unit"))
    role = PairRole.FIRST
    is_first_responsible = True
    state = PairState.ACTIVE
    starts_on = dt.date(2026, 9, 1)


class ConflictFactory(DjangoModelFactory[ConflictOfInterest]):
    """A declared conflict of interest."""

    class Meta:
        model = ConflictOfInterest

    mentor = factory.SubFactory(MentorFactory)
    student = factory.SubFactory(StudentFactory)
    ground = "亲属关系"
    declared_by = factory.SelfAttribute("mentor.person")
    declared_at = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)


def make_mentor(
    places: int = 3, *, unit: Unit | None = None, year: int = YEAR, **fields: Any
) -> Mentor:
    """Return an eligible mentor with an account of ``places`` free places."""
    mentor = MentorFactory.create(**({"unit": unit} if unit else {}), **fields)
    EligibilityFactory.create(mentor=mentor, year=year)
    QuotaAccountFactory.create(mentor=mentor, year=year, granted=places)
    return mentor


def make_pair(student: Any = None, **fields: Any) -> Pair:
    """Return an active pair: a first mentor of the student's unit and a second from elsewhere."""
    student = student or StudentFactory.create()
    first = MentorshipFactory.create(student=student)
    second = MentorshipFactory.create(
        student=student,
        mentor=fields.pop("second_mentor", None) or MentorFactory.create(),
        role=PairRole.SECOND,
        is_first_responsible=False,
    )
    values = {"student": student, "first": first, "second": second, "starts_on": first.starts_on}
    return Pair.objects.create(**values | fields)
