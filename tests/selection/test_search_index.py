"""Offers are found in both languages, by words, parts of words, pinyin and papers."""

from __future__ import annotations

import pytest

from cotutelle.selection.models import Offer
from cotutelle.selection.services.search_index import cut, find_offers, index_offers
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import PublicationFactory, TeamFactory, make_mentor
from tests.factories.selection import make_offer, make_round


def test_cut_keeps_long_words_and_the_words_inside_them():
    words = cut("中国科学院 Cardiac-MRI，心脏")

    assert {"中国科学院", "科学院", "科学", "cardiac-mri", "心脏"} <= set(words)


@pytest.fixture
def round_(db):
    return make_round()


@pytest.fixture
def offers(round_):
    mentor = make_mentor(
        unit=UnitFactory.create(name_zh="第一附属医院", name_en="First Affiliated Hospital"),
        person__name_zh="赵明珂",
        person__name_en="Zhao Mingke",
    )
    PublicationFactory.create(mentor=mentor, title="Late gadolinium enhancement in fibrosis")
    heart = make_offer(
        round_, mentor, title_zh="心脏磁共振影像组学", title_en="Cardiac MRI radiomics"
    )
    lung = make_offer(round_, title_zh="肺癌早期筛查", title_en="Early screening of lung cancer")
    index_offers(Offer.objects.filter(round=round_))
    return heart, lung


@pytest.mark.parametrize(
    "asked",
    [
        "心脏",
        "磁共振 影像",
        "组学",
        "cardiac mri",
        "CARDIAC",
        "radio",
        "ＭＲＩ",
        "赵明珂",
        "zhaoming",
        "zhao mingke",
        "第一附属医院",
        "affiliated",
        "gadolinium",
    ],
)
def test_finds_the_offer(offers, asked):
    assert list(find_offers(Offer.objects.all(), asked)) == [offers[0]]


def test_every_word_must_be_found(offers):
    assert not find_offers(Offer.objects.all(), "心脏 结石").exists()


@pytest.mark.parametrize("asked", ["'", "& | !", "%", "_", "\\", ":*"])
def test_signs_of_the_query_language_are_only_signs(offers, asked):
    assert not find_offers(Offer.objects.all(), asked).exists()


def test_both_mentors_of_a_team_are_found(round_):
    team = TeamFactory.create(unit=round_.unit)
    team.second.person.name_zh = "李文皓"
    team.second.person.save()
    offer = make_offer(round_, team=team)
    index_offers([offer])

    assert list(find_offers(Offer.objects.all(), "liwenhao")) == [offer]


def test_numbers_and_addresses_of_people_are_not_searched(offers):
    person = offers[0].mentor.person

    assert not find_offers(Offer.objects.all(), person.email).exists()


def test_hundreds_of_offers_take_few_queries(round_, django_assert_max_num_queries):
    mentor = make_mentor(unit=round_.unit)
    for n in range(12):
        make_offer(round_, mentor, title_zh=f"题目{n}")

    with django_assert_max_num_queries(14):
        assert index_offers(Offer.objects.filter(round=round_)) == 12
