from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.programmes import services
from cotutelle.programmes.enums import (
    ENROLMENT_TRANSITIONS,
    AdmissionState,
    AttainmentState,
    DegreeType,
    EnrolmentState,
    Route,
)
from cotutelle.programmes.models import Enrolment
from cotutelle.programmes.queries.enrolments import enrolments_visible_to
from cotutelle.programmes.services.months import add_months
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.rotations_programmes import make_enrolment, make_template

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"


@pytest.fixture
def cohort():
    return CohortFactory.create(year=2026)


@pytest.fixture
def officer(cohort):
    return make_person(Role.GRADUATE_OFFICER, unit=cohort.unit)


def code_of(call):
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (dt.date(2026, 9, 1), 36, dt.date(2029, 9, 1)),
        (dt.date(2026, 1, 31), 1, dt.date(2026, 2, 28)),
        (dt.date(2027, 12, 31), 2, dt.date(2028, 2, 29)),
        (dt.date(2026, 9, 1), -6, dt.date(2026, 3, 1)),
        (dt.date(2026, 1, 15), -1, dt.date(2025, 12, 15)),
    ],
)
def test_months_are_counted_over_short_ones_and_the_turn_of_the_year(day, months, later):
    assert add_months(day, months) == later


def test_assigning_gives_period_milestones_and_certificates(cohort, officer):
    template = make_template(cohort.unit, actor=officer)
    student = StudentFactory.create(cohort=cohort)

    done = services.assign_template([student], template, actor=officer)

    enrolment = done.done[0]
    assert (enrolment.starts_on, enrolment.ends_on) == (
        dt.date(2026, 9, 1),
        dt.date(2029, 8, 31),
    )
    due = {one.kind: one.due_on for one in enrolment.milestones.all()}
    assert due["proposal"] == dt.date(2027, 9, 1)
    assert due["residency_exam"] == dt.date(2029, 6, 1)
    found = {one.kind: (one.state, one.due_on) for one in enrolment.attainments.all()}
    assert found == {
        "licence": ("not_due", dt.date(2027, 11, 1)),
        "residency": ("not_due", dt.date(2029, 6, 1)),
        "diploma": ("not_due", dt.date(2029, 8, 31)),
        "degree": ("not_due", dt.date(2029, 8, 31)),
    }
    assert Notice.objects.get(person=student.person).kind == "programmes.assigned"


def test_medical_technology_students_need_neither_licence_nor_residency(cohort, officer):
    template = make_template(cohort.unit, "MT", actor=officer)

    done = services.assign_template([StudentFactory.create(cohort=cohort)], template, actor=officer)

    found = {one.kind: one.state for one in done.done[0].attainments.all()}
    assert found["licence"] == found["residency"] == AttainmentState.NOT_NEEDED


def test_students_it_does_not_take_are_left_with_a_reason_each(cohort, officer):
    template = make_template(cohort.unit, actor=officer)
    good, wrong_route, unconfirmed, academic = (
        StudentFactory.create(cohort=cohort),
        StudentFactory.create(cohort=cohort, route=Route.DOCTORAL),
        StudentFactory.create(cohort=cohort, state=AdmissionState.PROVISIONAL),
        StudentFactory.create(cohort=cohort, degree_type=DegreeType.ACADEMIC),
    )
    students = [good, wrong_route, unconfirmed, academic]

    done = services.assign_template(students, template, actor=officer)
    again = services.assign_template([good], template, actor=officer)

    assert [one.student for one in done.done] == [good]
    assert [student for student, _reason in done.refused] == students[1:]
    assert len({reason for _student, reason in done.refused}) == 3
    assert again.refused[0][0] == good
    assert Enrolment.objects.count() == 1


def test_only_a_programme_in_force_is_given_and_only_by_the_officer_of_the_unit(cohort, officer):
    template = make_template(cohort.unit, actor=officer)
    student = StudentFactory.create(cohort=cohort)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    with pytest.raises(Refused):
        services.assign_template([student], template, actor=stranger)

    services.retire_template(template, actor=officer)

    assert (
        code_of(lambda: services.assign_template([student], template, actor=officer))
        == "enrolment.template"
    )


def four_half(cohort, officer, route=Route.RECOMMENDED):
    template = make_template(cohort.unit, "CM4535", actor=officer)
    student = StudentFactory.create(cohort=cohort, route=route)
    return services.assign_template([student], template, actor=officer).done[0]


GOOD = {
    "starts_on": dt.date(2026, 3, 2),
    "insured_until": dt.date(2026, 8, 31),
    "agreement": PDF,
    "agreement_name": "a.pdf",
}


def test_pre_entry_keeps_day_agreement_and_insurance(cohort, officer, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    enrolment = four_half(cohort, officer)

    services.grant_pre_entry(enrolment, **GOOD, actor=officer)

    kept = Enrolment.objects.get()
    assert kept.pre_entry_on == dt.date(2026, 3, 2)
    assert kept.bachelor_agreement.name == "a.pdf"
    assert kept.state == EnrolmentState.PRE_ENTRY
    assert Notice.objects.filter(kind="programmes.pre_entry").count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agreement": None}, "enrolment.agreement"),
        ({"insured_until": None}, "enrolment.insurance"),
        ({"insured_until": dt.date(2026, 8, 30)}, "enrolment.insurance"),
        ({"starts_on": dt.date(2026, 2, 28)}, "enrolment.pre_entry_day"),
        ({"starts_on": dt.date(2026, 9, 1)}, "enrolment.pre_entry_day"),
    ],
)
def test_pre_entry_names_what_is_missing(cohort, officer, changes, code):
    enrolment = four_half(cohort, officer)

    assert (
        code_of(lambda: services.grant_pre_entry(enrolment, **(GOOD | changes), actor=officer))
        == code
    )
    assert Enrolment.objects.get().pre_entry_on is None


