"""A student's result and its reasons: nothing early, nothing about anybody else."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from django.urls import reverse

from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.mentorship.enums import QuotaLineKind
from cotutelle.mentorship.models import QuotaLine
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Application, Objection, PlaceCap
from cotutelle.selection.services.confirmation import confirm_round
from cotutelle.selection.services.publication import publish_round
from cotutelle.selection.services.runs import run_round
from tests.factories.mentorship import make_mentor
from tests.factories.selection import (
    make_answer,
    make_application,
    make_list,
    make_offer,
    make_officer,
    make_round,
)
from tests.selection.markets import closed_round, hold_places
from tests.selection.test_pages_student import signed_in
from tests.ui.page_checks import find_faults

pytestmark = pytest.mark.django_db


def season(*, notice_days=5, places=1):
    """A round that was run: ``me`` prefers ``wanted``, whose place goes to ``rival``."""
    round_ = make_round(RoundState.CLOSED, notice_days=notice_days)
    wanted = make_offer(round_, title_zh="心脏", title_en="Heart", places=places)
    second = make_offer(round_, title_zh="肺", title_en="Lung")
    me = make_list(round_, [wanted, second])
    rival = make_list(round_, [wanted])
    make_answer(round_, wanted, [[rival], [me]])
    make_answer(round_, second, [[me]])
    for answer in round_.answers.all():
        for mentor in answer.supervisors:
            QuotaLine.objects.get_or_create(
                account=mentor.quota_accounts.get(),
                kind=QuotaLineKind.HOLD,
                reference=answer.reference,
                defaults={"places": answer.places, "at": now()},
            )
    officer = make_officer(round_)
    round_.seed_commitment = sha256_hex(round_.seed.encode())
    round_.seed_published_at = now()
    round_.save()
    run_round(round_, actor=officer)
    return round_, officer, wanted, second, me, rival


def result_of(participant, **query):
    return signed_in(participant.student.person).get(reverse("selection:result"), query)


def test_before_publication_nobody_reads_a_result():
    _round, _officer, wanted, _second, me, _rival = season()
    html = result_of(me).content.decode()

    assert "The result is being reviewed." in html
    assert "You are placed" not in html
    why = signed_in(me.student.person).get(reverse("selection:why", args=[wanted.public_id]))
    assert why.status_code == 302


def test_published_result_names_the_place_and_the_reasons():
    round_, officer, _wanted, second, me, _rival = season()
    publish_round(round_, actor=officer)

    answer = result_of(me)
    html = answer.content.decode()

    assert f"You are placed with {second.mentor.person.name_en}." in html
    assert [step["css"] for step in answer.context["path"]] == ["", "got"]
    assert "The place went to 1 student whom the mentor preferred." in html
    assert "Open to objections until" in html
    assert second.mentor.person.email not in html
    assert find_faults(html) == []


def test_no_page_of_a_student_names_another_student():
    round_, officer, wanted, second, me, rival = season()
    publish_round(round_, actor=officer)
    client = signed_in(me.student.person)
    pages = [
        reverse("selection:result"),
        reverse("selection:find"),
        reverse("selection:offer", args=[wanted.public_id]),
        reverse("selection:why", args=[wanted.public_id]),
        reverse("selection:why", args=[second.public_id]),
    ]

    for url in pages:
        html = client.get(url).content.decode()
        other = rival.student
        for secret in (other.person.name_zh, other.person.name_en, other.candidate_number):
            assert secret not in html, url
        assert str(rival.public_id) not in html


def test_why_gives_one_sentence_numbers_and_the_means_to_check():
    round_, officer, wanted, _second, me, _rival = season()
    publish_round(round_, actor=officer)

    answer = signed_in(me.student.person).get(reverse("selection:why", args=[wanted.public_id]))
    html = answer.content.decode()

    assert answer.context["sentence"] == "The place went to 1 student whom the mentor preferred."
    figures = {f["label"]: f["value"] for f in answer.context["figures"]}
    assert list(figures.values()) == [1, 0, 2, 2, 1]
    assert round_.official_run.certificate_sha256 in html
    assert f"printf %s {round_.seed} | sha256sum" in html
    assert hashlib.sha256(round_.seed.encode()).hexdigest() in html
    assert find_faults(html) == []


def test_the_certificate_with_everybodys_lists_is_for_reviewers_only():
    round_, officer, wanted, _second, me, _rival = season()
    publish_round(round_, actor=officer)
    url = reverse("decisions:certificate", args=[round_.official_run.public_id])
    people = (me.student.person, wanted.mentor.person, officer)

    assert [signed_in(p).get(url).status_code for p in people] == [404, 404, 200]


def test_why_of_another_round_is_not_found():
    round_, officer, wanted, *_rest = season()
    publish_round(round_, actor=officer)
    stranger = make_list(make_round(), [])

    answer = signed_in(stranger.student.person).get(
        reverse("selection:why", args=[wanted.public_id])
    )

    assert answer.status_code == 404


def test_the_unplaced_read_what_comes_next():
    round_, officer, _wanted, _second, _me, _rival = season()
    lonely = make_list(round_, [])
    publish_round(round_, actor=officer)

    html = result_of(lonely).content.decode()

    assert "You were not placed in this round." in html
    assert "supplementary round" in html


def test_objects_while_the_notice_runs_and_only_once():
    round_, officer, _wanted, _second, me, _rival = season()
    publish_round(round_, actor=officer)
    client = signed_in(me.student.person)
    url = reverse("selection:object", args=[round_.public_id])

    short = client.post(url, {"text": "no"})
    done = client.post(url, {"text": "My interview was not counted."})
    again = client.post(url, {"text": "My interview was not counted."})

    assert short.status_code == again.status_code == 422
    assert done.status_code == 302
    assert "My interview was not counted." in again.content.decode()
    assert Objection.objects.get().raised_by == me.student.person
    assert "My interview was not counted." in result_of(me).content.decode()


def test_there_is_nothing_to_object_to_before_publication():
    round_, _officer, _wanted, _second, me, _rival = season()

    answer = signed_in(me.student.person).get(reverse("selection:object", args=[round_.public_id]))

    assert answer.status_code == 404


def test_after_confirmation_the_mentor_can_be_reached():
    round_, officer, _wanted, second, me, _rival = season()
    notice = publish_round(round_, actor=officer)
    notice.ends_at = now() - dt.timedelta(minutes=1)
    notice.save()
    confirm_round(round_, actor=officer)

    html = result_of(me).content.decode()

    assert "Confirmed result" in html
    assert second.mentor.person.email in html
    assert "Write to your mentor" in html


def test_one_choice_at_a_time_shows_where_it_stands():
    round_ = make_round(RoundState.ANSWERING, regime="sequential")
    first, second = make_offer(round_), make_offer(round_, title_en="Second")
    me = make_list(round_, [first, second])
    make_application(me, first)

    answer = result_of(me)
    html = answer.content.decode()

    assert answer.context["application"].offer == first
    assert answer.context["next_choice"]["id"] == str(second.public_id)
    assert "Waiting for the mentor" in html
    assert "The mentor answers by" in html


def test_one_choice_at_a_time_does_not_say_that_nobody_sees_anything_yet():
    round_ = make_round(RoundState.ANSWERING, regime="sequential")
    first = make_offer(round_)
    me = make_list(round_, [first])
    make_application(me, first)
    Application.objects.update(state="accepted")

    html = result_of(me).content.decode()

    assert "No student and no mentor sees it earlier" not in html
    assert "You see below where your choices stand" in html
    assert "Mentors are asked one after the other." in html


def test_why_says_which_place_would_have_been_enough_and_names_the_limit():
    round_ = closed_round()
    wanted = make_offer(round_, make_mentor(2, unit=round_.unit), places=2)
    best, me = (make_list(round_, [wanted], admission_score=score) for score in (400, 300))
    make_answer(round_, wanted, [[best], [me]])
    hold_places(round_)
    PlaceCap.objects.create(round=round_, unit=round_.unit, places=1)
    officer = make_officer(round_)
    run_round(round_, actor=officer)
    publish_round(round_, actor=officer)
    client = signed_in(me.student.person)

    html = client.get(reverse("selection:why", args=[wanted.public_id])).content.decode()

    assert f"The limit of {round_.unit.name_en} was reached: 1 place in all" in html
    assert "What would have been enough" in html
    assert f"in the order of {round_.unit.name_en}" in html
    assert best.student.person.name_en not in html
