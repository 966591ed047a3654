"""The spreadsheet of weekly times."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.people.enums import Role
from cotutelle.rotations.importers.weekly import time, weekday
from cotutelle.rotations.models import WeeklyBusy
from tests.factories.mentorship import MentorFactory
from tests.factories.people import make_person
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import make_busy, make_term

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("cell", "expected"), [("周三", 2), ("星期日", 6), ("1", 0), ("Fri", 4), ("ＴＵＥ", 1)]
)
def test_days_of_the_week_are_read_as_people_write_them(cell: str, expected: int) -> None:
    assert weekday()(cell) == expected


@pytest.mark.parametrize("cell", ["周八", "8", "", "一二"])
def test_what_is_no_day_of_the_week_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"周三|Wed"):
        weekday()(cell)


def test_times_of_day() -> None:
    assert time()("8：30") == dt.time(8, 30)
    assert time()("14点") == dt.time(14)
    assert time()("08:00:00") == dt.time(8)
    for cell in ("25:00", "8", "8:75"):
        with pytest.raises(ValueError, match="14:00"):
            time()(cell)


def row(line: int, **values: Any) -> Row:
    usual = {"weekday": 2, "starts_at": dt.time(8), "ends_at": dt.time(12), "kind": None}
    return Row(line, usual | values)


def test_a_file_replaces_the_times_of_those_who_stand_in_it() -> None:
    hospital = HospitalFactory.create()
    term = make_term(hospital)
    one, other = (MentorFactory.create(unit=hospital).person for _n in range(2))
    make_busy(term, one, 4, 8, 12)
    make_busy(term, other, 4, 8, 12)
    ctx = Context(hospital, make_person(Role.BASE_SECRETARY, unit=hospital))
    rows = [
        row(2, term=term.name_zh, number=one.number),
        row(3, term=term.name_en, number=one.number, weekday=3, kind="movable"),
    ]
    importer = registry.find("weekly-times")
    assert importer.check(rows, ctx) == []
    assert importer.apply(rows, ctx, lambda done: None).created == 2
    kept = WeeklyBusy.objects.order_by("weekday").values_list("person", "weekday", "kind")
    assert list(kept) == [(one.pk, 2, "fixed"), (one.pk, 3, "movable"), (other.pk, 4, "fixed")]
    assert importer.apply(rows, ctx, lambda done: None).unchanged == 2


def test_unknown_terms_and_people_and_turned_times_are_reported_by_cell() -> None:
    hospital = HospitalFactory.create()
    term, stranger = make_term(hospital), MentorFactory.create().person
    ctx = Context(hospital, make_person(Role.BASE_SECRETARY, unit=hospital))
    rows = [
        row(2, term="没有", number=stranger.number),
        row(3, term=term.name_zh, number=ctx.actor.number, ends_at=dt.time(7)),
    ]
    found = [(p.row, p.column, p.code) for p in registry.find("weekly-times").check(rows, ctx)]
    assert found == [
        (2, "term", "busy.term"), (2, "number", "busy.person"),
        (3, "number", "busy.person"), (3, "ends_at", "busy.time"),
    ]  # fmt: skip
