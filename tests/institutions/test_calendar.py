"""Working days: weeks, holidays, adjusted days, inheritance and deadlines."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.institutions import queries, services
from cotutelle.institutions.enums import DayKind
from cotutelle.institutions.queries import WorkingCalendar
from tests.factories.institutions import UnitFactory

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
CALENDARS = st.dictionaries(DAYS, st.sampled_from(DayKind), max_size=40).map(WorkingCalendar)

# National Day 2026 as an office enters it: a week off, the Saturday after worked.
OCTOBER = WorkingCalendar(
    {
        **{dt.date(2026, 10, day): DayKind.HOLIDAY for day in range(1, 8)},
        dt.date(2026, 10, 10): DayKind.WORKDAY,
    }
)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (dt.date(2026, 9, 30), 0, dt.date(2026, 9, 30)),
        (dt.date(2026, 9, 30), 1, dt.date(2026, 10, 8)),
        (dt.date(2026, 9, 30), 3, dt.date(2026, 10, 10)),
        (dt.date(2026, 9, 30), 4, dt.date(2026, 10, 12)),
        (dt.date(2026, 10, 12), -1, dt.date(2026, 10, 10)),
        (dt.date(2026, 10, 8), -1, dt.date(2026, 9, 30)),
    ],
)
def test_add_working_days_around_national_day(start: dt.date, n: int, end: dt.date) -> None:
    assert OCTOBER.add_working_days(start, n) == end


@given(CALENDARS, DAYS, st.integers(0, 60))
def test_counting_undoes_adding(calendar: WorkingCalendar, day: dt.date, n: int) -> None:
    end = calendar.add_working_days(day, n)
    assert calendar.working_days_between(day, end) == n
    assert calendar.working_days_between(end, day) == -n
    assert n == 0 or calendar.is_working_day(end)


def test_a_calendar_without_working_days_is_an_error_not_a_loop() -> None:
    start = dt.date(2026, 1, 1)
    empty = WorkingCalendar({start + dt.timedelta(days=n): DayKind.VACATION for n in range(4000)})
    with pytest.raises(ValueError, match="within ten years"):
        empty.add_working_days(start, 1)


@pytest.mark.django_db
def test_a_unit_without_calendar_uses_the_nearest_above() -> None:
    university = UnitFactory.create()
    college = UnitFactory.create(parent=university, kind="college")
    ward = UnitFactory.create(parent=college, kind="department")
    friday = dt.date(2026, 11, 20)
    assert queries.working_calendar(ward).is_working_day(friday)

    calendar = services.create_calendar(university, name_zh="校历", actor=None)
    services.set_days(calendar, friday, friday, "holiday", actor=None)
    assert not queries.working_calendar(ward).is_working_day(friday)

    own = services.create_calendar(college, name_zh="院历", actor=None)
    services.set_days(own, dt.date(2026, 11, 21), dt.date(2026, 11, 21), "workday", actor=None)
    calendar_of_ward = queries.working_calendar(ward)
    assert calendar_of_ward.is_working_day(friday)
    assert calendar_of_ward.is_working_day(dt.date(2026, 11, 21))


@pytest.mark.django_db
def test_deadline_ends_the_day_where_the_unit_is() -> None:
    university = UnitFactory.create(time_zone="Europe/Berlin")
    college = UnitFactory.create(parent=university, kind="college")
    # Thursday 23:30 UTC is Friday already in Berlin; the next working day is Monday.
    start = dt.datetime(2026, 11, 19, 23, 30, tzinfo=dt.UTC)

    end = queries.deadline(college, start, 1)

    assert end == dt.datetime(2026, 11, 23, 22, 59, 59, tzinfo=dt.UTC)
    assert queries.time_zone_of(UnitFactory.create()) == "Asia/Shanghai"


@pytest.mark.django_db
def test_institution_of_a_ward_is_its_hospital() -> None:
    hospital = UnitFactory.create(kind="hospital")
    ward = UnitFactory.create(parent=hospital, kind="department")
    assert queries.institution_of(ward) == hospital
    assert queries.institution_of(hospital) == hospital
