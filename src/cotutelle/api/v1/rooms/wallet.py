"""What a holder gives away: bundles, links and transcripts."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import NO_NUL, Id, In, Json, Out, PageQuery
from cotutelle.api.v1.versions import require_version
from cotutelle.core.access import SIGNED_IN
from cotutelle.credentials.models import Credential, Share
from cotutelle.credentials.queries.bundles import bundle_of, shown_in
from cotutelle.credentials.queries.credentials import credentials_visible_to
from cotutelle.credentials.queries.shares import shares_of
from cotutelle.credentials.services.papers import verify_link
from cotutelle.credentials.services.shares import DAYS, MOST_DAYS, end_share, make_share
from cotutelle.credentials.services.transcripts import MOST, make_transcript

room = Room("wallet")
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]
Title = Annotated[str, Field(max_length=150, pattern=NO_NUL)]


class BundleOut(Out):
    """Everything a check needs; `bundle` is the content of a .cotutelle.json file."""

    id: UUID
    bundle: Json


class ShareOut(Out):
    """A link; `link` opens until `expires_at` or until it is ended."""

    id: UUID
    credential: UUID
    title: str
    link: str
    events: int
    is_paper: bool
    made_at: dt.datetime
    expires_at: dt.datetime | None
    ended_at: dt.datetime | None
    views: int


class ShareNew(In):
    """A link to one certificate."""

    days: Days = DAYS
    title: Title = ""


class TranscriptNew(In):
    """Own certificates and places in the own record to show."""

    certificates: Annotated[list[Id], Field(max_length=MOST)] = []
    events: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=MOST)] = []
    days: Days = DAYS
    title: Title = ""


def _share(row: Share) -> ShareOut:
    return ShareOut(
        id=row.public_id,
        credential=row.credential.public_id,
        title=row.title,
        link=verify_link(row),
        events=len(shown_in(row.credential)),
        is_paper=row.is_paper,
        made_at=row.made_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        views=row.views,
    )


@room.get(
    "/credentials/{uuid:credential_id}/bundle",
    BundleOut,
    permission="credentials.view_credential",
)
def get_bundle(request: ApiRequest, credential_id: UUID) -> BundleOut:
    """Read the share bundle of a certificate; without `logged` while the log has not published it."""
    rows = credentials_visible_to(request.person)
    row: Credential = get_object_or_404(rows, public_id=credential_id)
    bundle: dict[str, Any] | None = bundle_of(row)
    if bundle is None:
        raise Http404
    return BundleOut(id=row.public_id, bundle=bundle)


@room.get("/me/shares", Page[ShareOut], permission=SIGNED_IN)
def list_shares(request: ApiRequest, query: Query[PageQuery]) -> Page[ShareOut]:
    """List one's own links, newest first."""
    return page_of(shares_of(request.person), query, _share, newest_first=True)


@room.post(
    "/credentials/{uuid:credential_id}/shares",
    ShareOut,
    permission="credentials.share_credential",
)
def share_credential(request: ApiRequest, credential_id: UUID, body: ShareNew) -> ShareOut:
    """Make a link to one's own certificate."""
    rows = Credential.objects.filter(person=request.person)
    row: Credential = get_object_or_404(rows, public_id=credential_id)
    made = make_share(row, actor=request.person, days=body.days, title=body.title)
    set_header(request, "Location", "/api/v1/me/shares")
    return _share(made)


@room.post("/me/transcripts", ShareOut, permission=SIGNED_IN)
def sign_transcript(request: ApiRequest, body: TranscriptNew) -> ShareOut:
    """Have a transcript signed and make a link to it."""
    person = request.person
    wanted = list(dict.fromkeys(body.certificates))
    rows = Credential.objects.filter(person=person, public_id__in=wanted)
    own = {one.public_id: one for one in rows}
    if missing := [key for key in wanted if key not in own]:
        raise Http404(str(missing[0]))
    made = make_transcript(
        person,
        credentials=[own[key] for key in wanted],
        shown=body.events,
        actor=person,
        days=body.days,
        title=body.title,
    )
    set_header(request, "Location", "/api/v1/me/shares")
    return _share(made)


@room.act("/me/shares/{uuid:share_id}/end", ShareOut, permission=SIGNED_IN)
def end_a_share(request: ApiRequest, share_id: UUID) -> ShareOut:
    """End a link at once."""
    rows = shares_of(request.person)
    row = require_version(request, get_object_or_404(rows, public_id=share_id))
    end_share(row, actor=request.person)
    return _share(row)
