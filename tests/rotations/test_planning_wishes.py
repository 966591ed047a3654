"""Wishes from a spreadsheet: every bad cell is named, what is there is not doubled."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.rotations.models import Wish
from cotutelle.rotations.queries.planning_keys import ward_key
from cotutelle.rotations.queries.planning_months import first_day
from tests.factories.rotations_planning import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def context(world: World) -> Context:
    options = {"cycle": str(world.cycle.public_id)}
    return Context(unit=world.hospital, actor=world.office, options=options)


def row(world: World, n: int, **values: Any) -> Row:
    return Row(n, {"number": world.people[0].student.person.number} | values)


def test_wishes_are_added_once(world: World) -> None:
    importer = registry.find("rotation-wishes")
    month = f"{first_day(world.cycle, 2):%Y-%m}"
    rows = [
        row(world, 2, kind="prefer_ward", ward=ward_key(world.wards["IM2"]), weight=2),
        row(world, 3, kind="away", first=month, last=month),
        row(world, 4),
    ]
    assert importer.check(rows, context(world)) == []
    for made in (2, 0):
        counts = importer.apply(rows, context(world), lambda done: None)
        assert counts.created == made
    found = {(w.kind, w.ward, w.first, w.last, w.weight) for w in Wish.objects.all()}
    assert found == {("prefer_ward", world.wards["IM2"], None, None, 2), ("away", None, 2, 2, 1)}


@pytest.mark.parametrize("cell", ["2027", "2027-13", "0000-09", "9999-12"])
def test_what_is_no_month_of_these_days_is_refused(cell: str) -> None:
    column = next(c for c in registry.find("rotation-wishes").columns if c.name == "first")
    with pytest.raises(ValueError, match="2027-09"):
        column.parse(cell)


def test_every_bad_cell_is_named(world: World) -> None:
    importer = registry.find("rotation-wishes")
    late = f"{first_day(world.cycle, 50):%Y-%m}"
    rows = [
        Row(2, {"number": "nobody"}),
        row(world, 3, kind="prefer_ward", ward="XX/YY"),
        row(world, 4, kind="prefer_ward"),
        row(world, 5, kind="away", first=late),
    ]
    found = {(p.row, p.column, p.code) for p in importer.check(rows, context(world))}
    assert found == {
        (2, "number", "wish.person"),
        (3, "ward", "wish.place"),
        (4, "ward", "wish.incomplete"),
        (5, "first", "wish.month"),
    }
