from __future__ import annotations

import pytest
from django.urls import reverse

from cotutelle.people.enums import Role
from cotutelle.programmes import queries
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.models import Cohort, Student
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory

pytestmark = pytest.mark.django_db
LIST_QUERIES = 12


@pytest.fixture
def cohort():
    return CohortFactory.create()


@pytest.fixture
def officer(cohort):
    return make_person(Role.GRADUATE_OFFICER, unit=cohort.unit, language="en")


@pytest.fixture
def office(client, officer):
    client.force_login(officer)
    client.cookies["language"] = "en"
    return client


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_questions_for_one_and_three(
    office, cohort, count, django_assert_max_num_queries
):
    StudentFactory.create_batch(count, cohort=cohort)

    with django_assert_max_num_queries(LIST_QUERIES):
        answer = office.get(reverse("programmes:students"))

    assert answer.content.count(b'class="open"') == count


def test_the_list_is_searched_by_pinyin_and_candidate_number(office, cohort):
    StudentFactory.create(cohort=cohort, person__name_zh="欧阳修", candidate_number="00777")
    StudentFactory.create(cohort=cohort, person__name_zh="王芳", candidate_number="00888")

    for text in ("ouyang", "欧阳", "00777"):
        body = office.get(reverse("programmes:students"), {"q": text}).content.decode()
        assert body.count('class="open"') == 1, text


def test_the_export_holds_scores_for_those_who_may_see_them_alone(client, office, cohort):
    StudentFactory.create(cohort=cohort, admission_score="391.250", candidate_number="0042")
    url = reverse("programmes:students")

    body = office.get(url, {"format": "csv"}).content.decode("utf-8-sig")
    assert "391.250" in body
    assert "0042" in body

    client.force_login(make_person(Role.LEADER, unit=cohort.unit))
    body = client.get(url, {"format": "csv"}).content.decode("utf-8-sig")
    assert "391.250" not in body
    assert "0042" in body


def test_who_opens_the_page_of_a_student(client, cohort, officer):
    student = StudentFactory.create(cohort=cohort, statement="我想研究肺癌")
    url = reverse("programmes:student", args=[student.public_id])
    seen = {
        "officer": officer,
        "student": student.person,
        "leader": make_person(Role.LEADER, unit=cohort.unit),
    }
    unseen = {
        "classmate": StudentFactory.create(cohort=cohort).person,
        "other": make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create()),
        "mentor": make_person(Role.MENTOR, unit=cohort.unit),
    }

    for name, person in seen.items():
        client.force_login(person)
        assert client.get(url).status_code == 200, name
    for name, person in unseen.items():
        client.force_login(person)
        assert client.get(url).status_code == 404, name


def test_a_leader_sees_no_score_on_the_page(client, cohort):
    student = StudentFactory.create(cohort=cohort, admission_score="377.125")
    url = reverse("programmes:student", args=[student.public_id])

    client.force_login(make_person(Role.LEADER, unit=cohort.unit))
    assert b"377.125" not in client.get(url).content
    client.force_login(student.person)
    assert b"377.125" in client.get(url).content


def test_admission_form_keeps_what_was_typed_and_names_the_field(office, cohort):
    student = StudentFactory.create(cohort=cohort)
    url = reverse("programmes:admission", args=[student.public_id])

    answer = office.post(url, {"state": "no_show", "reason": ""})

    assert "Say why" in answer.content.decode()
    assert 'value="no_show"' in answer.content.decode()
    assert Student.objects.get().state == AdmissionState.CONFIRMED

    assert office.post(url, {"state": "no_show", "reason": "未报到"}).status_code == 302
    assert Student.objects.get().state == AdmissionState.NO_SHOW


def test_bulk_confirmation_leaves_others_as_they_are(office, cohort):
    one = StudentFactory.create(cohort=cohort, state=AdmissionState.PROVISIONAL)
    gone = StudentFactory.create(cohort=cohort, state=AdmissionState.WITHDRAWN)
    elsewhere = StudentFactory.create(state=AdmissionState.PROVISIONAL)

    office.post(
        reverse("programmes:students-confirm"),
        {"pick": ["nonsense", *(str(s.public_id) for s in (one, gone, elsewhere))]},
    )

    states = dict(Student.objects.values_list("pk", "state"))
    assert states == {one.pk: "confirmed", gone.pk: "withdrawn", elsewhere.pk: "provisional"}


