from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes import hooks, services
from cotutelle.programmes.enums import (
    ATTAINMENT_TRANSITIONS,
    AttainmentKind,
    AttainmentState,
    DegreeType,
)
from cotutelle.programmes.models import Attainment, Enrolment, Student, TrackChoice
from cotutelle.programmes.queries import enrolments as reads
from cotutelle.workflow.models import Task
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory
from tests.factories.rotations_programmes import make_enrolment

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def enrolment():
    return make_enrolment(cohort=CohortFactory.create(year=2026))


@pytest.fixture
def residency(enrolment):
    return make_person(Role.RESIDENCY_OFFICE, unit=enrolment.student.unit)


def licence_of(enrolment):
    return enrolment.attainments.select_related("enrolment__student__person").get(kind="licence")


def code_of(call):
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code


@pytest.mark.parametrize("seen", list(AttainmentState))
@pytest.mark.parametrize("to", list(AttainmentState))
def test_certificates_follow_their_transitions(enrolment, residency, seen, to):
    until = today() + DAY if seen == AttainmentState.AWAITED else None
    enrolment.attainments.filter(kind="licence").update(state=seen, awaited_until=until)
    licence = licence_of(enrolment)

    def enter():
        services.set_attainment(
            licence, to, awaited_until=today() + 9 * DAY, note="更正", actor=residency
        )

    if to in ATTAINMENT_TRANSITIONS[seen]:
        enter()
        assert licence_of(enrolment).state == to
        entry = Entry.objects.get(action="programmes.enrolment.certificate")
        assert (entry.person, entry.decision) == (enrolment.student.person, True)
    else:
        assert code_of(enter) == "attainment.transition"
        assert licence_of(enrolment).state == seen


def test_an_awaited_result_needs_a_day_that_lies_ahead(enrolment, residency):
    for until in (None, today() - DAY):
        assert (
            code_of(
                lambda until=until: services.set_attainment(
                    licence_of(enrolment),
                    AttainmentState.AWAITED,
                    awaited_until=until,
                    actor=residency,
                )
            )
            == "attainment.until"
        )


def test_what_was_held_is_taken_back_only_with_a_reason_and_never_from_the_future(
    enrolment, residency
):
    licence = licence_of(enrolment)
    assert (
        code_of(
            lambda: services.set_attainment(
                licence, AttainmentState.HELD, held_on=today() + DAY, actor=residency
            )
        )
        == "attainment.day"
    )
    services.set_attainment(licence, AttainmentState.HELD, number="A1", actor=residency)
    assert licence_of(enrolment).held_on == today()
    assert (
        code_of(lambda: services.set_attainment(licence, AttainmentState.FAILED, actor=residency))
        == "attainment.note"
    )


def test_a_stale_copy_enters_nothing(enrolment, residency):
    stale = licence_of(enrolment)
    services.set_attainment(licence_of(enrolment), AttainmentState.FAILED, actor=residency)

    assert (
        code_of(lambda: services.set_attainment(stale, AttainmentState.HELD, actor=residency))
        == "attainment.stale"
    )


def test_students_and_strangers_enter_nothing(enrolment):
    stranger = make_person(Role.RESIDENCY_OFFICE, unit=UnitFactory.create())
    for somebody in (enrolment.student.person, stranger):
        with pytest.raises(Refused):
            services.set_attainment(licence_of(enrolment), AttainmentState.HELD, actor=somebody)


def test_an_awaited_result_that_expires_is_asked_for_until_it_comes(enrolment, residency):
    until = today() + 10 * DAY
    licence = services.set_attainment(
        licence_of(enrolment), AttainmentState.AWAITED, awaited_until=until, actor=residency
    )
    assert services.ask_for_expired_results() == 0
    assert reads.risk_of(licence, today()) == "due"

    with time_machine.travel(dt.datetime.combine(until + 2 * DAY, dt.time(8)), tick=False):
        assert services.ask_for_expired_results() == 1
        assert services.ask_for_expired_results() == 1
        task = Task.objects.get(kind="programmes.check_result")
        assert (task.assignee, task.state) == (residency, "open")
        assert task.url.endswith("/certificates/licence/")
        assert reads.risk_of(licence, today()) == "late"
        services.set_attainment(licence, AttainmentState.HELD, actor=residency)
        assert services.ask_for_expired_results() == 0

    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.parametrize(
    ("state", "due", "until", "at_risk", "mark"),
    [
        ("not_due", 181, None, False, "wait"),
        ("not_due", 180, None, True, "due"),
        ("not_due", -1, None, True, "late"),
        ("awaited", 5, 0, False, "due"),
        ("awaited", 5, -1, True, "late"),
        ("failed", 400, None, True, "late"),
        ("held", -5, None, False, "ok"),
        ("not_needed", -5, None, False, "ok"),
    ],
)
def test_who_is_at_risk(  # noqa: PLR0917  fixtures and cases
    enrolment, residency, state, due, until, at_risk, mark
):
    day = today()
    enrolment.attainments.update(state="held")
    enrolment.attainments.filter(kind="licence").update(
        state=state,
        due_on=day + due * DAY,
        awaited_until=None if until is None else day + until * DAY,
    )

    found = reads.with_risk(reads.enrolment_list(residency))
    assert found.exists() is at_risk
    assert reads.with_risk(reads.enrolment_list(residency), "licence").exists() is at_risk
    assert not reads.with_risk(reads.enrolment_list(residency), "degree").exists()
    assert reads.risk_of(licence_of(enrolment), day) == mark
    [counts] = reads.risks_by_cohort(residency)
    assert (counts.students, counts.at_risk) == (1, {"licence": 1} if at_risk else {})


