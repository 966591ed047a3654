from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from cotutelle.core.clock import today
from cotutelle.mentorship.enums import ChangeState, EligibilityState
from cotutelle.mentorship.models import (
    ChangeWindow,
    Eligibility,
    Mentor,
    MentorChange,
    QuotaAccount,
    QuotaCap,
    Team,
)
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import (
    MentorFactory,
    MentorshipFactory,
    PublicationFactory,
    QuotaAccountFactory,
    TeamFactory,
    make_mentor,
)
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory

pytestmark = pytest.mark.django_db
LIST_QUERIES = 13


@pytest.fixture
def unit():
    return UnitFactory.create()


@pytest.fixture
def office(client, unit):
    client.force_login(make_person(Role.GRADUATE_OFFICER, unit=unit, language="en"))
    client.cookies["language"] = "en"
    return client


LISTS = {
    "mentors": lambda unit: MentorFactory.create(unit=unit),
    "accounts": lambda unit: QuotaAccountFactory.create(mentor__unit=unit),
    "eligibility": lambda unit: MentorFactory.create(unit=unit),
    "teams": lambda unit: TeamFactory.create(unit=unit),
}


@pytest.mark.parametrize("name", list(LISTS))
@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_same_number_of_questions(
    office, unit, name, count, django_assert_max_num_queries
):
    for _n in range(count):
        LISTS[name](unit)

    with django_assert_max_num_queries(LIST_QUERIES):
        answer = office.get(reverse(f"mentorship:{name}"))

    assert answer.content.count(b'class="open"') >= count


@pytest.mark.parametrize("name", ["mentors", "accounts", "eligibility", "teams", "changes", "caps"])
@pytest.mark.parametrize("fmt", ["xlsx", "csv"])
def test_lists_are_exported(office, unit, name, fmt):
    MentorFactory.create(unit=unit)

    answer = office.get(reverse(f"mentorship:{name}"), {"format": fmt})

    assert "attachment" in answer["Content-Disposition"]
    assert answer.content[:2] == (b"PK" if fmt == "xlsx" else b"\xef\xbb")


def test_students_read_a_mentor_without_places_or_history(client, unit):
    mentor = make_mentor(3, unit=unit)
    PublicationFactory.create(mentor=mentor, title="A trial of screening")
    client.cookies["language"] = "en"
    client.force_login(StudentFactory.create().person)

    body = client.get(reverse("mentorship:mentor", args=[mentor.public_id])).content.decode()

    assert "A trial of screening" in body
    assert "Imaging and early screening" in body
    assert "Open the account" not in body
    assert "History" not in body


def test_filters_narrow_by_track_and_title(office, unit):
    MentorFactory.create(unit=unit, track="research", title="associate")
    MentorFactory.create(unit=unit)
    url = reverse("mentorship:mentors")

    assert office.get(url, {"track": "research"}).content.count(b'class="open"') == 1
    assert office.get(url, {"title": "associate"}).content.count(b'class="open"') == 1
    assert office.get(url, {"track": "nonsense"}).content.count(b'class="open"') == 2


def test_a_mentor_saves_the_profile_by_itself(client, unit):
    mentor = MentorFactory.create(unit=unit)
    client.force_login(mentor.person)
    url = reverse("mentorship:my-profile")
    typed = {"interests_zh": "心衰", "homepage": "https://example.org/lin"}

    assert client.get(url).status_code == 200
    assert client.post(url, typed, headers={"X-Autosave": "1"}).json() == {"saved": True}
    assert Mentor.objects.get().interests_zh == "心衰"
    wrong = client.post(url, typed | {"homepage": "javascript:x"}, headers={"X-Autosave": "1"})
    assert wrong.status_code == 422


def test_strangers_do_not_edit_a_profile(client, unit):
    mentor, other = MentorFactory.create(unit=unit), MentorFactory.create()
    client.force_login(other.person)

    answer = client.post(
        reverse("mentorship:profile-edit", args=[mentor.public_id]), {"interests_zh": "x"}
    )

    assert answer.status_code == 403


