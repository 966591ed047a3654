"""The stays of students stand in the calendars of their present mentors, and of nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cotutelle.availability.models import Span
from cotutelle.mentorship.enums import PairRole, PairState
from cotutelle.mentorship.hooks import tell_supervision
from cotutelle.mentorship.models import Mentor, Mentorship
from cotutelle.rotations.queries.planning_months import first_day
from cotutelle.rotations.services.planning_publication import publish_scenario
from tests.factories.mentorship import MentorFactory, MentorshipFactory
from tests.factories.rotations_planning import World, make_world
from tests.rotations.planning_plans import ready_scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def begin(world: World, role: PairRole, mentor: Mentor | None = None) -> Mentorship:
    student = world.people[0].student
    values = {"mentor": mentor} if mentor else {}
    return MentorshipFactory.create(
        student=student, role=role, is_first_responsible=role == PairRole.FIRST, **values
    )


def end(mentorship: Mentorship) -> None:
    mentorship.state, mentorship.ends_on = PairState.ENDED, mentorship.starts_on
    mentorship.save()


def seen_by(mentor: Mentor) -> int:
    """Return how many stays of students a mentor has in the calendar."""
    kind = "rotations.stay_of_student"
    return Span.objects.filter(person=mentor.person, kind=kind, state="confirmed").count()


def test_who_begins_to_mentor_later_sees_the_stays_of_the_student(world: World) -> None:
    old = begin(world, PairRole.FIRST)
    publish_scenario(ready_scenario(world), revision=0, actor=world.office)
    own = Span.objects.get(person=world.people[0].student.person, params__ward__en="Ward RE1")
    assert seen_by(old.mentor) == 4
    end(old)
    new = begin(world, PairRole.FIRST)
    second = begin(world, PairRole.SECOND)
    tell_supervision([old, new, second])
    assert [seen_by(one.mentor) for one in (old, new, second)] == [0, 4, 4]
    own.refresh_from_db()
    assert own.sequence == 0


def test_who_mentors_no_more_sees_what_was_and_nothing_of_today(world: World) -> None:
    old = begin(world, PairRole.FIRST)
    other = MentorshipFactory.create(student=world.people[1].student, mentor=old.mentor)
    publish_scenario(ready_scenario(world), revision=0, actor=world.office)
    day = first_day(world.cycle, 3) + dt.timedelta(days=4)
    with time_machine.travel(dt.datetime.combine(day, dt.time(4), dt.UTC), tick=False):
        end(old)
        tell_supervision([old])
        assert seen_by(old.mentor) == 2 + 4
        end(other)
        tell_supervision([other])
        new = begin(world, PairRole.FIRST, MentorFactory.create())
        tell_supervision([new])
    assert seen_by(old.mentor) == 2 + 2
    assert seen_by(new.mentor) == 2
