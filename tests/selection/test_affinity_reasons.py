"""Two texts side by side: marks, sentences, changes since; all of it escaped on the page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from cotutelle.mentorship.models import Publication
from cotutelle.selection.enums import RoundState
from cotutelle.selection.queries.affinity import shared_with
from cotutelle.selection.queries.affinity_reasons import (
    WHOLE_UP_TO,
    Part,
    excerpt,
    marked,
    side_by_side,
)
from cotutelle.selection.services.affinity import compute_affinity
from tests.factories.mentorship import PublicationFactory, make_mentor
from tests.factories.selection import make_list, make_offer, make_round
from tests.ui.page_checks import find_faults

pytestmark = pytest.mark.django_db
STATEMENT = "I like <b>bold</b> work. Cardiac MRI shows myocardial fibrosis early."
PAPER = "Late enhancement: cardiac MRI <script>alert(1)</script> and myocardial fibrosis"


@pytest.fixture
def round_():
    return make_round(RoundState.RANKING)


@pytest.fixture
def offer(round_):
    mentor = make_mentor(unit=round_.unit, interests_en="", interests_zh="")
    PublicationFactory.create(mentor=mentor, title=PAPER, abstract="")
    return make_offer(round_, mentor, title_zh="影像", title_en="Imaging")


@pytest.fixture
def one(round_, offer):
    make_offer(round_, make_mentor(unit=round_.unit), title_zh="结石", title_en="Stones")
    found = make_list(round_, [], submitted=False, statement=STATEMENT)
    compute_affinity(round_)
    return found


def signed_in(participant):
    person = participant.student.person
    person.language = "en"
    person.save()
    client = Client()
    client.force_login(person)
    return client


def page_of(participant, offer):
    return (
        signed_in(participant)
        .get(reverse("selection:offer", args=[offer.public_id]))
        .content.decode()
    )


def joined(parts):
    return "".join(part.text for part in parts)


def test_both_texts_stand_whole_with_the_shared_terms_marked(one, offer):
    nearest = side_by_side(one, offer)[0]

    assert (joined(nearest.own), joined(nearest.other)) == (STATEMENT, PAPER)
    assert (nearest.kind, nearest.title) == ("paper", PAPER)
    for side in (nearest.own, nearest.other):
        shown = {part.text.lower() for part in side if part.marked}
        assert {"cardiac mri", "myocardial fibrosis"} <= shown


def test_across_languages_the_nearest_sentences_are_quoted(one, offer):
    Publication.objects.filter(title=PAPER).update(
        title="心脏磁共振",
        abstract="我们观察了二百名患者。心脏磁共振可以早期发现心肌纤维化。随访三年。",
    )
    compute_affinity(one.round)

    nearest = side_by_side(one, offer)[0]

    assert nearest.own_sentence == "Cardiac MRI shows myocardial fibrosis early."
    assert nearest.other_sentence == "心脏磁共振可以早期发现心肌纤维化。"
    assert nearest.other_sentence in page_of(one, offer)


def test_in_one_language_the_marks_are_enough(one, offer):
    assert side_by_side(one, offer)[0].own_sentence == ""


def test_a_text_that_changed_is_not_shown_as_if_it_had_been_compared(one, offer):
    Publication.objects.filter(title=PAPER).update(abstract="Now about something else.")

    nearest = side_by_side(one, offer)[0]
    html = page_of(one, offer)

    assert (nearest.own, nearest.other, nearest.own_sentence) == ((), (), "")
    assert "has changed since affinity was computed" in html


def test_the_page_escapes_both_sides(one, offer):
    html = page_of(one, offer)

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "<mark>myocardial fibrosis</mark>" in html
    assert "Too little to judge" in html
    assert "Shared words" in html
    assert find_faults(html) == []


def test_marks_never_overlap_and_lose_nothing():
    (line,) = marked("T cell therapy, CAR-T cell", ["t cell", "cell therapy", "car t"])

    assert joined(line) == "T cell therapy, CAR-T cell"
    assert line == [
        Part("T cell therapy", marked=True),
        Part(", "),
        Part("CAR-T cell", marked=True),
    ]


def test_folded_letters_are_marked_as_they_were_written():
    (line,) = marked("胸部ＣＴ筛查", ["ct"])

    assert line == [Part("胸部"), Part("ＣＴ", marked=True), Part("筛查")]


def test_a_long_text_keeps_its_beginning_and_what_is_shared():
    filler = "Nothing of this is shared. " * 40
    text = f"It begins here. {filler}The heart is shared. {filler}"

    shown = joined(excerpt(text, ["heart"]))

    assert shown == "It begins here. … The heart is shared. …"
    assert len(joined(excerpt("a" * 5000, []))) <= WHOLE_UP_TO + 2


def test_a_mentor_reads_shared_words_and_papers_without_rank(one, offer):
    with translation.override("en"):
        shared = shared_with(one, [offer])

    assert "cardiac mri" in shared.terms
    assert shared.nearest == (f"Nearest to the statement: “{PAPER}”.",)
    assert not shared.words_alone
    assert not {"rank", "above", "score"} & set(dir(shared))


def test_a_page_computed_from_words_alone_says_so(one, offer, round_):
    compute_affinity(round_, load=lambda: None)
    client = signed_in(one)

    for name, keys in (("find", []), ("offer", [offer.public_id]), ("how-affinity", [])):
        html = client.get(reverse(f"selection:{name}", args=keys)).content.decode()
        assert "no text model was at hand" in html
    assert shared_with(one, [offer]).words_alone


def test_equal_nearness_is_said_and_not_drawn(round_):
    twins = [
        make_offer(round_, make_mentor(unit=round_.unit, interests_en="", interests_zh=""))
        for _ in range(2)
    ]
    for twin in twins:
        twin.title_zh, twin.title_en, twin.description_zh, twin.description_en = "甲", "A", "", ""
        twin.save()
    found = make_list(round_, [], submitted=False, statement="Cardiac MRI")
    compute_affinity(round_)

    html = signed_in(found).get(reverse("selection:find")).content.decode()

    assert "ranks none of them" in html
    assert "No. 1" not in html


def test_what_is_no_nearer_than_unrelated_texts_is_not_called_near(one, offer):
    one.affinity_scores.filter(offer=offer).update(channels={"meaning": -0.2, "words": 0.1})

    html = page_of(one, offer)

    assert "no nearer to this offer than texts on unrelated subjects" in html
    assert "Nearest to" not in html
    assert shared_with(one, [offer]).nearest == ()
