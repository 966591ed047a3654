"""The pages of pairs: what each reader is shown and may press."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cotutelle.core.clock import today
from cotutelle.mentorship.enums import PairRecordKind
from cotutelle.mentorship.models import ConflictOfInterest, Pair, PairRecord
from cotutelle.mentorship.services.pair_records import add_record
from cotutelle.people.enums import Role
from tests.exchange.books import xlsx
from tests.factories.mentorship import ConflictFactory, make_pair
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory

pytestmark = pytest.mark.django_db
LIST_QUERIES = 8
PLAN, NOTE, ARRANGEMENT = PairRecordKind


@pytest.fixture
def pair() -> Pair:
    return make_pair()


@pytest.fixture
def sign_in(client):
    client.cookies["language"] = "en"

    def by(person):
        person.language = "en"
        person.save(update_fields=["language"])
        client.force_login(person)
        return client

    return by


def _url(pair, name="pair", *more):
    return reverse(f"mentorship:{name}", args=[pair.public_id, *more])


def _page(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_questions(
    sign_in, pair, count, django_assert_max_num_queries
):
    for _n in range(count - 1):
        make_pair(StudentFactory.create(cohort=pair.student.cohort))
    client = sign_in(make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit))
    with django_assert_max_num_queries(LIST_QUERIES):
        page = _page(client, reverse("mentorship:pairs"))
    assert f"{count} pair" in page
    assert pair.second.mentor.person.name_en in page


def test_the_list_is_searched_filtered_and_taken_away(sign_in, pair):
    other = make_pair(StudentFactory.create(cohort=pair.student.cohort))
    client = sign_in(make_person(Role.DEPARTMENT_SECRETARY, unit=pair.student.unit))
    here = reverse("mentorship:pairs")
    page = _page(client, f"{here}?q={other.second.mentor.person.number}")
    assert str(other.public_id) in page
    assert str(pair.public_id) not in page
    assert "1 pair" not in _page(client, f"{here}?state=ended")
    response = client.get(f"{here}?format=csv")
    text = response.content.decode("utf-8-sig")
    assert text.splitlines()[0].startswith("Student,Cohort,First mentor")
    assert pair.second.mentor.person.name_en in text


def test_the_three_read_notes_and_the_office_does_not(sign_in, pair):
    add_record(pair, NOTE, title="Ward round of Monday", actor=pair.student.person)
    add_record(pair, PLAN, title="Thesis proposal", due_on=today(), actor=pair.student.person)
    for half in (pair.first, pair.second):
        page = _page(sign_in(half.mentor.person), _url(pair))
        assert "Ward round of Monday" in page
        assert "Thesis proposal" in page
    office = make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit)
    page = _page(sign_in(office), _url(pair))
    assert "Ward round of Monday" not in page
    assert "Thesis proposal" in page
    assert "Change responsibilities" in page
    assert "Write a note" not in page


def test_a_stranger_finds_nothing(sign_in, pair):
    record = add_record(pair, PLAN, title="x", actor=pair.student.person)
    stranger = make_pair().first.mentor.person
    client = sign_in(stranger)
    assert client.get(_url(pair)).status_code == 404
    assert client.get(_url(pair, "pair-add", "note")).status_code == 404
    answer = client.post(_url(record, "pair-record"), {"step": "done"})
    assert answer.status_code == 404
    record.refresh_from_db()
    assert record.done_at is None


def test_a_mentor_writes_a_plan_with_a_file_and_the_student_ticks_it_off(sign_in, pair):
    client = sign_in(pair.second.mentor.person)
    here = _url(pair, "pair-add", "plan")
    assert "Due on" in _page(client, here)
    book = xlsx([["周", "任务"], ["1", "文献"]])
    sent = client.post(
        here,
        {"title": "Reading", "due_on": "2027-01-31", "file": SimpleUploadedFile("p.xlsx", book)},
    )
    assert sent.status_code == 302
    record = PairRecord.objects.get()
    assert (record.title, str(record.due_on)) == ("Reading", "2027-01-31")
    file_url = reverse("files:file", args=[record.attachment.public_id])
    client = sign_in(pair.student.person)
    assert client.get(file_url).status_code == 200
    assert client.post(_url(record, "pair-record"), {"step": "done"}).status_code == 302
    record.refresh_from_db()
    assert record.done_at is not None
    assert sign_in(make_pair().student.person).get(file_url).status_code in {403, 404}


def test_a_file_at_a_note_is_not_the_offices(sign_in, pair):
    record = add_record(
        pair, NOTE, title="x", actor=pair.student.person,
        attachment=xlsx([["a"], ["b"]]), attachment_name="n.xlsx",
    )  # fmt: skip
    url = reverse("files:file", args=[record.attachment.public_id])
    office = make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit)
    assert sign_in(office).get(url).status_code in {403, 404}
    assert sign_in(pair.first.mentor.person).get(url).status_code == 200


def test_an_arrangement_shows_who_has_agreed_and_asks_the_others(sign_in, pair):
    record = add_record(pair, ARRANGEMENT, title="Meetings", actor=pair.first.mentor.person)
    author = _page(sign_in(pair.first.mentor.person), _url(pair))
    assert "Not agreed by everybody yet" in author
    assert "Agree to this arrangement" not in author
    for person in (pair.student.person, pair.second.mentor.person):
        client = sign_in(person)
        assert "Agree to this arrangement" in _page(client, _url(pair))
        client.post(_url(record, "pair-record"), {"step": "agree"})
    page = _page(sign_in(pair.student.person), _url(pair))
    assert "Holds" in page
    assert "has not agreed yet" not in page


def test_the_college_changes_responsibilities_on_a_form(sign_in, pair):
    client = sign_in(make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit))
    here = _url(pair, "pair-duties")
    assert "First responsible" in _page(client, here)
    typed = {
        "first_responsible": "second", "signs_leave": "second", "signs_claims": "first",
        "signs_thesis": "both",
    }  # fmt: skip
    assert client.post(here, typed).status_code == 200
    assert client.post(here, typed | {"reason": "Works in the clinic"}).status_code == 302
    pair.second.refresh_from_db()
    assert pair.second.is_first_responsible
    assert "Responsibilities changed" in _page(client, f"{_url(pair)}?tab=history")
    assert sign_in(pair.first.mentor.person).get(here).status_code == 403


def test_a_partner_officer_reads_the_pairs_of_the_mentors_they_lend(sign_in, pair):
    lender = make_person(Role.PARTNER_OFFICER, unit=pair.second.mentor.unit)
    page = _page(sign_in(lender), _url(pair))
    assert pair.student.person.name_en in page
    assert "Change responsibilities" not in page


def test_the_college_lifts_a_conflict_from_the_mentors_page(sign_in):
    conflict = ConflictFactory.create()
    office = make_person(Role.GRADUATE_OFFICER, unit=conflict.student.unit)
    mentor_url = reverse("mentorship:mentor", args=[conflict.mentor.public_id])
    lift = reverse("mentorship:conflict-lift", args=[conflict.pk])
    client = sign_in(office)
    assert lift in _page(client, mentor_url)
    assert client.post(lift, {"reason": ""}).status_code == 200
    assert ConflictOfInterest.objects.exists()
    assert client.post(lift, {"reason": "Entered by mistake"}).status_code == 302
    assert not ConflictOfInterest.objects.exists()


@pytest.mark.parametrize("who", ["mentor", "stranger"])
def test_nobody_else_is_offered_to_lift_a_conflict(sign_in, who):
    conflict = ConflictFactory.create()
    person = conflict.mentor.person if who == "mentor" else make_person(Role.GRADUATE_OFFICER)
    client = sign_in(person)
    mentor_url = reverse("mentorship:mentor", args=[conflict.mentor.public_id])
    lift = reverse("mentorship:conflict-lift", args=[conflict.pk])
    assert lift not in _page(client, mentor_url)
    assert client.post(lift, {"reason": "x"}).status_code in {403, 404}
    assert ConflictOfInterest.objects.exists()
