"""What clashes and what would help, in lines for people."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.rotations.models import Participant, StayPin
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import period_text
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_words import (
    change_text,
    fault_in_words,
    rules_in_words,
)
from cotutelle.rotations.services.planning_scenarios import request_scenario
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


@pytest.mark.parametrize("code", ["outside_horizon", "unknown_block", "circle", "bad_id"])
def test_a_contradiction_of_a_trainee_names_them_and_nothing_of_the_engine(
    world: World, code: str
) -> None:
    who = world.people[1]
    with override("en"):
        path = f"trainees['{trainee_key(who)}'].pins"
        text, page = fault_in_words(code, path, Names(world.cycle))
    assert text.startswith(f"{who.student.person.name_en}: ")
    assert trainee_key(who) not in text
    assert page == who


def test_a_contradiction_of_a_ward_or_of_the_rules_has_no_trainee(world: World) -> None:
    key = ward_key(world.wards["IM1"])
    with override("en"):
        names = Names(world.cycle)
        ward = fault_in_words("two_meanings", f"wards[{key!r}]", names)
        rules = fault_in_words("out_of_range", "fairness", names)
    assert ward == ("First Ward IM1 has the code of a hospital. Give it another one.", None)
    assert rules[0].endswith("cannot be used (out_of_range).")


def test_a_stay_held_too_late_is_said_on_the_page(world: World, client: Client) -> None:
    person = world.people[0]
    block = person.curriculum.blocks.get(code="SU")
    last = world.cycle.months - 1
    StayPin.objects.create(
        participant=person, block=block, ward=world.wards["SU1"], start=last,
        created_by=world.office, created_at=world.cycle.created_at,
    )  # fmt: skip
    for row in world.people:
        Participant.objects.filter(pk=row.pk).update(last=last)
    scenario = request_scenario(world.cycle, kind="plan", actor=world.office)
    run_now(Job.objects.get())
    client.force_login(world.office)
    url = reverse("rotations:scenario", args=[scenario.public_id])
    page = client.get(url).content.decode()
    assert f"{person.student.person.name_en}: a stay that is held would end after" in page
    assert reverse("rotations:participant", args=[person.public_id]) in page
    assert "outside_horizon" not in page