def test_publications_are_shown_before_they_are_added(client, unit):
    mentor = MentorFactory.create(unit=unit)
    PublicationFactory.create(mentor=mentor, title="Known title")
    client.force_login(mentor.person)
    client.cookies["language"] = "en"
    url = reverse("mentorship:publications")
    text = "Known title\nNew title"

    shown = client.post(url, {"text": text, "fmt": "", "preview": "1"})
    body = shown.content.decode()
    assert "2 publications found" in body
    assert "You have it already" in body
    assert mentor.publications.count() == 1

    picked = [c.key for c in shown.context["candidates"] if not c.is_known]
    client.post(url, {"text": text, "fmt": "", "add": "1", "pick": picked})
    assert set(mentor.publications.values_list("title", flat=True)) == {"Known title", "New title"}

    key = mentor.publications.get(title="New title").pk
    client.post(url, {"remove": "1", "pick": [key, "9" * 30, "9" * 5000, "²"]})
    assert mentor.publications.count() == 1


def test_an_unreadable_text_is_named_and_kept(client, unit):
    mentor = MentorFactory.create(unit=unit)
    client.force_login(mentor.person)
    client.cookies["language"] = "en"

    answer = client.post(reverse("mentorship:publications"), {"text": "{broken", "fmt": "openalex"})

    body = answer.content.decode()
    assert "could not be read" in body
    assert "{broken" in body


def test_places_are_granted_with_a_reason_and_refused_beyond_the_cap(office, unit):
    account = QuotaAccountFactory.create(mentor__unit=unit, granted=0)
    QuotaCap.objects.create(unit=unit, year=2026, title="senior", category="master", places=2)
    url = reverse("mentorship:account", args=[account.public_id])

    office.post(url, {"places": 2, "reason": "年度指标", "grant": "1"})
    over = office.post(url, {"places": 1, "reason": "more", "grant": "1"})

    assert QuotaAccount.objects.get().granted == 2
    assert "at most 2 places" in over.content.decode()
    assert "年度指标" in office.get(url).content.decode()


def test_a_mentor_reads_the_own_account_and_moves_nothing(client, unit):
    account = QuotaAccountFactory.create(mentor__unit=unit)
    url = reverse("mentorship:account", args=[account.public_id])

    client.force_login(account.mentor.person)
    assert client.get(reverse("mentorship:quota")).headers["Location"] == url
    assert client.get(url).status_code == 200
    assert client.post(url, {"places": 1, "reason": "x", "grant": "1"}).status_code == 403
    client.force_login(MentorFactory.create(unit=unit).person)
    assert client.get(url).status_code == 404


def test_review_and_grant_in_bulk(office, unit):
    one, two = MentorFactory.create_batch(2, unit=unit)
    picks = [*(str(m.public_id) for m in (one, two)), "nonsense"]
    year = str(today().year)
    decide, grant = reverse("mentorship:eligibility-decide"), reverse("mentorship:bulk-grant")

    office.post(decide, {"pick": picks, "state": "eligible", "reason": "", "year": year})
    assert Eligibility.objects.filter(state=EligibilityState.ELIGIBLE, year=year).count() == 2

    refused = office.post(
        decide, {"pick": picks, "state": "suspended", "reason": "", "year": year}, follow=True
    )
    assert "Say why" in refused.content.decode()
    office.post(decide, {"pick": picks[:1], "state": "suspended", "reason": "停招", "year": year})
    answer = office.post(
        grant, {"pick": picks, "places": 2, "reason": "年度", "year": year}, follow=True
    )
    assert "eligibility is suspended" in answer.content.decode()
    assert dict(QuotaAccount.objects.values_list("mentor", "granted")).get(two.pk) == 2


def test_caps_and_teams_are_made_by_the_office(office, unit):
    first, second = MentorFactory.create_batch(2, unit=unit)
    cap = {
        "unit": unit.public_id,
        "year": 2026,
        "category": "master",
        "title": "senior",
        "places": 3,
    }
    office.post(reverse("mentorship:caps"), cap)
    found = QuotaCap.objects.get()
    assert found.places == 3
    office.post(reverse("mentorship:cap-remove", args=[found.pk]))
    assert not QuotaCap.objects.exists()

    team = {"unit": unit.public_id, "first": first.public_id, "second": first.public_id}
    wrong = office.post(reverse("mentorship:team-new"), team)
    assert "two different mentors" in wrong.content.decode()
    office.post(reverse("mentorship:team-new"), team | {"second": second.public_id})
    assert Team.objects.get().second == second


