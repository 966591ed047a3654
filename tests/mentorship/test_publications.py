from __future__ import annotations

import json

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.mentorship import services
from cotutelle.mentorship.services.publication_formats import (
    clean_doi,
    guess_format,
    read_publications,
)
from tests.factories.mentorship import MentorFactory

BIB = """
@article{a, title={Deep {MRI} of the {\\"O}sophagus}, author={Li, Ming and Wang, Fang},
 journal={Radiology}, year=2023, doi={10.1000/ABC.1}, month=jan}
@inproceedings{b, title={Second work}, booktitle={MICCAI}, year={2022}}
"""
RIS = """TY  - JOUR
TI  - A trial of screening
AU  - Zhao, Lei
JO  - Lancet
PY  - 2021
DO  - 10.1000/xyz
AB  - We screened.
ER  -
"""
WORKS = {
    "results": [
        {
            "title": "Graphs of <i>cells</i>",
            "publication_year": 2020,
            "doi": "https://doi.org/10.1000/Graph",
            "authorships": [{"author": {"display_name": "Ming Li"}}],
            "primary_location": {"source": {"display_name": "Nature"}},
            "abstract_inverted_index": {
                "cells": [1],
                "We": [0],
                "count": [2],
                "again": [4],
                "and": [3],
            },
        },
        {"title": None, "abstract_inverted_index": None, "primary_location": None},
    ]
}


def test_bibtex_gives_titles_authors_and_doi():
    first, second = read_publications(BIB)

    assert first.title == "Deep MRI of the Ösophagus"
    assert (first.authors, first.venue, first.year) == ("Li, Ming; Wang, Fang", "Radiology", 2023)
    assert first.doi == "10.1000/abc.1"
    assert (second.venue, second.year) == ("MICCAI", 2022)


def test_ris_gives_the_abstract():
    (found,) = read_publications(RIS)

    assert (found.title, found.abstract, found.year) == (
        "A trial of screening",
        "We screened.",
        2021,
    )
    assert (found.venue, found.doi) == ("Lancet", "10.1000/xyz")


def test_openalex_rebuilds_the_abstract_and_leaves_out_works_without_title():
    (found,) = read_publications(json.dumps(WORKS))

    assert found.title == "Graphs of cells"
    assert found.abstract == "We cells count and again"
    assert (found.doi, found.venue, found.authors) == ("10.1000/graph", "Nature", "Ming Li")


@pytest.mark.django_db
def test_what_json_can_write_and_no_database_keep_is_left_out():
    mentor = MentorFactory.create()
    text = r'[{"title": "Half a character \ud800 and\u0000 none", "abstract_inverted_index": {"\udfff": [0]}}]'

    assert services.add_publications(mentor, text, "openalex", actor=mentor.person) == 1
    assert mentor.publications.get().title == "Half a character and none"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("One title\nAnother title", ["One title", "Another title"]),
        ("[1] 肺癌早筛研究. 2023\n[2] 影像组学", ["肺癌早筛研究. 2023", "影像组学"]),
        ("Title A\nabstract of a\n\nTitle B\nabstract of b", ["Title A", "Title B"]),
        ("Same\nsame.\nSAME", ["Same"]),
    ],
)
def test_pasted_lines_and_blocks(text, titles):
    assert [f.title for f in read_publications(text)] == titles


def test_a_pasted_doi_is_taken_out_of_the_title():
    (found,) = read_publications("Screening of lungs. https://doi.org/10.1000/Lung.7.")

    assert (found.title, found.doi) == ("Screening of lungs", "10.1000/lung.7")


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        (BIB, "bibtex"),
        (RIS, "ris"),
        (json.dumps(WORKS), "openalex"),
        ("Title", "paste"),
        ("[1] T", "paste"),
    ],
)
def test_formats_are_recognised(text, fmt):
    assert guess_format(text) == fmt


@pytest.mark.parametrize("text", ['{"results": 3}', "{not json", '{"results": [1, 2]}'])
def test_a_broken_file_is_refused_in_words(text):
    with pytest.raises(RuleViolation) as refusal:
        read_publications(text, "openalex")

    assert refusal.value.code == "publications.unreadable"


def test_an_empty_text_is_refused():
    with pytest.raises(RuleViolation) as refusal:
        read_publications("   \n ")

    assert refusal.value.code == "publications.none"


def test_clean_doi_reads_links_and_leaves_other_text():
    assert clean_doi("doi: 10.1000/a(1)b, 2020") == "10.1000/a(1)b"
    assert clean_doi("no identifier") == ""


@pytest.mark.django_db
def test_duplicates_by_doi_and_by_title_are_shown_and_left_out():
    mentor = MentorFactory.create()
    services.add_publications(mentor, "A trial of Screening", actor=mentor.person)

    (candidate,) = services.preview_publications(mentor, RIS)
    assert candidate.is_known
    assert services.add_publications(mentor, RIS, actor=mentor.person) == 0
    assert services.add_publications(mentor, BIB, actor=mentor.person) == 2
    assert (
        services.add_publications(mentor, BIB.replace("Second", "SECOND"), actor=mentor.person) == 0
    )


@pytest.mark.django_db
def test_only_picked_ones_are_added_and_strangers_add_nothing():
    mentor, stranger = MentorFactory.create_batch(2)
    first, _second = services.preview_publications(mentor, BIB)

    assert services.add_publications(mentor, BIB, only={first.key}, actor=mentor.person) == 1
    with pytest.raises(Refused):
        services.add_publications(mentor, "X", actor=stranger.person)


@pytest.mark.django_db
def test_remove_takes_only_the_mentors_own():
    mentor, other = MentorFactory.create_batch(2)
    services.add_publications(other, "Theirs", actor=other.person)

    with pytest.raises(RuleViolation):
        services.remove_publications(mentor, [other.publications.get().pk], actor=mentor.person)

    assert other.publications.count() == 1
