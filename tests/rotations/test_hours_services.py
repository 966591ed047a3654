"""Logging hours, the research-time account, bounds and alerts."""

from __future__ import annotations

import datetime as dt
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.rotations import hours_tasks
from cotutelle.rotations.enums import AccountKind, AlertKind, AlertState, DutyKind, ExceptionKind
from cotutelle.rotations.models import AccountLine, DutyEntry, HoursAlert, HoursPolicy
from cotutelle.rotations.queries.hours import (
    Account,
    WeekHours,
    account_of,
    averages_of,
    monday_of,
    policy_for,
    weeks_of,
)
from cotutelle.rotations.services import hours as services
from cotutelle.rotations.services.hours_alerts import (
    close_alert,
    evaluate_student,
    evaluate_students,
    remind_overdue,
)
from cotutelle.workflow.models import Task
from tests.factories.people import make_person
from tests.factories.rotations_hours import (
    HoursWorld,
    add_student,
    make_alert,
    make_hours_world,
    make_line,
    plan_duty,
    plan_week,
)

TODAY = dt.date(2026, 11, 21)
MONDAY = dt.date(2026, 11, 16)
EVALUATION_QUERIES = 7  # two of them a savepoint


@pytest.fixture(autouse=True)
def _noon() -> Any:
    # 00:30 in Shanghai: the day of the institution counts, not that of the reader's clock.
    with time_machine.travel(dt.datetime(2026, 11, 20, 16, 30, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def world(db: None) -> HoursWorld:
    return make_hours_world()


def pull(world: HoursWorld, minutes: int = 240, day: dt.date = TODAY, **more: Any) -> Any:
    return services.log_exception(
        world.student, day=day, kind=ExceptionKind.PULLED_TO_WARD, duty=DutyKind.RESEARCH,
        minutes=minutes, actor=world.person, **more,
    )  # fmt: skip


def refusal(function: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(RuleViolation) as caught:
        function(*args, **kwargs)
    return caught.value.code


def test_a_pulled_half_day_takes_time_tells_the_mentors_and_moves_hours(world: HoursWorld) -> None:
    plan_duty(world.student, TODAY, DutyKind.RESEARCH, 240)
    row = pull(world, pulled_by=" 李医生 ")
    assert (row.pulled_by, row.ward) == ("李医生", world.ward)
    assert account_of(world.student).owed == 240
    week = weeks_of([world.student], TODAY, 1)[world.student.pk][0]
    assert (week.planned[DutyKind.RESEARCH], week.actual[DutyKind.RESEARCH]) == (240, 0)
    assert week.clinical_minutes == 240
    told = Notice.objects.get(kind="rotations.research_taken")
    assert told.person == world.mentor
    assert Entry.objects.filter(action="rotations.hours.logged", actor=world.person).exists()


def test_the_day_is_that_of_the_institution(world: HoursWorld) -> None:
    plan_duty(world.student, TODAY, DutyKind.RESEARCH, 240)
    with timezone.override(dt.UTC):
        assert pull(world).day == TODAY


def test_what_cannot_be_logged_is_refused(world: HoursWorld) -> None:
    plan_duty(world.student, TODAY, DutyKind.RESEARCH, 240)
    assert refusal(pull, world, day=TODAY + dt.timedelta(days=1)) == "hours.future"
    assert refusal(pull, world, day=TODAY - dt.timedelta(days=32)) == "hours.too_old"
    assert refusal(pull, world, 0) == refusal(pull, world, 1441) == "hours.length"
    assert refusal(pull, world, day=TODAY - dt.timedelta(days=1)) == "hours.nothing_planned"
    pull(world, 180)
    assert refusal(pull, world, 61) == "hours.more_than_planned"
    assert account_of(world.student).taken == 180
    with pytest.raises(Refused):
        services.log_exception(
            world.student, day=TODAY, kind=ExceptionKind.EXTRA, duty=DutyKind.CLINICAL,
            minutes=60, actor=world.mentor,
        )  # fmt: skip


def test_more_and_less_hours_change_the_week_and_no_account(world: HoursWorld) -> None:
    plan_duty(world.student, TODAY, DutyKind.CLINICAL, 480)
    for kind, minutes in ((ExceptionKind.EXTRA, 90), (ExceptionKind.LESS, 30)):
        services.log_exception(
            world.student, day=TODAY, kind=kind, duty=DutyKind.CLINICAL, minutes=minutes,
            actor=world.person,
        )  # fmt: skip
    week = weeks_of([world.student], TODAY, 1)[world.student.pk][0]
    assert week.clinical_minutes == 480 + 90 - 30
    assert not AccountLine.objects.exists()


def test_taking_back_returns_the_time_once(world: HoursWorld) -> None:
    plan_duty(world.student, TODAY, DutyKind.RESEARCH, 240)
    row = pull(world)
    with pytest.raises(Refused):
        services.withdraw_exception(row, actor=world.office)
    services.withdraw_exception(row, actor=world.person)
    assert refusal(services.withdraw_exception, row, actor=world.person) == "hours.withdrawn"
    assert account_of(world.student).owed == 0
    assert [line.minutes for line in AccountLine.objects.order_by("pk")] == [-240, 240]
    pull(world)
    assert account_of(world.student).owed == 240


def test_time_is_given_back_by_those_who_may_and_never_too_much(world: HoursWorld) -> None:
    def give(minutes: int, day: dt.date = TODAY, actor: Any = world.mentor) -> Any:
        return services.repay_research_time(world.student, day=day, minutes=minutes, actor=actor)

    assert refusal(give, 60) == "research_time.nothing_owed"
    make_line(world.student, AccountKind.TAKEN, -240)
    assert refusal(give, 0) == "hours.length"
    assert refusal(give, 241) == "research_time.more_than_owed"
    assert refusal(give, 60, TODAY + dt.timedelta(days=93)) == "research_time.day"
    for stranger in (world.person, make_person(Role.MENTOR), make_person(Role.BASE_SECRETARY)):
        with pytest.raises(Refused):
            give(60, actor=stranger)
    give(60, actor=world.mentor)
    assert refusal(give, 60) == "research_time.already"
    give(60, TODAY + dt.timedelta(days=1), world.secretary)
    give(120, TODAY + dt.timedelta(days=2), world.office)
    assert account_of(world.student).owed == 0
    assert Notice.objects.filter(person=world.person, kind="rotations.research_repaid").count() == 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from(AccountKind), st.integers(1, 600), st.booleans()
        ),
        max_size=12,
    )
)  # fmt: skip
def test_the_balance_is_the_sum_of_the_lines(moves: list[tuple[AccountKind, int, bool]]) -> None:
    sums = dict.fromkeys(AccountKind, 0)
    for kind, minutes, sign in moves:
        takes = kind == AccountKind.TAKEN or (kind == AccountKind.ADJUSTED and sign)
        sums[kind] += -minutes if takes else minutes
    account = Account(
        sums[AccountKind.GRANTED],
        -sums[AccountKind.TAKEN] - sums[AccountKind.ADJUSTED],
        sums[AccountKind.REPAID],
    )
    assert account.had == sum(sums.values())
    assert account.owed >= 0


