from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from cotutelle.core.clock import now, today
from cotutelle.files.models import StoredFile
from cotutelle.mentorship.models import ConflictOfInterest, QuotaAccount
from cotutelle.people.enums import Role
from cotutelle.programmes import services as programmes
from cotutelle.selection.enums import (
    AnswerState,
    InterviewState,
    OfferState,
    PlacementSource,
    PlacementState,
    Regime,
    RoundState,
    Verdict,
)
from cotutelle.selection.models import Answer, Application, Interview, Offer, Placement
from cotutelle.workflow.models import ProxyAct, ProxyAuthorisation
from tests.factories.mentorship import TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import (
    make_answer,
    make_application,
    make_list,
    make_offer,
    make_officer,
    make_round,
)
from tests.factories.workflow import make_proxy

pytestmark = pytest.mark.django_db
APPLICANT_QUERIES = 24


class Season:
    """A round in which mentors answer: one mentor, two offers, three applicants."""

    def __init__(self, state=RoundState.ANSWERING, **rules):
        self.round = make_round(state, **rules)
        self.mentor = make_mentor(3, unit=self.round.unit)
        self.offer = make_offer(self.round, self.mentor, title_zh="肺癌筛查")
        self.second = make_offer(self.round, self.mentor, title_zh="心衰影像")
        self.other = make_offer(self.round)
        self.one = make_list(self.round, [self.offer, self.second])
        self.two = make_list(self.round, [self.other, self.offer])
        self.three = make_list(self.round, [self.second])
        self.answer = Answer.objects.get(round=self.round, mentor=self.mentor)

    def url(self, name, *more):
        return reverse(f"selection:{name}", args=[self.answer.public_id, *more])

    def save(self, client, **typed):
        typed.setdefault("version", Answer.objects.get(pk=self.answer.pk).version)
        return client.post(self.url("answer-save"), typed, headers={"X-Autosave": "1"})

    def tiers(self):
        rows = self.answer.lines.filter(verdict=Verdict.ACCEPT).order_by("tier", "pk")
        return {line.participant_id: line.tier for line in rows}


@pytest.fixture
def season():
    return Season()


@pytest.fixture
def own(client, season):
    client.force_login(season.mentor.person)
    client.cookies["language"] = "en"
    return client


def test_the_only_answer_opens_at_once_and_several_are_listed(own, season):
    home = reverse("selection:applicants-home")
    assert own.get(home).headers["Location"] == season.url("applicants")

    team = TeamFactory.create(first=season.mentor, unit=season.round.unit)
    QuotaAccount.objects.get_or_create(mentor=team.second, year=2026, defaults={"granted": 2})
    make_offer(season.round, team=team)
    listed = own.get(home).content.decode()

    assert team.name_en in listed
    assert season.url("applicants") in listed


def test_a_mentor_without_answers_is_told_the_first_step(client, season):
    client.force_login(make_mentor().person)
    client.cookies["language"] = "en"

    assert "Open my offers" in client.get(reverse("selection:applicants-home")).content.decode()


def test_own_applicants_are_shown_and_never_at_which_place(own, season):
    answer = own.get(season.url("applicants"))
    body = answer.content.decode()

    shown = {a.participant for a in answer.context["applicants"]}
    assert shown == {season.one, season.two, season.three}
    assert not any(hasattr(a, "position") for a in answer.context["applicants"])
    assert season.other.title_zh not in body or season.other.title_en not in body


def test_strangers_and_students_find_no_answer(client, season):
    for person, status in (
        (make_mentor(unit=season.round.unit).person, 404),
        (season.one.student.person, 404),
        (make_person(Role.GRADUATE_OFFICER), 404),
        (make_officer(season.round), 200),
    ):
        client.force_login(person)
        assert client.get(season.url("applicants")).status_code == status


@pytest.mark.parametrize("more", [0, 2])
def test_the_page_asks_the_same_number_of_questions(
    own, season, more, django_assert_max_num_queries
):
    for _n in range(more):
        make_list(season.round, [season.offer])

    with django_assert_max_num_queries(APPLICANT_QUERIES):
        own.get(season.url("applicants"))


def test_ties_and_order_are_saved_by_themselves_with_the_next_version(own, season):
    order = [str(p.public_id) for p in (season.two, season.one, season.three)]

    answer = season.save(own, mode="rank", order=order, tie=[order[2]])

    assert answer.json() == {"fields": {"version": 1}}
    assert season.tiers() == {season.two.pk: 1, season.one.pk: 2, season.three.pk: 2}
    page = own.get(season.url("applicants"))
    assert [row["tied"] for row in page.context["ranked"]] == [False, False, True]