def test_those_admitted_in_spring_never_begin_before_enrolment(cohort, officer):
    enrolment = four_half(cohort, officer, Route.UNIFIED_EXAM)

    with pytest.raises(RuleViolation) as refusal:
        services.grant_pre_entry(enrolment, **GOOD, actor=officer)

    assert refusal.value.code == "enrolment.pre_entry_route"


def test_pre_entry_is_over_once_enrolled(cohort, officer):
    enrolment = four_half(cohort, officer)
    services.enrol(enrolment, number="2026001", actor=officer)

    assert (
        code_of(lambda: services.grant_pre_entry(enrolment, **GOOD, actor=officer))
        == "enrolment.state"
    )


def test_enrolling_puts_the_student_number_beside_the_candidate_number(cohort, officer):
    student = StudentFactory.create(cohort=cohort, candidate_number="00042", person__number="")
    template = make_template(cohort.unit, actor=officer)
    enrolment = services.assign_template([student], template, actor=officer).done[0]

    services.enrol(enrolment, number=" 02026001 ", actor=officer)

    student.refresh_from_db()
    student.person.refresh_from_db()
    assert (student.candidate_number, student.person.number) == ("00042", "02026001")
    assert Enrolment.objects.get().state == EnrolmentState.ENROLLED


def test_nobody_gets_the_number_of_somebody_else(cohort, officer):
    taken = make_person(unit=cohort.unit).number
    enrolment = make_enrolment(cohort=cohort, is_enrolled=False)

    assert (
        code_of(lambda: services.enrol(enrolment, number=taken, actor=officer)) == "student.exists"
    )
    assert code_of(lambda: services.enrol(enrolment, number=" ", actor=officer)) == (
        "enrolment.number"
    )
    assert Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.PRE_ENTRY


@pytest.mark.parametrize("seen", list(EnrolmentState))
@pytest.mark.parametrize("to", list(EnrolmentState))
def test_enrolments_follow_their_transitions(cohort, officer, seen, to):
    enrolment = make_enrolment(cohort=cohort)
    enrolment.attainments.filter(kind="diploma").update(state=AttainmentState.HELD)
    Enrolment.objects.filter(pk=enrolment.pk).update(state=seen)
    enrolment.refresh_from_db()

    def move():
        return services.move_enrolment(enrolment, to, reason="休学", actor=officer)

    first_time = (seen, to) == (EnrolmentState.PRE_ENTRY, EnrolmentState.ENROLLED)
    if to in ENROLMENT_TRANSITIONS[seen] and not first_time:
        move()
        assert Enrolment.objects.get(pk=enrolment.pk).state == to
    else:
        expected = "enrolment.number" if first_time else "enrolment.transition"
        assert code_of(move) == expected


def test_a_stale_copy_moves_nothing(cohort, officer):
    enrolment = make_enrolment(cohort=cohort)
    stale = Enrolment.objects.get(pk=enrolment.pk)
    services.move_enrolment(enrolment, EnrolmentState.SUSPENDED, reason="休学", actor=officer)

    assert (
        code_of(
            lambda: services.move_enrolment(stale, EnrolmentState.LEFT, reason="x", actor=officer)
        )
        == "enrolment.stale"
    )


def test_nobody_graduates_without_a_diploma_or_is_suspended_without_a_reason(cohort, officer):
    enrolment = make_enrolment(cohort=cohort)

    assert (
        code_of(
            lambda: services.move_enrolment(
                enrolment, EnrolmentState.GRADUATED, reason="", actor=officer
            )
        )
        == "enrolment.diploma"
    )
    assert (
        code_of(
            lambda: services.move_enrolment(
                enrolment, EnrolmentState.SUSPENDED, reason=" ", actor=officer
            )
        )
        == "enrolment.reason"
    )


def test_who_sees_an_enrolment(cohort, officer):
    enrolment = make_enrolment(cohort=cohort)
    mentor = MentorshipFactory.create(student=enrolment.student).mentor.person
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    classmate = StudentFactory.create(cohort=cohort).person

    for somebody in (enrolment.student.person, mentor, officer):
        assert enrolments_visible_to(somebody).get() == enrolment
    for somebody in (stranger, classmate):
        assert not enrolments_visible_to(somebody).exists()


def test_milestones_are_noted_and_taken_back(cohort, officer):
    enrolment = make_enrolment(cohort=cohort)
    proposal = enrolment.milestones.get(kind="proposal")
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=cohort.unit)

    services.reach_milestone(proposal, done_on=dt.date(2026, 1, 5), actor=secretary)
    assert enrolment.milestones.get(kind="proposal").done_on == dt.date(2026, 1, 5)
    services.reach_milestone(proposal, done_on=None, actor=secretary)
    assert enrolment.milestones.get(kind="proposal").done_on is None
    noted = Entry.objects.filter(action="programmes.enrolment.milestone", decision=True)
    assert [entry.person for entry in noted] == [enrolment.student.person] * 2
    assert (
        code_of(
            lambda: services.reach_milestone(proposal, done_on=dt.date(2199, 1, 1), actor=secretary)
        )
        == "milestone.day"
    )
    with pytest.raises(Refused):
        services.reach_milestone(proposal, done_on=None, actor=enrolment.student.person)
