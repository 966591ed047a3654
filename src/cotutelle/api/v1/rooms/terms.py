"""Terms: what is held every week and when, planning the week, publishing it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.own import JobOut, show_job
from cotutelle.api.v1.values import Named, Out, PageQuery, named
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.rotations.enums import SeriesKind, TermState
from cotutelle.rotations.models import Series, Term
from cotutelle.rotations.queries import weekly as queries
from cotutelle.rotations.queries.weekly_words import slot_text
from cotutelle.rotations.services.weekly_planning import request_week
from cotutelle.rotations.services.weekly_publication import changes_of, publish_week

room = Room("meetings")


class TermOut(Out):
    """
    A term and how its last planning came out.

    ``placed`` of ``count`` appointments have a slot; ``is_sound`` is what the independent check
    said. All three are empty before the week was planned.
    """

    id: UUID
    name: str
    unit: Named
    starts_on: dt.date
    ends_on: dt.date
    state: TermState
    placed: int | None
    count: int | None
    is_optimal: bool | None
    is_sound: bool | None
    planned_at: dt.datetime | None
    published_at: dt.datetime | None


class SeriesOut(Out):
    """
    Something held every week of a term; ``weekday`` counts from 0 for Monday.

    Without a slot, ``weekday`` and ``starts_at`` are empty; ``when`` says it in words.
    """

    id: UUID
    name: str
    kind: SeriesKind
    weekday: int | None
    starts_at: dt.time | None
    minutes: int
    when: str
    room: Named | None
    ward: Named | None
    people: list[Named]


class SeriesChangeOut(Out):
    """How many meetings of one appointment publishing would make, move and call off."""

    series: Named
    fresh: int
    moved: int
    gone: int


class WeekReviewOut(Out):
    """What publishing the week would change now, and for how many people."""

    is_sound: bool | None
    people: int
    fresh: int
    moved: int
    gone: int
    changes: list[SeriesChangeOut]


class WeekPublicationOut(Out):
    """How many meetings were made, moved and called off; whom it concerns was told."""

    fresh: int
    moved: int
    gone: int
    term: TermOut


def _sound(row: Term) -> bool | None:
    return None if row.run is None else row.run.verdict.get("ok") is True


def _show(row: Term) -> TermOut:
    outcome = row.outcome
    return TermOut(
        id=row.public_id,
        name=row.display_name,
        unit=named(row.unit),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        state=TermState(row.state),
        placed=outcome.get("placed"),
        count=outcome.get("of"),
        is_optimal=outcome.get("is_optimal"),
        is_sound=_sound(row),
        planned_at=outcome.get("planned_at"),
        published_at=row.published_at,
    )


def _series(row: Series) -> SeriesOut:
    return SeriesOut(
        id=row.public_id,
        name=str(row),
        kind=SeriesKind(row.kind),
        weekday=row.weekday,
        starts_at=row.starts_at,
        minutes=row.minutes,
        when=slot_text(row),
        room=named(row.room) if row.room else None,
        ward=named(row.ward) if row.ward else None,
        people=[named(member.person) for member in row.members.all()],
    )


def _find(request: ApiRequest, term_id: UUID, permission: str = "") -> Term:
    """Return a term the caller may see; one of a unit above is read and not planned."""
    found: Term = get_object_or_404(queries.terms_visible_to(request.person), public_id=term_id)
    if permission:
        check(request.person, permission, found)
    return found


def _answer(request: ApiRequest, row: Term) -> TermOut:
    row = Term.objects.select_related("unit", "run").get(pk=row.pk)
    show_version(request, row)
    return _show(row)


@room.get("/terms", Page[TermOut], permission="rotations.view_terms")
def list_terms(request: ApiRequest, query: Query[PageQuery]) -> Page[TermOut]:
    """List the terms of the caller's units, newest first."""
    return page_of(queries.terms_visible_to(request.person), query, _show, newest_first=True)


@room.get("/terms/{uuid:term_id}", TermOut, permission="rotations.view_terms")
def get_term(request: ApiRequest, term_id: UUID) -> TermOut:
    """Read a term: its state, and how its last planning came out."""
    return _answer(request, _find(request, term_id))


@room.get(
    "/terms/{uuid:term_id}/series", Page[SeriesOut], permission="rotations.keep_meeting_rooms"
)
def list_series(request: ApiRequest, term_id: UUID, query: Query[PageQuery]) -> Page[SeriesOut]:
    """List what is held every week of a term, with its slot and who takes part."""
    return page_of(queries.series_of(_find(request, term_id)), query, _series)


@room.post(
    "/terms/{uuid:term_id}/computations", JobOut, permission="rotations.plan_week", status=202
)
def plan_a_week(request: ApiRequest, term_id: UUID) -> JobOut:
    """
    Plan the week of a term as a job; stopped, it keeps the best so far.

    Refuses: `term.state`, `term.empty`, `term.no_room`, `term.running`.
    """
    job = request_week(_find(request, term_id, "rotations.plan_week"), actor=request.person)
    set_header(request, "Location", f"/api/v1/jobs/{job.public_id}")
    return show_job(job)


@room.get("/terms/{uuid:term_id}/review", WeekReviewOut, permission="rotations.plan_week")
def review_a_week(request: ApiRequest, term_id: UUID) -> WeekReviewOut:
    """Read what publishing the week would change; its `ETag` is sent with the publication."""
    found = _find(request, term_id, "rotations.plan_week")
    show_version(request, found)
    changes = changes_of(found)
    counted: dict[int, list[int]] = {}
    for place, rows in enumerate((changes.fresh, changes.moved, changes.gone)):
        for row in rows:
            counted.setdefault(row.series_id, [0, 0, 0])[place] += 1
    return WeekReviewOut(
        is_sound=_sound(found),
        people=queries.people_in(changes.series),
        fresh=len(changes.fresh),
        moved=len(changes.moved),
        gone=len(changes.gone),
        changes=[
            SeriesChangeOut(series=named(one), fresh=fresh, moved=moved, gone=gone)
            for one in queries.series_of(found)
            if one.pk in counted
            for fresh, moved, gone in [counted[one.pk]]
        ],
    )


@room.act("/terms/{uuid:term_id}/publication", WeekPublicationOut, permission="rotations.plan_week")
def publish_a_week(request: ApiRequest, term_id: UUID) -> WeekPublicationOut:
    """
    Make the planned week hold: meetings to come, calendars, notices to whom it concerns.

    Refuses: `term.state`, `term.unplanned`, `term.unchanged`, `term.clash`.
    """
    found = require_version(request, _find(request, term_id, "rotations.plan_week"))
    made = publish_week(found, actor=request.person)
    return WeekPublicationOut(
        fresh=len(made.fresh),
        moved=len(made.moved),
        gone=len(made.gone),
        term=_answer(request, found),
    )