def test_an_account_adds_up_from_its_lines(world: HoursWorld) -> None:
    for kind, minutes in (
        (AccountKind.GRANTED, 960), (AccountKind.TAKEN, -240), (AccountKind.TAKEN, -120),
        (AccountKind.ADJUSTED, 120), (AccountKind.REPAID, 60),
    ):  # fmt: skip
        make_line(world.student, kind, minutes)
    account = account_of(world.student, lines=3)
    assert (account.granted, account.taken, account.repaid) == (960, 240, 60)
    assert (account.had, account.owed, len(account.lines)) == (780, 180, 3)
    assert account.had == sum(AccountLine.objects.values_list("minutes", flat=True))


def test_averages_leave_out_weeks_that_are_cut_off() -> None:
    def week(days: int, hours: int) -> WeekHours:
        minutes = dict.fromkeys(DutyKind, 0) | {DutyKind.CLINICAL: hours * 60}
        return WeekHours(MONDAY, minutes, minutes, days)

    assert averages_of([week(0, 0), week(3, 20)]) is None
    found = averages_of([week(2, 10), week(5, 40), week(6, 60)])
    assert found is not None
    assert (found.weeks, found.clinical, found.total) == (2, 50, 50)


def test_the_policy_of_the_nearest_unit_holds(world: HoursWorld) -> None:
    assert policy_for(world.base).clinical_most_hours == 58
    HoursPolicy.objects.create(unit=world.hospital, clinical_most_hours=50)
    assert policy_for(world.base).clinical_most_hours == 50
    HoursPolicy.objects.create(unit=world.base, clinical_most_hours=45)
    assert policy_for(world.base).clinical_most_hours == 45
    assert policy_for(world.hospital).clinical_most_hours == 50


def test_broken_bounds_open_alerts_for_those_who_can_help(world: HoursWorld) -> None:
    plan_week(world.student, MONDAY, clinical=12 * 60, research=50)
    opened = evaluate_student(world.student, MONDAY)
    assert {a.kind: a.figures["value"] for a in opened} == {
        AlertKind.CLINICAL_HIGH: 60.0, AlertKind.RESEARCH_LOW: 4.2,
    }  # fmt: skip
    assert evaluate_student(world.student, MONDAY) == []
    kinds = Notice.objects.filter(url__endswith=f"{opened[0].public_id}/").values_list(
        "person", "kind"
    )
    assert set(kinds) == {
        (world.person.pk, "rotations.alert_student"),
        (world.mentor.pk, "rotations.alert_helper"),
        (world.secretary.pk, "rotations.alert_helper"),
    }
    assert set(Task.objects.values_list("assignee", flat=True)) == {world.secretary.pk}


