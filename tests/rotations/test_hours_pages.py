"""Pages of hours: who opens them, what stands there, what a press does."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import AccountKind, AlertState, DutyKind, ExceptionKind
from cotutelle.rotations.models import HourException, HoursPolicy
from cotutelle.rotations.queries.hours import account_of, alerts_visible_to, students_visible_to
from cotutelle.rotations.queries.hours_figures import FEWEST, figures_of
from tests.factories.people import RoleGrantFactory, make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_hours import (
    HoursWorld,
    add_student,
    make_alert,
    make_hours_world,
    make_line,
    plan_duty,
    plan_week,
)
from tests.factories.rotations_setup import make_ward

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 21)
MONDAY = dt.date(2026, 11, 16)
LIST_QUERIES = 20
MY_QUERIES = 24


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def world() -> HoursWorld:
    return make_hours_world()


def sign_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


def at(name: str, *things: Any) -> str:
    return reverse(f"rotations:{name}", args=[getattr(t, "public_id", t) for t in things])


def text(response: Any) -> str:
    return str(response.content.decode())


def test_one_persons_hours_are_read_by_those_who_can_help_alone(world: HoursWorld) -> None:
    plan_duty(world.student)
    alert = make_alert(world.student, ward=world.ward)
    elsewhere = make_ward()
    may_not = [
        make_person(Role.BASE_SECRETARY, unit=elsewhere.unit),
        make_person(Role.RESIDENCY_OFFICE, unit=elsewhere.unit),
        make_person(Role.MENTOR, unit=world.hospital),
        make_person(Role.LEADER, unit=world.hospital),
        make_person(Role.INSPECTOR, unit=world.hospital),
        StudentFactory.create().person,
    ]
    for person in (world.office, world.secretary, world.mentor):
        assert set(students_visible_to(person, TODAY)) == {world.student}, person
        assert set(alerts_visible_to(person, TODAY)) == {alert}
        assert sign_in(person).get(at("student-hours", world.student)).status_code == 200
        assert sign_in(person).get(at("alert", alert)).status_code == 200
    for person in may_not:
        assert world.student not in students_visible_to(person, TODAY), person
        assert sign_in(person).get(at("student-hours", world.student)).status_code in {403, 404}
        assert sign_in(person).get(at("alert", alert)).status_code in {403, 404}
        assert sign_in(person).get(at("hours-repay", world.student)).status_code in {403, 404}


def test_a_lost_half_day_is_logged_by_thumb_and_taken_back(world: HoursWorld) -> None:
    client = sign_in(world.person)
    plan_duty(world.student, TODAY, DutyKind.RESEARCH, 240)
    plan_duty(world.student, TODAY - dt.timedelta(days=7), DutyKind.RESEARCH, 240)
    first = client.get(at("hours-pulled"))
    assert [day for day, _shift, _url in first.context["shifts"]] == [TODAY]
    url = first.context["shifts"][0][2]
    assert "Log 4 h as taken" in text(client.get(url))
    done = client.post(
        at("hours-pulled"), {"day": TODAY, "minutes": 240, "pulled_by": "李医生"}, follow=True
    )
    assert "4 h of research time are owed to you" in text(done)
    row = HourException.objects.get()
    assert (row.kind, row.pulled_by) == (ExceptionKind.PULLED_TO_WARD, "李医生")
    assert "no research shift in the last seven days" in text(client.get(at("hours-pulled")))
    again = client.post(at("hours-pulled"), {"day": TODAY, "minutes": 240}, follow=True)
    assert "0 h are left to log" in text(again)
    assert sign_in(make_hours_world().person).post(at("hours-back", row)).status_code == 404
    client.post(at("hours-back", row))
    assert account_of(world.student).owed == 0


def test_longer_hours_are_logged_with_errors_at_the_field(world: HoursWorld) -> None:
    client = sign_in(world.person)
    values = {"day": "2026-11-20", "kind": "extra", "duty": "clinical", "minutes": "1.5"}
    bad = client.post(at("hours-log"), values | {"minutes": "25"})
    assert bad.context["form"].errors["minutes"]
    bad = client.post(at("hours-log"), values | {"day": "2026-11-22"})
    assert bad.context["form"].errors["day"] == ["That day has not come yet."]
    bad = client.post(at("hours-log"), values | {"kind": "less"})
    assert bad.context["form"].errors["day"]
    assert client.post(at("hours-log"), values)["Location"] == at("my-hours") + "?week=2026-11-16"
    assert HourException.objects.get().minutes == 90


def test_my_hours_show_the_week_the_account_and_who_reads_it(
    world: HoursWorld, django_assert_max_num_queries: Any
) -> None:
    for n in range(4):
        plan_week(world.student, MONDAY - dt.timedelta(weeks=n), clinical=12 * 60, research=120)
    make_line(world.student, AccountKind.GRANTED, 960)
    make_line(world.student, AccountKind.TAKEN, -240)
    make_alert(world.student)
    client = sign_in(world.person)
    with django_assert_max_num_queries(MY_QUERIES):
        page = client.get(at("my-hours"))
    shown = text(page)
    assert [len(day.shifts) for day in page.context["days"]] == [2, 2, 2, 2, 2, 0, 0]
    assert "On average 60.0 h a week (n = 4 weeks); at most 58 h." in shown
    assert "On average 10.0 h a week (n = 4 weeks); at least 4.6 h." in shown
    assert (page.context["had"], page.context["owed"]) == ("12", "4")
    assert world.mentor.name_en in shown
    assert "Too many clinical hours" in shown
    earlier = client.get(at("my-hours") + "?week=2026-11-11")
    assert earlier.context["monday"] == dt.date(2026, 11, 9)
    assert client.get(at("my-hours") + "?week=nonsense").context["monday"] == MONDAY
    assert client.get(at("student-hours", world.student))["Location"] == at("my-hours")
    assert sign_in(world.office).get(at("my-hours")).status_code == 403


def test_time_is_given_back_on_a_page(world: HoursWorld) -> None:
    make_line(world.student, AccountKind.TAKEN, -240)
    client = sign_in(world.mentor)
    assert at("hours-repay", world.student) in text(client.get(at("student-hours", world.student)))
    url, values = at("hours-repay", world.student), {"day": "2026-11-24", "minutes": "5"}
    assert client.post(url, values).context["form"].errors["minutes"] == ["Only 4 h are owed."]
    client.post(url, values | {"minutes": "4", "note": "周二下午"})
    assert account_of(world.student).owed == 0
    assert "周二下午" in text(client.get(at("student-hours", world.student)))


@pytest.mark.parametrize("count", [1, 4])
def test_the_list_of_hours_is_flat(
    world: HoursWorld, count: int, django_assert_max_num_queries: Any
) -> None:
    students = [add_student(world.hospital, world.ward) for _n in range(count)]
    for n, student in enumerate(students):
        plan_week(student, MONDAY, clinical=480, research=60)
        make_line(student, AccountKind.TAKEN, -60 * (n + 1))
        make_alert(student)
    client = sign_in(world.office)
    with django_assert_max_num_queries(LIST_QUERIES):
        page = client.get(at("hours"))
    rows = page.context["standings"]
    assert [s.student for s in rows] == students[::-1]
    assert (rows[0].averages.clinical, rows[0].averages.research) == (40, 5)
    assert (rows[0].account.owed, rows[0].alerts, rows[0].ward) == (60 * count, 1, world.ward)
    found = client.get(at("hours") + f"?q={students[0].person.number}&alert=1&owed=1")
    assert [s.student for s in found.context["standings"]] == [students[0]]
    sheet = load_workbook(io.BytesIO(client.get(at("hours") + "?format=xlsx").content)).active
    assert sheet is not None
    assert sheet.max_row == count + 2
    for sort in ("alerts", "clinical", "name"):
        assert client.get(at("hours") + f"?sort={sort}").status_code == 200
    assert sign_in(students[0].person).get(at("hours")).status_code == 403


@pytest.mark.parametrize("count", [1, 4])
def test_the_list_of_alerts_is_flat_and_open_first(
    world: HoursWorld, count: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(count):
        make_alert(
            add_student(world.hospital, world.ward),
            ward=world.ward,
            due_on=TODAY - dt.timedelta(days=n),
        )
    closed = make_alert(
        world.student, state=AlertState.CLOSED, closed_at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    )
    client = sign_in(world.secretary)
    with django_assert_max_num_queries(LIST_QUERIES):
        page = client.get(at("alerts"))
    assert page.context["listing"].total == count
    assert closed.pk not in [row.pk for row, _figure in page.context["rows"]]
    assert client.get(at("alerts") + "?open=0").context["listing"].total == count + 1
    assert client.get(at("alerts") + "?overdue=1").context["listing"].total == count - 1
    assert client.get(at("alerts") + "?format=xlsx").status_code == 200


def test_an_alert_says_who_was_told_and_is_closed_on_its_page(world: HoursWorld) -> None:
    make_line(world.student, AccountKind.TAKEN, -2000)
    from cotutelle.rotations.services.hours_alerts import evaluate_student  # noqa: PLC0415

    (alert,) = evaluate_student(world.student, MONDAY)
    client = sign_in(world.secretary)
    page = client.get(at("alert", alert))
    assert set(page.context["told"]) == {world.person, world.mentor, world.secretary}
    assert "33.3 h of research time owed; alarm at 16 h" in text(page)
    assert client.post(at("alert", alert), {"outcome": ""}).context["form"].errors
    client.post(at("alert", alert), {"outcome": "周四补回"})
    assert "周四补回" in text(sign_in(world.person).get(at("alert", alert)))
    own = sign_in(world.person).get(at("alert", alert))
    assert not own.context["may_close"]


def test_figures_hide_wards_with_few_students(world: HoursWorld) -> None:
    small = make_ward(unit=world.base, hospital=world.hospital)
    big = make_ward(unit=world.base, hospital=world.hospital)
    for ward, count in ((world.ward, 5), (big, 6), (small, 4)):
        for _n in range(count):
            student = add_student(world.hospital, ward)
            plan_duty(student, MONDAY, DutyKind.CLINICAL, 600, ward=ward)
            plan_duty(student, MONDAY, DutyKind.RESEARCH, 240, ward=ward)
    HourException.objects.create(
        student=student, day=MONDAY, kind="pulled_to_ward", duty="research", minutes=240,
        ward=big, logged_at=dt.datetime(2026, 11, 16, tzinfo=dt.UTC),
    )  # fmt: skip
    leader = make_person(Role.LEADER, unit=world.hospital)
    ((hospital, rows),), total = figures_of(leader, TODAY)
    shown = {row.name: row for row in rows if not row.is_hidden}
    assert (len(hospital.students), hospital.research, hospital.is_hidden) == (15, 3.7, False)
    # Four students alone could be told from the total, so the next smallest ward hides with them.
    assert set(shown) == {big.display_name}
    assert (shown[big.display_name].clinical, shown[big.display_name].lost) == (10.7, 0.7)
    assert (len(total.students), total.research) == (15, 3.7)
    page = sign_in(leader).get(at("hours-figures"))
    assert text(page).count("too few students to show") == 2
    assert sign_in(leader).get(at("hours-figures") + "?format=xlsx").status_code == 200
    assert sign_in(leader).get(at("hours")).status_code == 403
    assert figures_of(make_person(Role.LEADER), TODAY)[0] == []
    # A second hospital with two students alone hides, and the first with it.
    other = make_hours_world()
    for _n in range(2):
        plan_duty(add_student(other.hospital, other.ward), MONDAY, ward=other.ward)
    everywhere = make_person(Role.LEADER, Role.INSPECTOR, unit=world.hospital)
    RoleGrantFactory.create(person=everywhere, role=Role.LEADER, unit=other.hospital)
    groups, total = figures_of(everywhere, TODAY)
    assert len(total.students) == 17
    assert all(whole.is_hidden and all(w.is_hidden for w in wards) for whole, wards in groups)
    assert FEWEST == 5


def test_ceilings_are_read_and_set_on_their_page(world: HoursWorld) -> None:
    client = sign_in(world.office)
    page = client.get(at("hours-policy"))
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    assert "夜 on_call 17:30 14.5" in values["shifts"]
    bad = client.post(at("hours-policy"), values | {"shifts": "甲 clinical 25:00 8"})
    assert "Line 1" in bad.context["form"].errors["shifts"][0]
    bad = client.post(at("hours-policy"), values | {"shifts": "甲 clinical - 8\n甲 research - 4"})
    assert "twice" in bad.context["form"].errors["shifts"][0]
    bad = client.post(at("hours-policy"), values | {"clinical_most_hours": "90"})
    assert bad.context["form"].errors["clinical_most_hours"]
    client.post(at("hours-policy"), values | {"clinical_most_hours": "50"})
    kept = HoursPolicy.objects.get()
    assert (kept.unit, kept.clinical_most_hours, kept.shifts) == (world.hospital, 50, [])
    url = at("hours-policy") + f"?unit={world.base.public_id}"
    assert client.get(url).context["form"]["clinical_most_hours"].value() == 50
    client.post(url, values | {"shifts": "甲 临床 - 8"})
    assert HoursPolicy.objects.get(unit=world.base).shifts == [
        {"code": "甲", "kind": "clinical", "start": "", "minutes": 480}
    ]
    assert sign_in(world.secretary).get(at("hours-policy")).status_code == 403
