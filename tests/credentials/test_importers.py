"""Spreadsheets of achievements and proposals: every bad cell is named, and nothing half done."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from cotutelle.credentials.enums import AchievementKind, AchievementState, Cryptosuite
from cotutelle.credentials.importers.achievements import COLUMNS
from cotutelle.credentials.models import Achievement, Award
from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Problem, Row
from cotutelle.programmes.models import Student
from cotutelle.rotations.queries.planning_keys import ward_key
from tests.factories.credentials import Scene, make_achievement, make_award, make_scene
from tests.factories.institutions import UnitFactory

pytestmark = pytest.mark.django_db


def context(scene: Scene, achievement: Achievement | None = None) -> Context:
    options = {"achievement": str(achievement.public_id)} if achievement else {}
    return Context(scene.unit, scene.officer, options=options)


def cells(problems: list[Problem]) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.code) for one in problems]


def achievement_row(number: int, **values: Any) -> Row:
    said = {
        "name_zh": f"证书{number}", "name_en": "Certificate", "kind": "course-credit",
        "criteria_zh": "合格", "criteria_en": "Passed", "signers": ("principal",),
    }  # fmt: skip
    return Row(number, said | values)


def test_achievements_are_created_as_drafts_changed_and_left_alone():
    scene = make_scene()
    importer, ctx = registry.find("achievements"), context(scene)
    rows = [achievement_row(2), achievement_row(3, valid_months=12)]
    assert importer.check(rows, ctx) == []

    first = importer.apply(rows, ctx, lambda done: None)
    same = importer.apply(rows, ctx, lambda done: None)
    changed = importer.apply([achievement_row(2, name_en="Better")], ctx, lambda done: None)

    assert (first.created, same.unchanged, changed.updated) == (2, 2, 1)
    assert set(Achievement.objects.values_list("state", "name_en")) == {
        (AchievementState.DRAFT, "Better"),
        (AchievementState.DRAFT, "Certificate"),
    }


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_where_certificates_are_checked_is_read_as_it_is_written_out(language):
    scene = make_scene()
    column = next(c for c in COLUMNS if c.name == "cryptosuite")
    importer, ctx = registry.find("achievements"), context(scene)
    with override(language):
        value = column.parse(str(Cryptosuite.RDFC.label))
    rows = [achievement_row(2, cryptosuite=value)]
    importer.apply(rows, ctx, lambda done: None)
    Achievement.objects.update(state=AchievementState.OPEN)

    assert Achievement.objects.get().cryptosuite == Cryptosuite.RDFC
    assert importer.check(rows, ctx) == []  # what is in use and stays is no fault


def test_bad_achievements_are_named_cell_by_cell():
    scene = make_scene()
    used = make_achievement(scene.unit, name_zh="证书5", actor=scene.officer)
    rows = [
        achievement_row(2, kind="dual-mentor-certificate"),
        achievement_row(3, description_zh="说明"),
        achievement_row(4, signers=None),
        achievement_row(5, name_en="Changed"),
    ]

    problems = registry.find("achievements").check(rows, context(scene))

    assert cells(problems) == [
        (2, "signers", "achievement.signers"),
        (3, "description_en", "achievement.text"),
        (5, "name_zh", "achievement.in_use"),
    ]
    assert used.name_en != "Changed"
    below = UnitFactory.create(parent=scene.unit, kind="department")
    found = registry.find("achievements").check(rows[:1], Context(below, scene.officer))
    assert cells(found) == [(2, "name_zh", "achievement.unit")]


def course_row(line: int, scene: Scene, **values: Any) -> Row:
    said = {
        "number": scene.person.number, "course_zh": "医学统计学", "course_en": "Statistics",
        "credits": Decimal("2.5"),
    }  # fmt: skip
    return Row(line, said | values)


def test_proposals_are_made_for_those_who_have_signers():
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    importer, ctx = registry.find("awards-course-credit"), context(scene, achievement)
    rows = [course_row(2, scene)]
    assert importer.check(rows, ctx) == []

    assert importer.apply(rows, ctx, lambda done: None).created == 1

    award = Award.objects.get()
    assert award.facts == {"course": {"zh": "医学统计学", "en": "Statistics"}, "credits": 2.5}


def test_every_bad_cell_of_a_proposal_is_named_and_nothing_is_written():
    scene, other = make_scene(), make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    rows = [
        course_row(2, other),
        course_row(3, scene, credits=Decimal(900)),
        course_row(4, scene, course_en="x" * 400),
        course_row(5, scene, number=None),
    ]

    problems = registry.find("awards-course-credit").check(rows, context(scene, achievement))

    assert cells(problems) == [
        (2, "number", "award.student"),
        (3, "credits", "award.fact"),
        (4, "course_en", "award.fact"),
    ]
    assert not Award.objects.exists()


def test_whoever_is_proposed_already_is_a_problem():
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    make_award(scene, achievement)

    problems = registry.find("awards-course-credit").check(
        [course_row(2, scene)], context(scene, achievement)
    )

    assert cells(problems) == [(2, "number", "award.open")]


def test_one_student_under_two_numbers_is_a_problem_before_anything_is_written():
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    Student.objects.filter(pk=scene.student.pk).update(candidate_number="105582026000001")
    rows = [course_row(2, scene), course_row(3, scene, number="105582026000001")]

    problems = registry.find("awards-course-credit").check(rows, context(scene, achievement))

    assert cells(problems) == [(3, "number", "award.open")]


def test_rotations_are_found_by_ward_and_first_day():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.ROTATION, actor=scene.officer)
    importer, ctx = registry.find("awards-rotation-completed"), context(scene, achievement)
    said = {"number": scene.person.number, "ward": ward_key(scene.stay.ward)}
    good = Row(2, said | {"starts_on": scene.stay.starts_on})
    bad = Row(3, said | {"starts_on": scene.stay.starts_on + dt.timedelta(days=1)})

    assert cells(importer.check([good, bad], ctx)) == [(3, "ward", "award.stay")]
    importer.apply([good], ctx, lambda done: None)

    assert Award.objects.get().stay == scene.stay