@pytest.mark.parametrize(
    ("pressed", "expected"),
    [
        ({"move": "up:B"}, ["B", "A"]),
        ({"move": "down:B"}, ["A", "B"]),
        ({"remove": "A"}, ["B"]),
        ({"add": "C"}, ["A", "B", "C"]),
        ({"move": "up:nonsense"}, ["A", "B"]),
    ],
)
def test_buttons_work_without_scripts(own, season, pressed, expected):
    names = {"A": season.one, "B": season.two, "C": season.three}
    keys = {letter: str(p.public_id) for letter, p in names.items()}
    words = {n: ":".join(keys.get(part, part) for part in v.split(":")) for n, v in pressed.items()}
    typed = {"mode": "rank", "version": 0, "order": [keys["A"], keys["B"]], **words}

    answer = own.post(season.url("answer-save"), typed)

    assert answer.status_code == 302
    ranked = sorted(season.tiers().items(), key=lambda pair: pair[1])
    assert [key for key, _tier in ranked] == [names[letter].pk for letter in expected]


def test_taking_somebody_out_of_a_saved_order_sticks(own, season):
    one = str(season.one.public_id)
    season.save(own, mode="rank", order=[one])

    own.post(
        season.url("answer-save"), {"mode": "rank", "version": 1, "order": [one], "remove": one}
    )

    assert season.tiers() == {}


def test_a_stale_page_is_refused_and_changes_nothing(own, season):
    one = str(season.one.public_id)
    season.save(own, mode="rank", order=[one])

    late = season.save(own, mode="rank", order=[], version=0)

    assert late.status_code == 409
    assert "detail" in late.json()
    assert season.tiers() == {season.one.pk: 1}


@pytest.mark.parametrize("typed", [{"order": ["nonsense"]}, {"verdict-nonsense": "accept"}])
def test_a_damaged_form_is_refused_in_words(own, season, typed):
    assert season.save(own, mode="rank", **typed).status_code == 400


def test_students_who_did_not_choose_the_mentor_cannot_be_answered(own, season):
    alien = make_list(season.round, [season.other])

    answer = season.save(own, mode="rank", order=[str(alien.public_id)])

    assert answer.status_code == 409
    assert season.tiers() == {}


def test_screening_saves_every_verdict_and_note(client):
    season = Season(mentor_answer="screen")
    client.force_login(season.mentor.person)
    one, two = season.one.public_id, season.two.public_id

    season.save(
        client,
        mode="screen",
        **{f"verdict-{one}": "accept", f"verdict-{two}": "reserve", f"note-{one}": "面谈好"},
    )

    lines = {line.participant_id: (line.verdict, line.note) for line in season.answer.lines.all()}
    assert lines == {season.one.pk: ("accept", "面谈好"), season.two.pk: ("reserve", "")}


def test_submitting_says_what_it_means_then_counts_and_can_be_taken_back(own, season):
    order = [str(season.one.public_id)]
    kept = own.post(season.url("answer-submit"), {"mode": "rank", "version": 0, "order": order})
    assert kept.status_code == 302
    assert season.tiers() == {season.one.pk: 1}

    page = own.get(season.url("answer-submit"))
    assert "Submit answer: accept 1 student" in page.content.decode()
    assert "undecided: treated like declined" in page.content.decode()
    own.post(season.url("answer-submit"), {"confirm": "1", "version": 1})
    answer = Answer.objects.get(pk=season.answer.pk)
    assert (answer.state, answer.by_proxy) == (AnswerState.SUBMITTED, False)

    for version in ("9" * 5000, answer.version):  # the first is nobody's version
        own.post(season.url("answer-reopen"), {"version": version})
    assert Answer.objects.get(pk=season.answer.pk).state == AnswerState.OPEN


def test_after_the_deadline_nothing_can_be_changed(own, season):
    season.round.answers_close_at = now() - dt.timedelta(minutes=1)
    season.round.save()

    answer = season.save(own, mode="rank", order=[str(season.one.public_id)])

    assert answer.status_code == 409
    assert "Answers are closed" in own.get(season.url("applicants")).content.decode()


