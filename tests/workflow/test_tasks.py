"""Tasks: opened once, closed, reminded with restraint."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused
from cotutelle.institutions.models import Unit
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.models import Task
from cotutelle.workflow.queries import (
    board,
    open_count,
    open_for,
    owed_by_kind,
    owed_by_unit,
)
from cotutelle.workflow.services import (
    Reminded,
    close_tasks,
    open_task,
    open_tasks,
    remind,
    tell_due_soon,
)
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.workflow import make_task

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def test_a_task_is_open_once_for_the_same_thing_and_takes_the_new_deadline() -> None:
    person = make_person()
    first = make_task(person, due_in=HOUR)
    second = make_task(person, due_in=2 * HOUR)
    assert first.pk == second.pk
    assert second.due_at is not None
    assert second.due_at - now() > HOUR
    assert Task.objects.count() == 1


def test_a_closed_task_may_be_opened_anew() -> None:
    person = make_person()
    first = make_task(person)
    assert close_tasks(person.unit, "test.list") == 1
    second = make_task(person)
    assert (second.pk == first.pk, second.state) == (False, TaskState.OPEN)


@pytest.mark.parametrize(
    ("cancelled", "state"), [(False, TaskState.DONE), (True, TaskState.CANCELLED)]
)
def test_close_tasks_ends_open_ones_and_no_others(cancelled: bool, state: TaskState) -> None:
    unit = UnitFactory.create()
    mine, other = make_person(unit=unit), make_person(unit=unit)
    task = make_task(mine)
    untouched = [make_task(other), make_task(mine, kind="test.answer")]
    assert close_tasks(unit, "test.list", assignee=mine, cancelled=cancelled) == 1
    assert close_tasks(unit, "test.list", assignee=mine) == 0
    task.refresh_from_db()
    assert task.state == state
    assert task.closed_at is not None
    assert {t.pk for t in Task.objects.filter(state=TaskState.OPEN)} == {t.pk for t in untouched}


def test_open_task_refuses_a_kind_nobody_could_read() -> None:
    person = make_person()
    with pytest.raises(ValueError, match="no task is registered"):
        make_task(person, kind="test.nobody")
    with pytest.raises(ValueError, match="needs 'round'"):
        make_task(person, params={})


def test_many_tasks_cost_as_much_as_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    unit = UnitFactory.create()
    for size in (1, 9):
        people = [make_person(unit=unit) for _n in range(size)]
        with django_assert_num_queries(5):
            tasks = open_tasks(people, kind="test.answer", subject=unit, unit=unit, due_at=None)
        assert [t.assignee_id for t in tasks] == [p.pk for p in people]


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_open_one_task() -> None:
    person = make_person()
    unit = Unit.objects.get(pk=person.unit_id)
    gate = threading.Barrier(10)
    found: list[int] = []

    def burst() -> None:
        gate.wait()
        task = open_task(assignee=person, kind="test.answer", subject=unit, unit=unit, due_at=None)
        found.append(task.pk)
        connection.close()

    threads = [threading.Thread(target=burst) for _n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert len(set(found)) == 1


def office_with_two() -> tuple[Person, Person, Person]:
    officer = make_person(Role.GRADUATE_OFFICER)
    return officer, make_person(unit=officer.unit), make_person(unit=officer.unit)


def test_remind_tells_each_person_once_about_all_their_tasks() -> None:
    officer, one, two = office_with_two()
    tasks = [make_task(one), make_task(one, kind="test.answer"), make_task(two)]
    assert remind(tasks, actor=officer) == Reminded(people=2, sent=3, too_soon=0, closed=0)
    with translation.override("en"):
        assert Notice.objects.get(person=one).title == "Reminder: 2 open tasks"
        single = Notice.objects.get(person=two)
        assert single.title == "Reminder: Submit the list of Selection 2026"
    assert set(Task.objects.values_list("reminders", flat=True)) == {1}


def test_nobody_is_reminded_twice_within_twelve_hours() -> None:
    officer, one, _two = office_with_two()
    task = make_task(one)
    remind([task], actor=officer)
    assert remind([task], actor=officer) == Reminded(people=0, sent=0, too_soon=1, closed=0)
    with time_machine.travel(now() + 12 * HOUR, tick=False):
        assert remind([task], actor=officer).sent == 1
    assert Notice.objects.filter(person=one).count() == 2


def test_closed_tasks_are_not_reminded() -> None:
    officer, one, _two = office_with_two()
    task = make_task(one)
    close_tasks(officer.unit, "test.list")
    assert remind([task], actor=officer) == Reminded(people=0, sent=0, too_soon=0, closed=1)


def test_only_the_office_of_the_unit_reminds() -> None:
    officer, one, _two = office_with_two()
    foreign = make_task(make_person())
    for actor in (one, make_person(Role.GRADUATE_OFFICER), make_person(Role.LEADER, unit=one.unit)):
        with pytest.raises(Refused):
            remind([make_task(one)], actor=actor)
    with pytest.raises(Refused):
        remind([make_task(one), foreign], actor=officer)
    assert not Notice.objects.exists()


def test_people_are_told_once_what_is_due_soon_from_eight_in_the_morning() -> None:
    person = make_person()
    night = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC)  # 7:30 in Shanghai
    with time_machine.travel(night, tick=False):
        make_task(person, due_in=30 * HOUR)
        make_task(person, kind="test.answer", due_in=60 * HOUR)
        assert tell_due_soon() == 0
    with time_machine.travel(night + HOUR, tick=False):
        assert tell_due_soon() == 1
        assert tell_due_soon() == 0
    with translation.override("en"):
        title = Notice.objects.get(person=person).title
    assert title == "Due soon: Submit the list of Selection 2026"


def test_the_board_shows_open_tasks_of_ones_units_overdue_first() -> None:
    officer, one, two = office_with_two()
    below = UnitFactory.create(parent=officer.unit)
    later = make_task(one, due_in=HOUR)
    never = make_task(two)
    overdue = make_task(one, unit=below, due_in=-HOUR)
    make_task(make_person())
    assert list(board(officer)) == [overdue, later, never]
    assert list(board(one)) == []
    assert [(o.key, o.total, o.late) for o in owed_by_kind(board(officer))] == [("test.list", 3, 1)]
    assert [(u.pk, o.total) for u, o in owed_by_unit(board(officer))] == [
        (below.pk, 1),
        (officer.unit_id, 2),
    ]
    assert open_count(one) == (2, 1)
    assert list(open_for(one)) == [overdue, later]
    assert (overdue.is_overdue, later.is_overdue, never.is_overdue) == (True, False, False)