def test_late_admission_creates_a_marked_student(office, cohort):
    typed = {
        "cohort": cohort.public_id, "unit": cohort.unit.public_id, "reason": "补录",
        "name_zh": "周新", "candidate_number": "00999", "route": "unified_exam",
        "degree_type": "academic",
    }  # fmt: skip

    answer = office.post(reverse("programmes:late-admission"), typed)

    student = Student.objects.get(candidate_number="00999")
    assert answer.status_code == 302
    assert student.is_late


def test_editing_changes_record_and_person(office, cohort):
    student = StudentFactory.create(cohort=cohort)
    url = reverse("programmes:student-edit", args=[student.public_id])
    typed = {
        "name_zh": "新名", "candidate_number": student.candidate_number, "route": "doctoral",
        "degree_type": "academic", "admission_score": "88.5",
    }  # fmt: skip

    assert office.get(url).status_code == 200
    assert office.post(url, typed).status_code == 302

    student = Student.objects.select_related("person").get()
    assert (student.person.name_zh, student.route, str(student.admission_score)) == (
        "新名",
        "doctoral",
        "88.500",
    )


def test_my_profile_saves_by_itself_and_by_button(client, cohort):
    student = StudentFactory.create(cohort=cohort)
    client.force_login(student.person)
    url = reverse("programmes:my-profile")
    typed = {"statement": "我想研究心衰", "career_plan": "", "path_wish": "rotate"}

    quiet = client.post(url, typed, headers={"X-Autosave": "1"})
    assert (quiet.status_code, quiet.json()) == (200, {"saved": True})
    assert Student.objects.get().statement == "我想研究心衰"

    long = client.post(url, typed | {"statement": "x" * 6001}, headers={"X-Autosave": "1"})
    assert long.status_code == 422
    assert "detail" in long.json()
    assert client.post(url, typed).status_code == 302


def test_those_who_are_no_students_have_no_profile(office):
    assert office.get(reverse("programmes:my-profile")).status_code == 404


def test_attaching_and_removing_a_file(client, cohort, settings, tmp_path):
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    settings.MEDIA_ROOT = tmp_path
    student = StudentFactory.create(cohort=cohort)
    client.force_login(student.person)
    pdf = SimpleUploadedFile("成绩单.pdf", b"%PDF-1.4\n%%EOF\n")

    client.post(reverse("programmes:attach"), {"file": pdf})
    body = client.get(reverse("programmes:my-profile")).content.decode()
    assert "成绩单.pdf" in body

    stored = queries.attachments_of(student).get()
    client.post(reverse("programmes:detach", args=[stored.public_id]))
    assert not queries.attachments_of(student).exists()


def test_attachments_are_read_by_the_office_and_not_by_classmates(
    client, cohort, officer, settings, tmp_path
):
    from cotutelle.programmes import services  # noqa: PLC0415

    settings.MEDIA_ROOT = tmp_path
    student = StudentFactory.create(cohort=cohort)
    stored = services.attach_file(student, b"%PDF-1.4\n%%EOF\n", name="a.pdf", actor=student.person)
    url = reverse("files:file", args=[stored.public_id])

    for person, status in (
        (student.person, 200),
        (officer, 200),
        (StudentFactory.create(cohort=cohort).person, 404),
        (make_person(Role.MENTOR, unit=cohort.unit), 404),
    ):
        client.force_login(person)
        assert client.get(url).status_code == status


def test_cohorts_are_made_shown_and_changed(office, cohort):
    StudentFactory.create_batch(2, cohort=cohort)
    new = {"unit": cohort.unit.public_id, "year": 2027, "name_zh": "2027级", "name_en": ""}

    assert office.post(reverse("programmes:cohort-new"), new).status_code == 302
    assert b"2027" in office.get(reverse("programmes:cohorts")).content
    shown = office.get(reverse("programmes:cohort", args=[cohort.public_id])).content.decode()
    assert "Unified exam" in shown

    again = office.post(reverse("programmes:cohort-new"), new)
    assert "has a cohort of that year" in again.content.decode()
    url = reverse("programmes:cohort-edit", args=[cohort.public_id])
    office.post(url, {"year": 2026, "name_zh": "二六级", "name_en": ""})
    assert Cohort.objects.get(pk=cohort.pk).name_zh == "二六级"


def test_students_see_no_list_of_students(client, cohort):
    client.force_login(StudentFactory.create(cohort=cohort).person)

    assert client.get(reverse("programmes:students")).status_code == 403
    assert client.get(reverse("programmes:cohorts")).status_code == 403
