"""Leave whose steps and days come out otherwise than they were asked for."""

from __future__ import annotations

import pytest

from cotutelle.core.clock import today
from cotutelle.people.enums import Role
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.models import Leave
from cotutelle.programmes.queries import leave as reads
from cotutelle.workflow.models import Task
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.rotations_programmes import make_enrolment, make_leave
from tests.programmes.test_leave import DAY, agree, ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrolment():
    return make_enrolment()


@pytest.fixture
def secretary(enrolment):
    return make_person(Role.DEPARTMENT_SECRETARY, unit=enrolment.student.unit)


@pytest.fixture
def mentor(enrolment):
    return MentorshipFactory.create(student=enrolment.student).mentor.person


def test_a_step_at_which_nobody_is_left_to_ask_holds_nothing_up(enrolment, secretary, mentor):
    leave = ask(enrolment)
    enrolment.student.mentorships.update(state="ended")
    agree(leave, secretary)
    assert leave.state == LeaveState.APPROVED
    assert not Task.objects.filter(kind="programmes.decide_leave", state="open").exists()


def test_who_comes_back_late_is_away_until_then(enrolment):
    leave = make_leave(
        enrolment, days=3, start=-9, state=LeaveState.RETURNED, returned_on=today() - DAY
    )
    rows = Leave.objects.all()
    for day, found in ((today() - 3 * DAY, [leave]), (today() - DAY, [])):
        assert reads.leaves_between(rows, day, today()) == found