def test_appointing_finds_the_person_by_number(office, unit):
    person = make_person(unit=unit, number="00321")
    typed = {
        "unit": unit.public_id, "number": "00321", "name_zh": person.name_zh, "category": "master",
        "title": "senior", "track": "clinical",
    }  # fmt: skip

    assert office.post(reverse("mentorship:mentor-new"), typed).status_code == 302
    mentor = Mentor.objects.get()
    assert mentor.person == person
    url = reverse("mentorship:mentor-edit", args=[mentor.public_id])
    office.post(
        url,
        {
            "unit": unit.public_id,
            "category": "doctoral",
            "title": "senior",
            "track": "both",
            "retires_on": "2027-08-31",
        },
    )
    mentor.refresh_from_db()
    assert (mentor.category, mentor.retires_on) == ("doctoral", dt.date(2027, 8, 31))


def test_offices_elsewhere_change_nothing(client, unit):
    account = QuotaAccountFactory.create(mentor__unit=unit)
    client.force_login(make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create()))

    assert client.get(reverse("mentorship:account", args=[account.public_id])).status_code == 404
    answer = client.get(reverse("mentorship:mentor-edit", args=[account.mentor.public_id]))
    assert answer.status_code == 404


@pytest.fixture
def pair(unit):
    pair = MentorshipFactory.create(student=StudentFactory.create(cohort__unit=unit))
    QuotaAccount.objects.create(mentor=pair.mentor, year=2026, granted=1, seated=1)
    ChangeWindow.objects.create(unit=unit, opens_on=today(), closes_on=today())
    return pair


def test_a_confidential_change_from_the_wish_to_the_decision(client, office, unit, pair):
    officer = office.session["_auth_user_id"]
    new = make_mentor(1, unit=unit)
    client.force_login(pair.student.person)
    form = client.get(reverse("mentorship:change-new"))
    assert new.person.name_en in form.content.decode()
    empty = client.post(
        reverse("mentorship:change-new"), {"to_mentor": new.public_id, "is_confidential": "on"}
    )
    assert "ct-summary" in empty.content.decode()
    client.post(
        reverse("mentorship:change-new"),
        {"to_mentor": new.public_id, "reason": "不便说明的原因", "is_confidential": "on"},
    )
    change = MentorChange.objects.get()
    url = reverse("mentorship:change", args=[change.public_id])

    client.force_login(pair.mentor.person)
    assert client.get(url).status_code == 404
    assert "不便说明" not in client.get(reverse("mentorship:changes")).content.decode()
    client.force_login(new.person)
    assert "不便说明" in client.get(url).content.decode()
    client.post(url, {"answer": "accept", "note": ""})
    client.force_login(pair.mentor.person)
    assert client.get(url).status_code == 404

    from cotutelle.people.models import Person  # noqa: PLC0415

    client.force_login(Person.objects.get(pk=officer))
    assert client.post(url, {"answer": "refuse", "note": ""}).status_code == 200
    client.post(url, {"answer": "approve", "note": ""})
    assert MentorChange.objects.get().state == ChangeState.APPROVED

    client.force_login(pair.mentor.person)
    body = client.get(url).content.decode()
    assert "不便说明" not in body
    assert client.get(f"{url}?tab=history").status_code == 200


def test_students_without_open_days_are_told_so(client, unit, pair):
    ChangeWindow.objects.all().delete()
    client.force_login(pair.student.person)
    client.cookies["language"] = "en"

    assert "There are none now" in client.get(reverse("mentorship:changes")).content.decode()
    assert client.get(reverse("mentorship:change-new")).status_code == 302


def test_days_are_announced_and_removed_by_the_office(office, unit):
    url = reverse("mentorship:windows")
    wrong = office.post(
        url, {"unit": unit.public_id, "opens_on": "2026-03-02", "closes_on": "2026-03-01"}
    )
    assert "last day is before" in wrong.content.decode()

    office.post(url, {"unit": unit.public_id, "opens_on": "2026-03-01", "closes_on": "2026-03-09"})
    window = ChangeWindow.objects.get()
    office.post(reverse("mentorship:window-remove", args=[window.pk]))
    assert not ChangeWindow.objects.exists()