def test_an_applicant_page_shows_the_profile_and_who_may_read_the_files(
    own, client, season, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    student = season.one.student
    programmes.save_profile(
        student, statement="我想研究肺癌", career_plan="", path_wish="", actor=student.person
    )
    stored = programmes.attach_file(
        student, b"%PDF-1.4\n%%EOF\n", name="a.pdf", actor=student.person
    )
    url = season.url("applicant", season.one.public_id)
    file_url = reverse("files:file", args=[stored.public_id])

    assert "我想研究肺癌" in own.get(url).content.decode()
    assert own.get(file_url).status_code == 200
    client.force_login(make_mentor(unit=season.round.unit).person)
    assert client.get(url).status_code == 404
    assert client.get(file_url).status_code == 404
    assert StoredFile.objects.filter(pk=stored.pk).exists()


def test_a_conflict_needs_a_ground_and_keeps_the_student_out(own, season):
    url = season.url("conflict-declare", season.one.public_id)

    assert "ct-summary" in own.post(url, {"ground": ""}).content.decode()
    assert not ConflictOfInterest.objects.exists()
    own.post(url, {"ground": "亲属"})

    assert ConflictOfInterest.objects.get().student == season.one.student
    late = season.save(own, mode="rank", order=[str(season.one.public_id)])
    assert late.status_code == 409
    assert "Conflict of interest declared" in own.get(season.url("applicants")).content.decode()


def test_interviews_are_invited_and_recorded(client):
    season = Season(interviews=True)
    client.force_login(season.mentor.person)
    url = season.url("interview", season.one.public_id)

    wrong = client.post(url, {"starts_at": "soon", "place": ""})
    assert "ct-summary" in wrong.content.decode()
    client.post(url, {"starts_at": "2026-11-25T14:00", "place": "门诊楼301"})
    assert Interview.objects.get().place == "门诊楼301"
    assert "门诊楼301" in client.get(season.url("interviews")).content.decode()
    client.post(url, {"held": "1", "note": "思路清楚"})

    found = Interview.objects.get()
    assert (found.state, found.note) == (InterviewState.DONE, "思路清楚")


def test_rounds_without_interviews_refuse_them(own, season):
    url = season.url("interview", season.one.public_id)

    own.post(url, {"starts_at": "2026-11-25T14:00", "place": "x"})

    assert not Interview.objects.exists()


@pytest.fixture
def secretary(season):
    person = make_person(Role.DEPARTMENT_SECRETARY, unit=season.mentor.unit)
    make_proxy(season.mentor.person, person)
    return person


def test_a_secretary_acts_by_proxy_and_the_page_says_so(client, season, secretary):
    client.force_login(secretary)
    client.cookies["language"] = "en"
    query = f"?for={season.mentor.public_id}"

    body = client.get(season.url("applicants") + query).content.decode()
    assert "You act on behalf of" in body
    assert "data-autosave" not in body
    order = [str(season.one.public_id)]
    client.post(season.url("answer-save") + query, {"mode": "rank", "version": 0, "order": order})
    client.post(season.url("answer-submit") + query, {"confirm": "1", "version": 1})

    answer = Answer.objects.get(pk=season.answer.pk)
    assert (answer.state, answer.by_proxy, answer.submitted_by) == ("submitted", True, secretary)
    assert set(ProxyAct.objects.values_list("action", flat=True)) == {
        "selection.answer.saved", "selection.answer.submitted",
    }  # fmt: skip


def test_an_ended_authorisation_opens_nothing(client, season, secretary):
    ProxyAuthorisation.objects.update(ends_on=today() - dt.timedelta(1))
    client.force_login(secretary)
    query = f"?for={season.mentor.public_id}"

    assert client.get(reverse("selection:my-offers") + query).status_code == 404
    posted = client.post(season.url("answer-save"), {"mode": "rank", "version": 0})
    assert posted.status_code in {403, 404}
    assert season.tiers() == {}


def offer_fields(**more):
    return {"title_zh": "卒中预后", "kind": "topic", "track": "both", "places": 1} | more


def test_an_offer_is_written_opened_and_withdrawn(client):
    season = Season(RoundState.RANKING)
    client.force_login(season.mentor.person)
    client.cookies["language"] = "en"
    QuotaAccount.objects.filter(mentor=season.mentor).update(granted=5)

    wrong = client.post(reverse("selection:offer-new"), offer_fields(title_zh="", places=0))
    assert "ct-summary" in wrong.content.decode()
    made = client.post(reverse("selection:offer-new"), offer_fields())
    offer = Offer.objects.get(title_zh="卒中预后")
    assert made.headers["Location"].startswith(
        reverse("selection:offer-move", args=[offer.public_id])
    )
    assert offer.state == OfferState.DRAFT

    move = reverse("selection:offer-move", args=[offer.public_id])
    assert "1 place is held" in client.get(f"{move}?to=open").content.decode()
    client.post(f"{move}?to=open", {"confirm": "1"})
    assert Offer.objects.get(pk=offer.pk).state == OfferState.OPEN

    withdraw = reverse("selection:offer-move", args=[season.offer.public_id])
    assert "2 students have it" in client.get(f"{withdraw}?to=withdraw").content.decode()
    client.post(f"{withdraw}?to=withdraw", {"confirm": "1"})
    assert Offer.objects.get(pk=season.offer.pk).state == OfferState.WITHDRAWN
    assert client.get(f"{move}?to=nonsense").status_code == 404


def test_my_offers_show_the_account_and_only_own_offers(client):
    season = Season(RoundState.RANKING)
    client.force_login(season.mentor.person)
    client.cookies["language"] = "en"

    answer = client.get(reverse("selection:my-offers"))

    assert set(answer.context["listing"].rows) == {season.offer, season.second}
    assert "3 granted" in answer.content.decode()
    edit = reverse("selection:offer-edit", args=[season.other.public_id])
    assert client.get(edit).status_code == 404


def test_editing_an_offer_warns_how_many_chose_it(client):
    season = Season(RoundState.RANKING)
    client.force_login(season.mentor.person)
    client.cookies["language"] = "en"
    url = reverse("selection:offer-edit", args=[season.offer.public_id])

    assert "2 students have this offer" in client.get(url).content.decode()
    client.post(url, offer_fields(title_zh="新题目"))
    assert Offer.objects.get(pk=season.offer.pk).title_zh == "新题目"


def test_sequential_choices_are_accepted_and_declined_in_time(client):
    season = Season(regime=Regime.SEQUENTIAL)
    client.force_login(season.mentor.person)
    client.cookies["language"] = "en"
    first, second = (
        make_application(season.one, season.offer),
        make_application(season.three, season.second),
    )
    url = reverse("selection:applications")

    assert client.get(url).content.decode().count("Accept student") == 2
    client.post(reverse("selection:application-answer", args=[first.public_id]), {"accept": "1"})
    assert Application.objects.get(pk=first.pk).state == "accepted"
    client.post(reverse("selection:application-answer", args=[second.public_id]), {"decline": "1"})
    assert Application.objects.get(pk=second.pk).state == "declined"

    stranger = make_mentor(unit=season.round.unit)
    client.force_login(stranger.person)
    foreign = reverse("selection:application-answer", args=[first.public_id])
    assert client.post(foreign, {"accept": "1"}).status_code == 404


def test_an_expired_choice_is_refused_by_the_clock(client):
    season = Season(regime=Regime.SEQUENTIAL)
    client.force_login(season.mentor.person)
    late = make_application(season.one, season.offer)
    Application.objects.update(answer_due_at=now() - dt.timedelta(seconds=1))

    client.post(reverse("selection:application-answer", args=[late.public_id]), {"accept": "1"})

    assert not Placement.objects.exists()


def test_students_appear_after_publication_only(own, season):
    place = Placement.objects.create(
        round=season.round, participant=season.one, offer=season.offer,
        source=PlacementSource.RUN, state=PlacementState.PROPOSED,
    )  # fmt: skip
    url = reverse("selection:my-students")
    assert own.get(url).context["listing"].total == 0

    Placement.objects.filter(pk=place.pk).update(state=PlacementState.PUBLISHED)
    season.round.state = RoundState.PUBLISHED
    season.round.save()
    assert [p.pk for p in own.get(url).context["listing"].rows] == [place.pk]
    exported = own.get(url, {"format": "csv"}).content.decode("utf-8-sig")
    assert season.one.student.person.email in exported


def test_why_is_answered_after_publication_only(own, season):
    url = season.url("mentor-why", season.one.public_id)
    assert own.get(url).status_code == 404

    make_answer(season.round, season.offer, [[season.one]])
    Placement.objects.create(
        round=season.round, participant=season.one, offer=season.offer,
        source=PlacementSource.RUN, state=PlacementState.PUBLISHED,
    )  # fmt: skip
    season.round.state = RoundState.PUBLISHED
    season.round.save()

    assert "The student is placed with you." in own.get(url).content.decode()
