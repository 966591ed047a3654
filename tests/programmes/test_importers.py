from __future__ import annotations

from decimal import Decimal

import pytest

from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.people.enums import Role
from cotutelle.programmes.models import Student
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ctx():
    cohort = CohortFactory.create()
    officer = make_person(Role.GRADUATE_OFFICER, unit=cohort.unit)
    return Context(cohort.unit, officer, options={"cohort": str(cohort.public_id)})


def row(candidate, **values):
    base = {"name_zh": "李明", "route": "unified_exam", "degree_type": "academic"}
    return Row(2, base | {"candidate_number": candidate} | values)


def run(kind, rows, ctx):
    importer = registry.find(kind)
    assert importer.check(rows, ctx) == []
    return importer.apply(rows, ctx, lambda done: None)


def test_students_are_created_once_and_updated_by_a_second_import(ctx):
    first = run("students", [row("007", admission_score=Decimal(390)), row("008")], ctx)
    same = run("students", [row("007"), row("008")], ctx)
    changed = run("students", [row("007", discipline="外科学", name_zh="李明明")], ctx)

    assert (first.created, same.unchanged, changed.updated) == (2, 2, 1)
    student = Student.objects.get(candidate_number="007")
    assert (student.discipline, student.person.name_zh) == ("外科学", "李明明")
    assert student.admission_score == Decimal(390)


def test_a_unit_out_of_reach_is_a_problem_of_its_cell(ctx):
    elsewhere = CohortFactory.create().unit

    problems = registry.find("students").check([row("1", unit=elsewhere.code)], ctx)

    assert [(p.column, p.code) for p in problems] == [("unit", "student.unit")]


def test_a_student_number_of_somebody_else_is_a_problem(ctx):
    cohort = registry.find("students").current([row("1")], ctx)
    assert cohort == {}
    other = StudentFactory.create(cohort__unit=ctx.unit)

    problems = registry.find("students").check([row("1", number=other.person.number)], ctx)

    assert [p.code for p in problems] == ["student.number"]


def test_scores_need_a_known_candidate(ctx):
    run("students", [row("1")], ctx)
    scores = registry.find("scores")
    rows = [Row(2, {"candidate_number": "9", "admission_score": Decimal(300)})]

    assert [p.code for p in scores.check(rows, ctx)] == ["student.unknown"]

    counts = run(
        "scores", [Row(2, {"candidate_number": "1", "admission_score": Decimal(300)})], ctx
    )
    assert counts.updated == 1
    assert Student.objects.get(candidate_number="1").admission_score == Decimal(300)


def test_routes_are_read_in_both_languages():
    column = registry.find("students").column("route")

    assert {column.parse(word) for word in ("推免", "Recommended admission", "recommended")} == {
        "recommended"
    }
