"""Affinity of a season: conflicts first, ranks with ties, reasons, jobs, and who may ask."""

from __future__ import annotations

import io
import zipfile

import pytest

from cotutelle.core.errors import Refused
from cotutelle.files.models import StoredFile
from cotutelle.files.services import store_file
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.selection.affinity_tasks import refresh_nightly
from cotutelle.selection.enums import OfferState, RoundState
from cotutelle.selection.models import AffinityScore
from cotutelle.selection.queries.affinity import affinities
from cotutelle.selection.services.affinity import (
    JOB,
    attachment_text,
    compute_affinity,
    refresh_affinity,
)
from cotutelle.selection.services.steps import move_round
from tests.factories.mentorship import ConflictFactory, PublicationFactory, TeamFactory, make_mentor
from tests.factories.people import PersonFactory
from tests.factories.selection import make_list, make_offer, make_officer, make_round


@pytest.fixture
def round_(db):
    return make_round()


def plain_mentor(round_, **fields):
    return make_mentor(unit=round_.unit, **{"interests_zh": "", "interests_en": "", **fields})


@pytest.fixture
def heart(round_):
    mentor = plain_mentor(round_, interests_en="cardiac imaging of myocardial fibrosis")
    PublicationFactory.create(mentor=mentor, title="Myocardial fibrosis by cardiac MRI")
    return make_offer(round_, mentor, title_zh="心脏影像", title_en="Cardiac MRI radiomics")


@pytest.fixture
def lung(round_):
    return make_offer(
        round_, plain_mentor(round_), title_zh="肺癌筛查", title_en="Lung cancer and imaging"
    )


@pytest.fixture
def stone(round_):
    return make_offer(round_, plain_mentor(round_), title_zh="结石", title_en="Kidney stones")


def student(round_, text="I want to study myocardial fibrosis with cardiac MRI imaging", **fields):
    return make_list(round_, [], submitted=False, statement=text, **fields)


def ranks(participant):
    return dict(participant.affinity_scores.values_list("offer_id", "rank"))


def test_ranks_the_nearest_first_and_leaves_out_what_shares_nothing(round_, heart, lung, stone):
    one = student(round_)

    assert compute_affinity(round_) == 1

    assert ranks(one) == {heart.pk: 1, lung.pk: 2}
    best = one.affinity_scores.get(offer=heart)
    assert (best.above, best.compared) == (66, 3)
    assert "cardiac mri" in best.terms
    assert {n["kind"] for n in best.nearest} == {"paper", "interests", "offer"}


def test_equal_offers_share_a_place(round_):
    twins = [
        make_offer(round_, plain_mentor(round_), title_zh="甲", title_en="Cardiac MRI")
        for _ in range(2)
    ]
    make_offer(round_, plain_mentor(round_), title_zh="乙", title_en="Kidney stones")
    one = student(round_)

    compute_affinity(round_)

    assert ranks(one) == {t.pk: 1 for t in twins}
    assert set(one.affinity_scores.values_list("above", flat=True)) == {33}


def test_a_conflict_of_interest_has_no_affinity(round_, heart, lung, stone):
    one, other = student(round_), student(round_)
    ConflictFactory.create(mentor=heart.mentor, student=one.student)

    compute_affinity(round_)

    assert ranks(one) == {lung.pk: 1}
    assert one.affinity_scores.get().compared == 2
    assert ranks(other)[heart.pk] == 1


def test_a_conflict_with_one_of_a_team_bars_the_team(round_):
    team = TeamFactory.create(unit=round_.unit)
    make_offer(round_, team=team, title_en="Cardiac MRI")
    one = student(round_)
    ConflictFactory.create(mentor=team.second, student=one.student)

    compute_affinity(round_)

    assert ranks(one) == {}


def test_texts_that_were_taken_away_take_the_ranks_away(round_, heart):
    one = student(round_)
    compute_affinity(round_)
    assert ranks(one)
    one.student.statement = ""
    one.student.save()

    compute_affinity(round_, participants=[one])

    assert ranks(one) == {}