def test_research_time_owed_alarms(world: HoursWorld) -> None:
    make_line(world.student, AccountKind.TAKEN, -4 * 240 + 1)
    assert evaluate_student(world.student, MONDAY) == []
    make_line(world.student, AccountKind.TAKEN, -1)
    (alert,) = evaluate_student(world.student, MONDAY)
    assert (alert.kind, alert.figures) == (AlertKind.BALANCE_LOW, {"value": 16.0, "bound": 16.0})


@pytest.mark.parametrize("count", [1, 4])
def test_students_who_are_well_cost_no_more_queries(
    world: HoursWorld, count: int, django_assert_max_num_queries: Any
) -> None:
    students = [add_student(world.hospital, world.ward) for _n in range(count)]
    for student in students:
        plan_week(student, MONDAY, clinical=480, research=120)
    with django_assert_max_num_queries(EVALUATION_QUERIES):
        assert evaluate_students(students, MONDAY) == []


def test_an_alert_is_closed_by_what_was_done(world: HoursWorld) -> None:
    alert = make_alert(world.student, ward=world.ward)
    assert refusal(close_alert, alert, "  ", actor=world.mentor) == "alert.outcome"
    with pytest.raises(Refused):
        close_alert(alert, "x", actor=world.person)
    with pytest.raises(Refused):
        close_alert(alert, "x", actor=make_person(Role.BASE_SECRETARY))
    close_alert(alert, " 周四下午补回 ", actor=world.secretary)
    assert refusal(close_alert, alert, "again", actor=world.mentor) == "alert.closed"
    alert.refresh_from_db()
    assert (alert.state, alert.outcome) == (AlertState.CLOSED, "周四下午补回")
    told = Notice.objects.get(kind="rotations.alert_closed")
    assert told.person == world.person
    assert "周四下午补回" in told.body


def test_overdue_follow_ups_are_asked_for_again(world: HoursWorld) -> None:
    make_alert(world.student, ward=world.ward, due_on=TODAY)
    assert remind_overdue() == 0
    late = make_alert(
        world.student, ward=world.ward, due_on=TODAY - dt.timedelta(days=1), kind="total_high"
    )
    assert remind_overdue() == 1
    told = Notice.objects.get(kind="rotations.alert_overdue")
    assert told.person == world.secretary
    assert str(late.public_id) in told.url


def test_the_clock_grants_evaluates_and_reminds(world: HoursWorld) -> None:
    plan_week(world.student, MONDAY - dt.timedelta(days=7), clinical=13 * 60, research=300)
    hours_tasks.hours_daily(0)
    hours_tasks.hours_daily(0)
    assert account_of(world.student).granted == 480
    hours_tasks.hours_weekly(0)
    assert {a.kind for a in HoursAlert.objects.all()} == {
        AlertKind.CLINICAL_HIGH, AlertKind.TOTAL_HIGH,
    }  # fmt: skip


def test_ceilings_are_set_by_the_office_in_order(world: HoursWorld) -> None:
    def put(actor: Any = world.office, **values: Any) -> Any:
        return services.set_hours_policy(world.hospital, values, actor=actor)

    assert refusal(put, clinical_most_hours=90, total_most_hours=80) == "hours_policy.order"
    assert refusal(put, shifts=[{"code": "甲"}]) == "hours_policy.shifts"
    with pytest.raises(Refused):
        put(world.secretary, average_weeks=2)
    put(average_weeks=2)
    put(average_weeks=3)
    assert HoursPolicy.objects.get().average_weeks == 3
    assert Entry.objects.filter(action="rotations.hours_policy.changed").count() == 2


def test_a_roster_replaces_the_named_days_alone(world: HoursWorld) -> None:
    for n in range(3):
        plan_duty(world.student, MONDAY + dt.timedelta(days=n))
    other = add_student(world.hospital, world.ward)
    plan_duty(other, MONDAY)
    new = DutyEntry(student=world.student, day=MONDAY, kind=DutyKind.RESEARCH, minutes=240)
    counts = services.save_duties(
        [new],
        replaced={world.student: {MONDAY, MONDAY + dt.timedelta(days=2)}},
        actor=world.secretary,
    )
    assert counts == (1, 2)
    left = DutyEntry.objects.order_by("student", "day").values_list("student", "day", "kind")
    assert list(left) == [
        (world.student.pk, MONDAY, "research"),
        (world.student.pk, MONDAY + dt.timedelta(days=1), "clinical"),
        (other.pk, MONDAY, "clinical"),
    ]


@pytest.mark.django_db(transaction=True)
def test_an_alert_opens_once_in_a_burst() -> None:
    world = make_hours_world()
    make_line(world.student, AccountKind.TAKEN, -2000)
    barrier, opened = Barrier(6), []

    def run() -> None:
        try:
            barrier.wait()
            opened.extend(evaluate_student(world.student, monday_of(TODAY)))
        finally:
            connection.close()

    threads = [Thread(target=run) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == HoursAlert.objects.count() == 1
    assert Notice.objects.filter(kind="rotations.alert_student").count() == 1
