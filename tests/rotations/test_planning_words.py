"""What clashes and what would help, in lines for people."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import period_text
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_words import change_text, rules_in_words
from tests.factories.rotations_planning import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def rule(kind: str, *subjects: str, **more: Any) -> dict[str, Any]:
    found = {"kind": kind, "subjects": list(subjects), "trainees": [], "periods": None}
    return found | {"amount": 1} | more


def test_the_months_of_one_rule_stand_in_one_line(world: World) -> None:
    ward, other = ward_key(world.wards["IM1"]), ward_key(world.wards["IM2"])
    who = [trainee_key(world.people[0])]
    rules = [
        rule("capacity", ward, periods=[4, 4]),
        rule("capacity", other, periods=[4, 4]),
        rule("capacity", ward, periods=[0, 0]),
        rule("capacity", ward, periods=[1, 1]),
        rule("capacity", ward, periods=[5, 5], amount=2),
        rule("window", "IM#1", trainees=who, periods=[0, 3]),
        rule("window", "IM#1", trainees=who, periods=[5, 6]),
        rule("horizon"),
    ]
    with override("en"):
        lines = rules_in_words(rules, Names(world.cycle))
        month = [period_text(world.cycle, n) for n in range(6)]
    texts = [text for text, _who in lines]
    assert texts[0] == f"First Ward IM1 takes at most 1 ({month[0]} – {month[1]}, {month[4]})"
    assert texts[1] == f"Second Ward IM2 takes at most 1 ({month[4]})"
    assert texts[2] == f"First Ward IM1 takes at most 2 ({month[5]})"
    assert len(lines) == 6
    assert [who[2] for _text, who in lines] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("language", "n", "says"),
    [
        ("en", 1, "First Ward IM1: 1 more place (all months)"),
        ("en", 2, "First Ward IM1: 2 more places (all months)"),
        ("zh-hans", 2, "一附院 IM1病区增加 2 个名额（全部月份）"),
    ],
)
def test_a_ward_is_asked_for_more_places(world: World, language: str, n: int, says: str) -> None:
    with override(language):
        names = Names(world.cycle)
        change = rule("capacity", ward_key(world.wards["IM1"]), amount=n)
        assert change_text(change, names) == says
