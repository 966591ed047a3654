"""What mentors and teams offer in a round."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.rounds import named_round
from cotutelle.api.v1.values import (
    Id,
    In,
    LongText,
    Named,
    Out,
    Places,
    SearchQuery,
    Text40,
    Text100,
    Text200,
    Text300,
    named,
    sent,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.enums import Track
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.mentorship.queries import mentors_visible_to, teams_visible_to
from cotutelle.people.validators import fold
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import OfferKind, OfferState
from cotutelle.selection.models import Offer
from cotutelle.selection.queries.visibility import offers_visible_to
from cotutelle.selection.services.offers import (
    OfferData,
    close_offer,
    open_offer,
    save_offer,
    withdraw_offer,
)

room = Room("offers")
Routes = Annotated[list[Route], Field(max_length=10)]
Degrees = Annotated[list[DegreeType], Field(max_length=10)]


class OfferOut(Out):
    """Places of a mentor, or of a fixed team of two."""

    id: UUID
    round: UUID
    number: str
    title: str
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    requirements_zh: str
    requirements_en: str
    kind: OfferKind
    track: Track
    unit: Named
    mentors: list[Named]
    team: UUID | None
    places: int
    routes: list[Route]
    degree_types: list[DegreeType]
    discipline: str
    state: OfferState


class OfferChange(In):
    """What somebody writes about an offer."""

    title_zh: Text200 = ""
    title_en: Text300 = ""
    description_zh: LongText = ""
    description_en: LongText = ""
    requirements_zh: LongText = ""
    requirements_en: LongText = ""
    kind: OfferKind = OfferKind.DIRECTION
    track: Track = Track.BOTH
    places: Places = 1
    routes: Routes = []
    degree_types: Degrees = []
    discipline: Text100 = ""
    number: Text40 = ""


class OfferNew(OfferChange):
    """An offer of one mentor or of one team; it starts as a draft."""

    round: Id
    mentor: Id | None = None
    team: Id | None = None
    track: Track
    places: Places


class OfferQuery(SearchQuery):
    """Which offers."""

    round: Id | Literal[""] = ""
    state: OfferState | Literal[""] = ""


def _show(offer: Offer) -> OfferOut:
    return OfferOut(
        id=offer.public_id,
        round=offer.round.public_id,
        number=offer.number,
        title=offer.title,
        title_zh=offer.title_zh,
        title_en=offer.title_en,
        description_zh=offer.description_zh,
        description_en=offer.description_en,
        requirements_zh=offer.requirements_zh,
        requirements_en=offer.requirements_en,
        kind=OfferKind(offer.kind),
        track=Track(offer.track),
        unit=named(offer.unit),
        mentors=[named(mentor) for mentor in offer.supervisors],
        team=offer.team.public_id if offer.team else None,
        places=offer.places,
        routes=[Route(r) for r in offer.routes],
        degree_types=[DegreeType(d) for d in offer.degree_types],
        discipline=offer.discipline,
        state=OfferState(offer.state),
    )


@room.get("/offers", Page[OfferOut], permission="selection.view_rounds")
def list_offers(request: ApiRequest, query: Query[OfferQuery]) -> Page[OfferOut]:
    """List offers: the open ones of one's rounds, and all one answers for."""
    rows = offers_visible_to(request.person)
    if query.round:
        rows = rows.filter(round__public_id=query.round)
    if query.state:
        rows = rows.filter(state=query.state)
    for word in fold(query.q).split():
        rows = rows.filter(search_text__contains=word)
    return page_of(rows, query, _show)


@room.post("/offers", OfferOut, permission="selection.write_offer")
def create_an_offer(request: ApiRequest, body: OfferNew) -> OfferOut:
    """Write a new offer as a draft."""
    round_ = named_round(request, body.round)
    offer = save_offer(
        round_,
        _data(None, body),
        mentor=_mentor(request, body.mentor),
        team=_team(request, body.team),
        actor=request.person,
    )
    set_header(request, "Location", f"/api/v1/offers/{offer.public_id}")
    show_version(request, offer)
    return _show(offer)


@room.get("/offers/{uuid:offer_id}", OfferOut, permission="selection.view_rounds")
def get_offer(request: ApiRequest, offer_id: UUID) -> OfferOut:
    """Read an offer."""
    offer = _find(request, offer_id)
    show_version(request, offer)
    return _show(offer)


@room.change("/offers/{uuid:offer_id}", OfferOut, permission="selection.write_offer")
def change_offer(request: ApiRequest, offer_id: UUID, body: OfferChange) -> OfferOut:
    """Change an offer; other places of an open one move what is held."""
    offer = require_version(request, _find(request, offer_id))
    offer = save_offer(offer.round, _data(offer, body), offer=offer, actor=request.person)
    show_version(request, offer)
    return _show(offer)


@room.act("/offers/{uuid:offer_id}/open", OfferOut, permission="selection.write_offer")
def open_an_offer(request: ApiRequest, offer_id: UUID) -> OfferOut:
    """Open an offer to students; its places are held on the quota account."""
    return _moved(request, offer_id, open_offer)


@room.act("/offers/{uuid:offer_id}/close", OfferOut, permission="selection.write_offer")
def close_an_offer(request: ApiRequest, offer_id: UUID) -> OfferOut:
    """Make an offer a draft again; students who chose it are told."""
    return _moved(request, offer_id, close_offer)


@room.act("/offers/{uuid:offer_id}/withdraw", OfferOut, permission="selection.write_offer")
def withdraw_an_offer(request: ApiRequest, offer_id: UUID) -> OfferOut:
    """Take an offer out of the round; its places return."""
    return _moved(request, offer_id, withdraw_offer)


def _moved(request: ApiRequest, offer_id: UUID, act: Any) -> OfferOut:
    offer = act(require_version(request, _find(request, offer_id)), actor=request.person)
    show_version(request, offer)
    return _show(offer)


def _find(request: ApiRequest, offer_id: UUID) -> Offer:
    rows = offers_visible_to(request.person).select_related("round__unit", "round__policy")
    return get_object_or_404(rows, public_id=offer_id)


def _data(offer: Offer | None, body: OfferChange) -> OfferData:
    """Join what was sent with what the offer says already."""
    names = OfferData.__slots__
    before = {name: getattr(offer, name) for name in names} if offer else {}
    after = {name: value for name, value in sent(body).items() if name in names}
    if offer is None:
        after = {name: getattr(body, name) for name in names}
    values: dict[str, Any] = before | after
    for name in ("routes", "degree_types"):
        values[name] = tuple(values[name])
    return OfferData(**values)


def _mentor(request: ApiRequest, public_id: UUID | None) -> Mentor | None:
    if public_id is None:
        return None
    found: Mentor | None = mentors_visible_to(request.person).filter(public_id=public_id).first()
    if found is None:
        raise RuleViolation(
            "mentor.unknown", _("There is no such mentor."), status=422, field="mentor"
        )
    return found


def _team(request: ApiRequest, public_id: UUID | None) -> Team | None:
    if public_id is None:
        return None
    found: Team | None = teams_visible_to(request.person).filter(public_id=public_id).first()
    if found is None:
        raise RuleViolation("team.unknown", _("There is no such team."), status=422, field="team")
    return found