def test_offers_that_are_not_open_are_not_compared(round_, heart, lung):
    lung.state = OfferState.WITHDRAWN
    lung.save()
    one = student(round_)

    compute_affinity(round_)

    assert ranks(one) == {heart.pk: 1}


def test_a_stop_leaves_whole_students(round_, heart):
    for _ in range(30):
        student(round_)

    done = compute_affinity(round_, should_stop=lambda: True)

    assert done == 25
    assert AffinityScore.objects.count() == 25


def test_reads_attached_word_files(round_, heart):
    one = student(round_, text="")
    body = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>Cardiac MRI</w:t></w:r><w:r><w:t> radiomics</w:t></w:r></w:p>"
        "</w:body></w:document>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
    store_file(
        packed.getvalue(),
        name="plan.docx",
        actor=one.student.person,
        unit=one.student.unit,
        purpose=ATTACHMENT,
    )

    compute_affinity(round_)

    assert ranks(one) == {heart.pk: 1}
    assert one.affinity_scores.get().nearest[0]["item"] == "attachment"


def test_a_broken_attachment_says_nothing(round_):
    one = student(round_)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<!DOCTYPE a><w:document/>")
    stored = store_file(
        packed.getvalue(),
        name="plan.docx",
        actor=one.student.person,
        unit=one.student.unit,
        purpose=ATTACHMENT,
    )

    assert attachment_text(StoredFile.objects.get(pk=stored.pk)) == ""


def test_people_read_rank_share_and_reasons_but_never_the_score(round_, heart, lung, stone):
    one = student(round_)
    compute_affinity(round_)

    read = affinities(one, [heart, lung, stone])

    assert set(read) == {heart.pk, lung.pk}
    assert not hasattr(read[heart.pk], "score")
    assert (read[heart.pk].rank, read[heart.pk].above, read[heart.pk].compared) == (1, 66, 3)


def test_a_student_asks_again_once_and_lands_on_the_offers(round_, heart):
    one = student(round_)
    person = one.student.person

    job = refresh_affinity(round_, actor=person, participant=one)
    again = refresh_affinity(round_, actor=person, participant=one)
    run_now(job)

    assert again == job
    assert job.state == "done"
    assert job.result == {"students": 1}
    assert ranks(one) == {heart.pk: 1}


def test_an_officer_computes_a_whole_round(round_, heart):
    one, other = student(round_), student(round_)

    run_now(refresh_affinity(round_, actor=make_officer(round_)))

    assert ranks(one) == ranks(other) == {heart.pk: 1}


def test_nobody_computes_for_another_student_or_a_round_of_others(round_, heart):
    one = student(round_)
    stranger = student(make_round()).student.person

    for actor in (stranger, PersonFactory.create(), make_officer(make_round())):
        with pytest.raises(Refused):
            refresh_affinity(round_, actor=actor, participant=one)
        with pytest.raises(Refused):
            refresh_affinity(round_, actor=actor)


@pytest.mark.django_db
def test_opening_a_round_computes_affinity_for_everybody():
    round_ = make_round(RoundState.DRAFT)
    offer = make_offer(
        round_, plain_mentor(round_), title_zh="心脏影像", title_en="Cardiac MRI radiomics"
    )
    one = student(round_)

    move_round(round_, RoundState.RANKING, actor=make_officer(round_))
    run_now(Job.objects.get(kind=JOB))

    assert ranks(one) == {offer.pk: 1}


def test_the_night_takes_up_new_words_and_new_offers(round_, heart):
    one = student(round_, text="")
    one.student.statement = "cardiac MRI"
    one.student.save()

    refresh_nightly(timestamp=0)

    assert ranks(one) == {heart.pk: 1}
    heart.refresh_from_db()
    assert "radiomics" in heart.search_text
