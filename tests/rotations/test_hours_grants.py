"""Granting research time week by week, less the days on leave."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from cotutelle.programmes.enums import EnrolmentState, LeaveState
from cotutelle.programmes.models import Enrolment
from cotutelle.rotations import hours_tasks
from cotutelle.rotations.models import HoursPolicy
from cotutelle.rotations.queries.hours import account_of
from cotutelle.rotations.services.hours_grants import follow_leave, grant_week
from tests.factories.rotations_hours import HoursWorld, make_hours_world
from tests.factories.rotations_programmes import make_leave, make_template

TODAY = dt.date(2026, 11, 21)
MONDAY = dt.date(2026, 11, 16)
WEEK = dt.timedelta(days=7)
FULL = 2 * 240


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def world(db: None) -> HoursWorld:
    return make_hours_world()


def away(world: HoursWorld, first: dt.date, last: dt.date, **fields: Any) -> None:
    enrolment, _made = Enrolment.objects.get_or_create(
        student=world.student,
        defaults={
            "template": make_template(world.student.unit),
            "state": EnrolmentState.ENROLLED,
            "starts_on": dt.date(2025, 9, 1),
            "ends_on": dt.date(2028, 6, 30),
        },
    )
    make_leave(enrolment, starts_on=first, ends_on=last, **fields)


def test_a_week_is_granted_once_as_the_ward_gives_it(world: HoursWorld) -> None:
    assert grant_week(TODAY) == 1
    assert grant_week(MONDAY) == 0
    assert account_of(world.student).granted == FULL
    HoursPolicy.objects.create(unit=world.hospital, half_day_hours=3)
    assert grant_week(MONDAY + WEEK) == 1
    assert account_of(world.student).granted == FULL + 360


@pytest.mark.parametrize(
    ("first", "last", "share"),
    [
        (-7, -3, 1),  # the week before
        (-3, 0, 0.8),  # from before into the Monday
        (1, 2, 0.6),
        (5, 6, 1),  # the weekend alone
        (3, 20, 0.6),
    ],
)
def test_each_day_on_leave_takes_its_share(
    world: HoursWorld, first: int, last: int, share: float
) -> None:
    away(world, MONDAY + dt.timedelta(days=first), MONDAY + dt.timedelta(days=last))
    assert grant_week(MONDAY) == 1
    assert account_of(world.student).granted == FULL * share


def test_a_week_away_grants_nothing_until_somebody_is_back(world: HoursWorld) -> None:
    away(world, MONDAY - WEEK, MONDAY + WEEK)
    assert grant_week(MONDAY) == 0
    leave = world.student.enrolment.leaves.get()
    leave.state, leave.returned_on = LeaveState.RETURNED, MONDAY + dt.timedelta(days=3)
    leave.save()
    assert grant_week(MONDAY) == 1
    assert account_of(world.student).granted == FULL * 0.4


def test_who_came_back_from_a_week_away_is_granted_it_when_that_is_known(
    world: HoursWorld,
) -> None:
    away(world, MONDAY - WEEK, MONDAY + WEEK)
    assert [grant_week(MONDAY), follow_leave(MONDAY)] == [0, 0]
    leave = world.student.enrolment.leaves.get()
    leave.state, leave.returned_on = LeaveState.RETURNED, MONDAY + dt.timedelta(days=3)
    leave.save()
    assert [follow_leave(MONDAY), follow_leave(MONDAY), grant_week(MONDAY)] == [1, 0, 0]
    assert account_of(world.student).granted == FULL * 0.4


def test_leave_agreed_to_afterwards_takes_its_share_once(world: HoursWorld) -> None:
    grant_week(MONDAY)
    assert follow_leave(MONDAY) == 0
    away(world, MONDAY + dt.timedelta(days=1), MONDAY + dt.timedelta(days=2))
    assert [follow_leave(TODAY), follow_leave(MONDAY), grant_week(MONDAY)] == [1, 0, 0]
    account = account_of(world.student, lines=5)
    assert (account.granted, account.owed) == (FULL * 0.6, 0)
    assert [(line.minutes, line.follows_leave) for line in account.lines] == [
        (-192, True),
        (FULL, False),
    ]
    leave = world.student.enrolment.leaves.get()
    leave.state, leave.returned_on = LeaveState.RETURNED, MONDAY + dt.timedelta(days=2)
    leave.save()
    assert [follow_leave(MONDAY), follow_leave(MONDAY)] == [1, 0]
    assert account_of(world.student).granted == FULL * 0.8
    leave.delete()
    assert [follow_leave(MONDAY), follow_leave(MONDAY)] == [1, 0]
    assert account_of(world.student).granted == FULL


def test_leave_alone_corrects_what_was_granted(world: HoursWorld) -> None:
    grant_week(MONDAY)
    HoursPolicy.objects.create(unit=world.hospital, half_day_hours=3)
    assert follow_leave(MONDAY) == 0
    away(world, MONDAY + WEEK, MONDAY + WEEK)
    assert (follow_leave(MONDAY), follow_leave(MONDAY + WEEK)) == (0, 0)
    assert account_of(world.student).granted == FULL


def test_the_account_says_what_leave_takes(world: HoursWorld, client: Client) -> None:
    grant_week(MONDAY)
    away(world, MONDAY, MONDAY + dt.timedelta(days=1))
    hours_tasks.hours_daily(0)
    client.force_login(world.person)
    page = client.get("/rotations/hours/my/").content.decode()
    assert "请假期间不给予科研时间" in page
    assert "因请假减少" in page


def test_leave_that_nobody_agreed_to_takes_nothing(world: HoursWorld) -> None:
    away(world, MONDAY, MONDAY + WEEK, state=LeaveState.ASKED)
    assert grant_week(MONDAY) == 1
    assert account_of(world.student).granted == FULL
