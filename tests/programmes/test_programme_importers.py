from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.clock import today
from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.people.enums import Role
from cotutelle.programmes.models import Enrolment
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory
from tests.factories.rotations_programmes import make_enrolment, make_template

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def cohort():
    return CohortFactory.create()


@pytest.fixture
def ctx(cohort):
    return Context(cohort.unit, make_person(Role.GRADUATE_OFFICER, unit=cohort.unit))


def run(kind, rows, ctx):
    importer = registry.find(kind)
    assert importer.check(rows, ctx) == []
    return importer.apply(rows, ctx, lambda done: None)


def test_student_numbers_enrol_and_keep_the_candidate_number(cohort, ctx):
    one = make_enrolment(cohort=cohort, is_enrolled=False, candidate_number="0042")
    rows = [Row(2, {"candidate_number": "0042", "number": "02026001"})]

    first, again = run("student-numbers", rows, ctx), run("student-numbers", rows, ctx)

    one = Enrolment.objects.get()
    assert (one.state, one.student.person.number) == ("enrolled", "02026001")
    assert one.student.candidate_number == "0042"
    assert (first.updated, again.unchanged) == (1, 1)
    other = [Row(2, {"candidate_number": "0042", "number": "02026002"})]
    assert run("student-numbers", other, ctx).updated == 1


def test_unknown_candidates_and_numbers_of_others_are_problems_of_their_cells(cohort, ctx):
    make_enrolment(cohort=cohort, is_enrolled=False, candidate_number="0042")
    taken = make_person(unit=cohort.unit).number

    problems = registry.find("student-numbers").check(
        [
            Row(2, {"candidate_number": "0042", "number": taken}),
            Row(3, {"candidate_number": "0043", "number": "1"}),
        ],
        ctx,
    )

    assert [(p.row, p.column, p.code) for p in problems] == [
        (2, "number", "student.number"),
        (3, "candidate_number", "enrolment.unknown"),
    ]


def row(one, n=2, **values):
    base = {"student": one.student.person.number, "kind": "licence", "state": "held"}
    return Row(n, base | values)


def test_results_are_entered_by_either_number_and_once(cohort, ctx):
    one = make_enrolment(cohort=cohort, candidate_number="0042")
    rows = [
        row(one, held_on=today(), number="A1"),
        row(one, 3, student="0042", kind="diploma", state="awaited", awaited_until=today() + DAY),
    ]

    first = run("certificates", rows, ctx)
    again = run("certificates", rows, ctx)

    found = {x.kind: (x.state, x.number, x.awaited_until) for x in one.attainments.all()}
    assert found["licence"] == ("held", "A1", None)
    assert found["diploma"] == ("awaited", "", today() + DAY)
    assert (first.updated, again.updated, again.unchanged) == (2, 0, 2)


def test_results_that_cannot_be_are_problems_of_their_cells(cohort, ctx):
    template = make_template(cohort.unit)
    held, technology = (make_enrolment(cohort=cohort, template=template) for _n in range(2))
    held.attainments.filter(kind="licence").update(state="held")
    technology.attainments.filter(kind="licence").update(state="not_needed")

    problems = registry.find("certificates").check(
        [
            row(held, 2, state="failed"),
            row(technology, 3),
            row(held, 4, kind="degree", state="awaited"),
            row(held, 5, kind="degree", state="awaited", awaited_until=today() - DAY),
            row(held, 6, kind="diploma", held_on=today() + DAY),
            row(held, 7, student="nobody"),
        ],
        ctx,
    )

    assert [(p.row, p.column, p.code) for p in problems] == [
        (2, "state", "attainment.note"),
        (3, "state", "attainment.transition"),
        (4, "awaited_until", "attainment.until"),
        (5, "awaited_until", "attainment.until"),
        (6, "held_on", "attainment.day"),
        (7, "student", "enrolment.unknown"),
    ]
