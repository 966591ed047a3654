"""Mentors and what they published."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import (
    NO_NUL,
    In,
    LongText,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text100,
    named,
    sent,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.mentorship.enums import MentorCategory, MentorTitle, Track
from cotutelle.mentorship.models import Mentor, Publication
from cotutelle.mentorship.queries import mentors_visible_to, search_mentors
from cotutelle.mentorship.services import add_publications, edit_profile

room = Room("mentors")
Web = Annotated[str, Field(max_length=200, pattern=r"^$|^https?://[^\s\u0000]+$")]
Pasted = Annotated[str, Field(min_length=1, max_length=500_000, pattern=NO_NUL)]


class MentorOut(Out):
    """Somebody appointed to supervise."""

    id: UUID
    person: Named
    unit: Named
    category: MentorCategory
    title: MentorTitle
    track: Track
    discipline: str
    interests_zh: str
    interests_en: str
    bio_zh: str
    bio_en: str
    homepage: str
    retires_on: dt.date | None
    is_archived: bool


class MentorChange(In):
    """What a mentor says about themselves."""

    discipline: Text100 = ""
    interests_zh: LongText = ""
    interests_en: LongText = ""
    bio_zh: LongText = ""
    bio_en: LongText = ""
    homepage: Web = ""


class MentorQuery(SearchQuery):
    """Which mentors."""

    track: Track | Literal[""] = ""


class PublicationOut(Out):
    """A paper or project."""

    title: str
    authors: str
    venue: str
    year: int | None
    doi: str
    abstract: str
    source: str


class PublicationsNew(In):
    """Publications as copied from somewhere; the format is guessed when it is empty."""

    text: Pasted
    format: Literal["", "paste", "bibtex", "ris", "openalex"] = ""


class Added(Out):
    """How many are new."""

    added: int


def _show(mentor: Mentor) -> MentorOut:
    return MentorOut(
        id=mentor.public_id,
        person=named(mentor.person),
        unit=named(mentor.unit),
        category=MentorCategory(mentor.category),
        title=MentorTitle(mentor.title),
        track=Track(mentor.track),
        discipline=mentor.discipline,
        interests_zh=mentor.interests_zh,
        interests_en=mentor.interests_en,
        bio_zh=mentor.bio_zh,
        bio_en=mentor.bio_en,
        homepage=mentor.homepage,
        retires_on=mentor.retires_on,
        is_archived=mentor.is_archived,
    )


def _publication(row: Publication) -> PublicationOut:
    return PublicationOut(
        title=row.title,
        authors=row.authors,
        venue=row.venue,
        year=row.year,
        doi=row.doi,
        abstract=row.abstract,
        source=row.source,
    )


@room.get("/mentors", Page[MentorOut], permission="mentorship.view_mentors")
def list_mentors(request: ApiRequest, query: Query[MentorQuery]) -> Page[MentorOut]:
    """List mentors; `q` looks into names, disciplines and interests."""
    rows = search_mentors(mentors_visible_to(request.person), query.q)
    if query.track:
        rows = rows.filter(track=query.track)
    return page_of(rows, query, _show)


@room.get("/mentors/{uuid:mentor_id}", MentorOut, permission="mentorship.view_mentors")
def get_mentor(request: ApiRequest, mentor_id: UUID) -> MentorOut:
    """Read a mentor."""
    mentor = _find(request, mentor_id)
    show_version(request, mentor)
    return _show(mentor)


@room.change("/mentors/{uuid:mentor_id}", MentorOut, permission="mentorship.change_mentor")
def change_mentor(request: ApiRequest, mentor_id: UUID, body: MentorChange) -> MentorOut:
    """Change the profile: the mentor, or an office of the unit."""
    mentor = require_version(request, _find(request, mentor_id))
    edit_profile(mentor, sent(body), actor=request.person)
    show_version(request, mentor)
    return _show(mentor)


@room.get(
    "/mentors/{uuid:mentor_id}/publications",
    Page[PublicationOut],
    permission="mentorship.view_mentors",
)
def list_publications(
    request: ApiRequest, mentor_id: UUID, query: Query[PageQuery]
) -> Page[PublicationOut]:
    """List what a mentor published."""
    return page_of(_find(request, mentor_id).publications.all(), query, _publication)


@room.post("/mentors/{uuid:mentor_id}/publications", Added, permission="mentorship.change_mentor")
def add_some_publications(request: ApiRequest, mentor_id: UUID, body: PublicationsNew) -> Added:
    """Add publications; those known by DOI or title are left out."""
    mentor = _find(request, mentor_id)
    return Added(added=add_publications(mentor, body.text, body.format, actor=request.person))


def _find(request: ApiRequest, mentor_id: UUID) -> Mentor:
    return get_object_or_404(mentors_visible_to(request.person), public_id=mentor_id)