# ---------------------------------------------------------------- choice of a track


@pytest.fixture
def officer(enrolment):
    return make_person(Role.GRADUATE_OFFICER, unit=enrolment.student.unit)


def ask(enrolment, actor):
    return services.ask_track_choice(enrolment, due_on=today() + 14 * DAY, actor=actor)


def test_without_a_licence_in_time_the_student_is_asked_by_the_clock_once(enrolment):
    enrolment.attainments.filter(kind="licence").update(due_on=today() - DAY)

    assert services.ask_where_licence_is_missing() == 1
    assert services.ask_where_licence_is_missing() == 0

    choice = TrackChoice.objects.get()
    assert (choice.asked_by, choice.from_track) == (None, "professional")
    task = Task.objects.get(kind="programmes.choose_track")
    assert (task.assignee, task.url) == (enrolment.student.person, "/students/me/track/")


@pytest.mark.parametrize(
    ("state", "until"), [("held", None), ("awaited", 5), ("awaited", -5), ("not_needed", None)]
)
def test_nobody_is_asked_whose_licence_is_held_or_still_awaited(enrolment, state, until):
    enrolment.attainments.filter(kind="licence").update(
        due_on=today() - DAY,
        state=state,
        awaited_until=None if until is None else today() + until * DAY,
    )

    assert services.ask_where_licence_is_missing() == 0


def test_the_academic_track_takes_degree_type_certificates_and_milestones_along(
    enrolment, officer, residency, monkeypatch
):
    told = []
    monkeypatch.setattr(hooks.track_changes, "_called", [lambda one, by: told.append((one, by))])
    student = enrolment.student
    choice = ask(enrolment, officer)

    services.choose_track(choice, DegreeType.ACADEMIC, actor=student.person)

    kept = Enrolment.objects.get()
    assert kept.track == DegreeType.ACADEMIC
    assert Student.objects.get(pk=student.pk).degree_type == DegreeType.ACADEMIC
    found = {one.kind: one.state for one in kept.attainments.all()}
    assert found["licence"] == found["residency"] == "not_needed"
    assert found["diploma"] == found["degree"] == "not_due"
    assert {one.kind for one in kept.milestones.all()} == {"proposal", "midterm", "defence"}
    assert told == [(choice, student.person)]
    assert Task.objects.get(kind="programmes.choose_track").state == "done"
    assert Task.objects.get(kind="programmes.follow_track").assignee == residency
    assert set(
        Notice.objects.filter(kind="programmes.track_chosen").values_list("person", flat=True)
    ) >= {residency.pk, officer.pk}

    services.note_track_followed(choice, actor=residency)
    assert Task.objects.get(kind="programmes.follow_track").state == "done"


def test_who_stays_has_another_year_for_the_licence(enrolment, officer):
    before = licence_of(enrolment).due_on
    choice = ask(enrolment, officer)

    services.choose_track(choice, DegreeType.PROFESSIONAL, actor=enrolment.student.person)

    assert licence_of(enrolment).due_on == before.replace(year=before.year + 1)
    assert enrolment.milestones.get(kind="licence_exam").due_on == licence_of(enrolment).due_on
    assert not Task.objects.filter(kind="programmes.follow_track").exists()


def test_a_choice_stands_for_good(enrolment, officer):
    choice = ask(enrolment, officer)
    stale = TrackChoice.objects.get()
    services.choose_track(choice, DegreeType.ACADEMIC, actor=enrolment.student.person)

    for one in (choice, stale):
        assert (
            code_of(
                lambda one=one: services.choose_track(
                    one, DegreeType.PROFESSIONAL, actor=enrolment.student.person
                )
            )
            == "track.chosen"
        )
    assert Enrolment.objects.get().track == DegreeType.ACADEMIC


def test_only_the_student_chooses_and_only_offices_ask(enrolment, officer):
    classmate = make_enrolment(cohort=enrolment.student.cohort).student.person
    with pytest.raises(Refused):
        ask(enrolment, classmate)
    choice = ask(enrolment, officer)

    for somebody in (officer, classmate):
        with pytest.raises(Refused):
            services.choose_track(choice, DegreeType.ACADEMIC, actor=somebody)


def test_questions_that_are_none(enrolment, officer):
    assert (
        code_of(lambda: services.ask_track_choice(enrolment, due_on=today() - DAY, actor=officer))
        == "track.day"
    )
    ask(enrolment, officer)
    assert code_of(lambda: ask(enrolment, officer)) == "track.asked"

    done = make_enrolment(cohort=enrolment.student.cohort)
    done.attainments.filter(kind="licence").update(state="held")
    assert code_of(lambda: ask(done, officer)) == "track.licence"
    done.track = DegreeType.ACADEMIC
    assert code_of(lambda: ask(done, officer)) == "track.track"


def test_following_before_a_choice_is_refused(enrolment, officer):
    choice = ask(enrolment, officer)

    assert code_of(lambda: services.note_track_followed(choice, actor=officer)) == "track.open"


def test_a_certificate_exists_once_of_each_kind(enrolment):
    assert Attainment.objects.filter(enrolment=enrolment).count() == len(AttainmentKind)
    assert Person.objects.filter(pk=enrolment.student.person_id).exists()
