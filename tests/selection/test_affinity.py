"""Affinity of a season: conflicts first, ranks with ties, reasons, jobs, and who may ask."""

from __future__ import annotations

import pytest

from cotutelle.core.errors import Refused
from cotutelle.files.services import store_file
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.selection.affinity_tasks import refresh_nightly
from cotutelle.selection.enums import OfferState, RoundState
from cotutelle.selection.models import AffinityScore
from cotutelle.selection.queries.affinity import affinities, computation, unread_files
from cotutelle.selection.services.affinity import (
    JOB,
    KEPT,
    compute_affinity,
    installed_models,
    model_version,
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


def by_words(round_, **options):
    """Compute as where no text model can be imported."""
    return compute_affinity(round_, load=lambda: None, **options)


def ranks(participant):
    return dict(participant.affinity_scores.values_list("offer_id", "rank"))


def test_ranks_the_nearest_first_and_leaves_out_what_shares_nothing(round_, heart, lung, stone):
    one = student(round_)

    assert by_words(round_).students == 1

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

    by_words(round_)

    assert ranks(one) == {t.pk: 1 for t in twins}
    assert set(one.affinity_scores.values_list("above", flat=True)) == {33}


def test_a_conflict_of_interest_has_no_affinity(round_, heart, lung, stone):
    one, other = student(round_), student(round_)
    ConflictFactory.create(mentor=heart.mentor, student=one.student)

    by_words(round_)

    assert ranks(one) == {lung.pk: 1}
    assert one.affinity_scores.get().compared == 2
    assert ranks(other)[heart.pk] == 1


def test_a_conflict_with_one_of_a_team_bars_the_team(round_):
    team = TeamFactory.create(unit=round_.unit)
    make_offer(round_, team=team, title_en="Cardiac MRI")
    one = student(round_)
    ConflictFactory.create(mentor=team.second, student=one.student)

    by_words(round_)

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


def test_a_stop_leaves_whole_students_and_keeps_what_was_read(round_, heart):
    for n in range(30):
        student(round_, text=f"Cardiac MRI and {n} questions more")
    told = []

    done = compute_affinity(
        round_,
        progress=lambda done, total: told.append((done, total)),
        should_stop=AffinityScore.objects.exists,
    )

    assert done.students == 10
    assert AffinityScore.objects.values("participant").distinct().count() == 10
    assert all(done <= total for done, total in told)


def test_a_stop_while_texts_are_read_keeps_the_vectors(round_, heart, settings, tmp_path):
    settings.COTUTELLE_DATA_DIR = tmp_path
    student(round_)

    stopped = compute_affinity(round_, should_stop=lambda: True)
    again = compute_affinity(round_)

    assert (stopped.students, again.students) == (0, 1)
    assert stopped.encoded > 0
    assert again.encoded > 0
    assert list((tmp_path / "cache" / "affinity").iterdir())


def test_what_was_read_once_is_not_read_again(round_, heart, lung, settings, tmp_path):
    settings.COTUTELLE_DATA_DIR = tmp_path
    one = student(round_)
    told = []
    first = compute_affinity(round_, progress=lambda done, total: told.append((done, total)))
    heart.mentor.publications.create(title="A new paper on valves", fingerprint="new")

    second = compute_affinity(round_, participants=[one])

    offers = 2  # in both languages, so Chinese: the multilingual model reads them
    english = 1 + 2  # the statement; interests and paper: the statement is read by both models
    assert first.encoded == offers + english + 1
    assert told[-1] == (first.encoded + 1, first.encoded + 1)
    assert second.encoded == 1


def test_people_read_rank_share_and_reasons_but_never_the_score(round_, heart, lung, stone):
    one = student(round_)
    by_words(round_)

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
    assert job.result["students"] == 1
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


# ---------------------------------------------------------------- meaning, scale, limits


def test_meaning_reaches_across_languages(round_):
    far = make_offer(
        round_, plain_mentor(round_), title_zh="肾结石手术", title_en="", description_zh=""
    )
    near = make_offer(
        round_,
        plain_mentor(round_),
        title_zh="心肌纤维化的心脏磁共振成像",
        title_en="",
        description_zh="",
    )
    one = student(round_)

    compute_affinity(round_)

    assert ranks(one) == {near.pk: 1, far.pk: 2}
    best = one.affinity_scores.get(offer=near)
    assert best.channels["words"] == 0
    assert best.channels["meaning"] == pytest.approx(best.score)
    assert best.nearest[0]["sentences"]


def test_rows_say_how_they_were_computed(round_, heart):
    one = student(round_)
    compute_affinity(round_)
    row = one.affinity_scores.get()

    assert row.model_version == model_version(installed_models())
    assert row.model_version.endswith("2026-11-1")
    assert sum(row.channels.values()) == pytest.approx(row.score, abs=2e-6)
    assert row.items == 3
    assert computation(one).words_alone is False

    by_words(round_)

    assert one.affinity_scores.get().model_version == "2/tfidf"
    assert computation(one).words_alone is True


def test_few_texts_are_too_little_to_judge_and_still_ranked(round_, heart, stone):
    one = student(round_)
    compute_affinity(round_)

    read = affinities(one, [heart, stone])

    assert not read[heart.pk].is_thin
    assert (read[stone.pk].is_thin, read[stone.pk].items, read[stone.pk].rank) == (True, 1, 2)


def test_the_parts_make_the_whole(round_, heart, lung):
    one = student(round_)
    compute_affinity(round_)

    near = affinities(one, [heart])[heart.pk]

    assert near.meaning + near.words == 100
    assert 0 < near.meaning < 100
    assert 0 < float(near.meaning_width) < 140


def test_equal_nearness_ranks_nothing(round_):
    twins = [
        make_offer(round_, plain_mentor(round_), title_zh="甲", title_en="Cardiac MRI")
        for _ in range(3)
    ]
    one = student(round_)
    compute_affinity(round_)

    assert computation(one).is_flat
    assert not any(near.is_ranked for near in affinities(one, twins).values())


def test_more_equals_than_are_kept_rank_nothing(round_):
    mentor = plain_mentor(round_)
    for number in range(KEPT + 5):
        make_offer(round_, mentor, title_zh="甲", title_en="Cardiac MRI", number=f"E{number}")
    one = student(round_)

    by_words(round_)

    assert one.affinity_scores.count() == KEPT
    assert computation(one).is_flat


def test_equals_cut_off_by_the_limit_are_left_out(round_):
    mentor = plain_mentor(round_)
    best = make_offer(round_, mentor, title_zh="甲", title_en="Myocardial fibrosis")
    for number in range(KEPT + 5):
        make_offer(round_, mentor, title_zh="乙", title_en="Imaging of stones", number=f"E{number}")
    one = student(round_)

    by_words(round_)

    assert ranks(one) == {best.pk: 1}
    assert one.affinity_scores.get().above == 99


def test_a_round_without_offers_or_texts_has_no_affinity(round_):
    one = student(round_, text="")

    assert compute_affinity(round_).students == 1
    assert computation(one) is None


def test_an_unreadable_file_is_named_to_whoever_asked(round_, heart):
    one = student(round_)
    store_file(
        b"%PDF-1.7\nnothing of a PDF follows",
        name="plan.pdf",
        actor=one.student.person,
        unit=one.student.unit,
        purpose=ATTACHMENT,
    )

    run_now(refresh_affinity(round_, actor=one.student.person, participant=one))

    assert unread_files(one) == ("plan.pdf",)
    assert ranks(one) == {heart.pk: 1}
