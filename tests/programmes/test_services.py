from __future__ import annotations

from decimal import Decimal

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.programmes import hooks, queries, services
from cotutelle.programmes.enums import ADMISSION_TRANSITIONS, AdmissionState
from cotutelle.programmes.models import Student
from cotutelle.programmes.services import StudentData
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cohort():
    return CohortFactory.create()


@pytest.fixture
def officer(cohort):
    return make_person(Role.GRADUATE_OFFICER, unit=cohort.unit)


def data(**fields):
    values = {"name_zh": "李明", "route": "unified_exam", "degree_type": "professional"}
    return StudentData(**(values | {"candidate_number": "00042"} | fields))


def test_admit_student_creates_the_person_the_role_and_keeps_leading_zeros(cohort, officer):
    student = services.admit_student(cohort, cohort.unit, data(), actor=officer)

    assert student.candidate_number == "00042"
    assert student.person.username == "00042"
    assert Role.STUDENT in student.person.roles
    assert not student.person.has_usable_password()
    entry = Entry.objects.get(action="programmes.student.admitted", actor=officer)
    assert (entry.person, entry.decision) == (student.person, True)
    assert entry.pending, "the first event of the record"


def test_admit_student_refuses_a_second_one_with_the_same_candidate_number(cohort, officer):
    services.admit_student(cohort, cohort.unit, data(), actor=officer)

    with pytest.raises(RuleViolation) as refusal:
        services.admit_student(cohort, cohort.unit, data(name_zh="王芳"), actor=officer)

    assert refusal.value.code == "student.exists"
    assert Student.objects.count() == 1


def test_admit_student_needs_a_number(cohort, officer):
    with pytest.raises(RuleViolation) as refusal:
        services.admit_student(cohort, cohort.unit, data(candidate_number=""), actor=officer)

    assert refusal.value.code == "student.no_number"


def test_officers_of_another_university_admit_nobody_here(cohort):
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())

    with pytest.raises(Refused):
        services.admit_student(cohort, cohort.unit, data(), actor=stranger)


@pytest.mark.parametrize("seen", list(AdmissionState))
@pytest.mark.parametrize("to", list(AdmissionState))
def test_change_admission_follows_the_transitions(cohort, officer, seen, to):
    student = StudentFactory.create(cohort=cohort, state=seen)

    if to in ADMISSION_TRANSITIONS[seen]:
        services.change_admission(student, to, reason="体检", actor=officer)
        assert Student.objects.get(pk=student.pk).state == to
    else:
        with pytest.raises(RuleViolation) as refusal:
            services.change_admission(student, to, reason="体检", actor=officer)
        assert refusal.value.code == "student.transition"
        assert Student.objects.get(pk=student.pk).state == seen


def test_change_admission_refuses_a_stale_copy(cohort, officer):
    student = StudentFactory.create(cohort=cohort)
    stale = Student.objects.get(pk=student.pk)
    services.change_admission(student, AdmissionState.DEFERRED, reason="参军", actor=officer)

    with pytest.raises(RuleViolation) as refusal:
        services.change_admission(stale, AdmissionState.NO_SHOW, reason="未报到", actor=officer)

    assert refusal.value.code == "student.stale"


def test_change_admission_tells_the_student_and_every_hook(cohort, officer, monkeypatch):
    seen = []
    monkeypatch.setattr(hooks, "_hooks", [lambda s, before, actor: seen.append((s.state, before))])
    student = StudentFactory.create(cohort=cohort)

    services.change_admission(student, AdmissionState.NO_SHOW, reason="未报到", actor=officer)

    assert seen == [("no_show", "confirmed")]
    assert Notice.objects.get(person=student.person).kind == "programmes.admission"


def test_what_a_hook_refuses_undoes_the_change(cohort, officer, monkeypatch):
    def refuse(student, before, actor):
        raise RuleViolation("place.held", "no")

    monkeypatch.setattr(hooks, "_hooks", [refuse])
    student = StudentFactory.create(cohort=cohort)

    with pytest.raises(RuleViolation):
        services.change_admission(student, AdmissionState.NO_SHOW, reason="x", actor=officer)

    assert Student.objects.get(pk=student.pk).state == AdmissionState.CONFIRMED


def test_an_ending_needs_a_reason(cohort, officer):
    student = StudentFactory.create(cohort=cohort)

    with pytest.raises(RuleViolation) as refusal:
        services.change_admission(student, AdmissionState.NO_SHOW, reason=" ", actor=officer)

    assert refusal.value.field == "reason"


def test_scores_never_enter_the_history(cohort, officer):
    student = StudentFactory.create(cohort=cohort)

    services.set_score(student, Decimal("391.5"), actor=officer)

    entry = Entry.objects.get(action="programmes.student.score_set")
    payload = EntryPayload.objects.get(entry=entry)
    assert (payload.before, payload.after) == (None, None)
    assert Student.objects.get(pk=student.pk).admission_score == Decimal("391.5")


def test_late_admission_is_marked_and_needs_a_reason(cohort, officer):
    with pytest.raises(RuleViolation):
        services.admit_late(cohort, cohort.unit, data(), reason="", actor=officer)

    student = services.admit_late(cohort, cohort.unit, data(), reason="补录", actor=officer)

    assert student.is_late


def test_only_the_student_writes_the_profile(cohort, officer):
    student = StudentFactory.create(cohort=cohort)

    with pytest.raises(Refused):
        services.save_profile(student, statement="x", career_plan="", path_wish="", actor=officer)


def test_saving_the_same_profile_twice_is_one_entry(cohort):
    student = StudentFactory.create(cohort=cohort)
    values = {"statement": "肺癌", "career_plan": "", "path_wish": "rotate"}

    assert services.save_profile(student, **values, actor=student.person)
    assert not services.save_profile(student, **values, actor=student.person)

    assert Entry.objects.filter(action="programmes.profile.saved").count() == 1


def test_attachments_are_kept_and_taken_off(cohort, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    student = StudentFactory.create(cohort=cohort)
    pdf = b"%PDF-1.4\n%%EOF\n"

    stored = services.attach_file(student, pdf, name="成绩单.pdf", actor=student.person)
    assert list(queries.attachments_of(student)) == [stored]

    services.detach_file(student, stored, actor=student.person)
    assert not queries.attachments_of(student).exists()


def test_one_student_cannot_take_off_anothers_file(cohort, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    one, other = StudentFactory.create_batch(2, cohort=cohort)
    stored = services.attach_file(one, b"%PDF-1.4\n%%EOF\n", name="a.pdf", actor=one.person)

    with pytest.raises(RuleViolation) as refusal:
        services.detach_file(other, stored, actor=other.person)

    assert refusal.value.code == "profile.not_attached"


def test_who_sees_which_students(cohort, officer):
    student = StudentFactory.create(cohort=cohort)
    elsewhere = StudentFactory.create()

    assert set(queries.students_visible_to(officer)) == {student}
    assert set(queries.students_visible_to(student.person)) == {student}
    assert set(queries.students_visible_to(elsewhere.person)) == {elsewhere}
    assert set(queries.students_visible_to(make_person())) == set()


def test_a_mentor_sees_students_they_supervise_and_no_others(cohort):
    from tests.factories.mentorship import MentorshipFactory  # noqa: PLC0415

    pair = MentorshipFactory.create(student=StudentFactory.create(cohort=cohort))
    StudentFactory.create(cohort=cohort)

    assert set(queries.students_visible_to(pair.mentor.person)) == {pair.student}


def test_scores_are_read_by_the_admitting_offices_alone(cohort, officer):
    student = StudentFactory.create(cohort=cohort)
    leader = make_person(Role.LEADER, unit=cohort.unit)

    assert queries.sees_scores(officer, student)
    assert queries.sees_scores(student.person, student)
    assert not queries.sees_scores(leader, student)


def test_two_cohorts_of_one_year_and_name_are_refused(cohort, officer):
    values = {"year": cohort.year, "name_zh": cohort.name_zh, "name_en": ""}

    with pytest.raises(RuleViolation) as refusal:
        services.create_cohort(cohort.unit, **values, actor=officer)

    assert refusal.value.code == "cohort.exists"
