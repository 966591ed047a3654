"""What mentors and teams offer in a round."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.mentorship.services import quota
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.selection.enums import OFFER_TRANSITIONS, OfferKind, OfferState, RoundState, Stage
from cotutelle.selection.models import Offer, Round
from cotutelle.selection.services._common import (
    FIND_URL,
    all_or_nothing,
    names,
    offer_names,
    require_authority,
    require_state,
    stale,
    transition,
)
from cotutelle.selection.services.holds import answer_of, settle_hold
from cotutelle.selection.services.search_index import index_offers

_YEARS_OF_TRAINING = 3
_STARTS = (9, 1)


@dataclass(frozen=True, slots=True)
class OfferData:
    """What somebody types about an offer."""

    title_zh: str
    places: int
    track: str
    title_en: str = ""
    kind: str = OfferKind.DIRECTION
    description_zh: str = ""
    description_en: str = ""
    requirements_zh: str = ""
    requirements_en: str = ""
    routes: Sequence[str] = field(default_factory=tuple)
    degree_types: Sequence[str] = field(default_factory=tuple)
    discipline: str = ""
    number: str = ""


_FIELDS = tuple(name for name in OfferData.__slots__ if name != "number")


@transaction.atomic
def save_offer(
    round_: Round,
    data: OfferData,
    *,
    actor: Person,
    mentor: Mentor | None = None,
    team: Team | None = None,
    offer: Offer | None = None,
    on_behalf_of: Person | None = None,
) -> Offer:
    """
    Write an offer of ``mentor`` or ``team``, or change ``offer``; new ones are drafts.

    Changing the places of an open offer moves what is held. Refuses with ``round.state``,
    ``offer.owner``, ``offer.team`` (a second mentor is one person), ``offer.title``,
    ``offer.places``, ``offer.number``, ``offer.state`` and ``quota.short``.
    """
    require_state(round_, RoundState.DRAFT, RoundState.RANKING)
    if offer is None:
        if (mentor is None) == (team is None):
            raise RuleViolation("offer.owner", _("An offer is one mentor's or one team's."))
        if team is not None and round_.stage == Stage.SECOND:
            raise RuleViolation(
                "offer.team", _("A second mentor is one person: teams offer nothing here.")
            )
        owner = mentor or team
        assert owner is not None  # noqa: S101  one of the two, see above
        offer = Offer(round=round_, mentor=mentor, team=team, unit=owner.unit)
    check(on_behalf_of or actor, "selection.write_offer", offer)
    require_authority(actor, on_behalf_of, action="selection.offer.saved", subject=round_)
    before = {name: getattr(offer, name) for name in _FIELDS} if offer.pk else None
    _fill(offer, data)
    if offer.state == OfferState.OPEN:
        settle_hold(answer_of(offer), actor=actor)
    after = {name: getattr(offer, name) for name in _FIELDS}
    if before != after:
        record(
            "selection.offer.saved",
            actor=actor,
            subject=offer,
            before=before,
            after=after,
            on_behalf_of=on_behalf_of,
        )
    index_offers([offer])
    return offer


def _fill(offer: Offer, data: OfferData) -> None:
    if not data.title_zh.strip() and not data.title_en.strip():
        raise RuleViolation("offer.title", _("Give the offer a title."), field="title_zh")
    if data.places < 1:
        raise RuleViolation("offer.places", _("At least one place."), field="places")
    if offer.state == OfferState.WITHDRAWN:
        raise RuleViolation("offer.state", _("A withdrawn offer is first made a draft again."))
    for name in _FIELDS:
        value = getattr(data, name)
        setattr(offer, name, value.strip() if isinstance(value, str) else value)
    offer.routes, offer.degree_types = list(data.routes), list(data.degree_types)
    offer.places_min = min(offer.places_min, offer.places)
    offer.number = data.number.strip() or offer.number or _next_number(offer)
    try:
        with transaction.atomic():
            offer.save()
    except IntegrityError as error:
        raise RuleViolation(
            "offer.number", _("The round has an offer of this number."), field="number"
        ) from error


def _next_number(offer: Offer) -> str:
    """Number within the mentor or team: two hands at once differ, or the constraint decides."""
    owner = offer.node_id.upper()
    rows = Offer.objects.filter(round_id=offer.round_id, **offer.node)
    taken = set(rows.values_list("number", flat=True))
    return next(f"{owner}-{n}" for n in range(1, len(taken) + 2) if f"{owner}-{n}" not in taken)


def offer_warnings(offer: Offer) -> list[str]:
    """Return what the mentor should know before opening: retirement within the training."""
    end = dt.date(offer.round.cohort.year + _YEARS_OF_TRAINING, *_STARTS)
    return [
        _("%(mentor)s retires on %(day)s, before students of this round finish.")
        % {"mentor": mentor.display_name, "day": mentor.retires_on}
        for mentor in offer.supervisors
        if mentor.retires_on and mentor.retires_on < end
    ]


def open_offer(offer: Offer, *, actor: Person, on_behalf_of: Person | None = None) -> Offer:
    """
    Let students choose the offer; its places are held on every supervisor's account.

    Refuses with ``round.state``, ``offer.transition``, ``offer.stale``, ``offer.retired`` (the
    mentor retires before the cohort begins), ``quota.suspended`` and ``quota.short``.
    """
    check(on_behalf_of or actor, "selection.write_offer", offer)
    with all_or_nothing(offer):
        require_authority(actor, on_behalf_of, action="selection.offer.opened", subject=offer)
        require_state(offer.round, RoundState.DRAFT, RoundState.RANKING)
        start = max(dt.date(offer.round.cohort.year, *_STARTS), today())
        for mentor in offer.supervisors:
            quota.require_eligible(mentor, offer.round.quota_year)
            if mentor.is_archived or (mentor.retires_on and mentor.retires_on <= start):
                raise RuleViolation(
                    "offer.retired",
                    _("%(mentor)s will have retired when the students begin.")
                    % {"mentor": mentor.display_name},
                )
        _move(offer, OfferState.OPEN)
        settle_hold(answer_of(offer), actor=actor)
        record("selection.offer.opened", actor=actor, subject=offer, on_behalf_of=on_behalf_of,
               after={"state": OfferState.OPEN, "places": offer.places})  # fmt: skip
    return offer


@transaction.atomic
def close_offer(offer: Offer, *, actor: Person, on_behalf_of: Person | None = None) -> Offer:
    """Make an open or withdrawn offer a draft again; students who chose it are told."""
    return _leave(offer, OfferState.DRAFT, "selection.offer.closed", actor, on_behalf_of)


@transaction.atomic
def withdraw_offer(offer: Offer, *, actor: Person, on_behalf_of: Person | None = None) -> Offer:
    """
    Take an offer out of the round; its places return and students who chose it are told.

    Refuses with ``round.state``, ``offer.transition`` and ``offer.stale``.
    """
    return _leave(offer, OfferState.WITHDRAWN, "selection.offer.withdrawn", actor, on_behalf_of)


def _leave(
    offer: Offer, to: OfferState, action: str, actor: Person, on_behalf_of: Person | None
) -> Offer:
    check(on_behalf_of or actor, "selection.write_offer", offer)
    require_authority(actor, on_behalf_of, action=action, subject=offer)
    require_state(offer.round, RoundState.DRAFT, RoundState.RANKING)
    seen = OfferState(offer.state)
    _move(offer, to)
    if seen == OfferState.OPEN:
        settle_hold(answer_of(offer), actor=actor)
        chosen = offer.preferences.select_related("participant__student__person")
        notify(
            [p.participant.student.person for p in chosen],
            "selection.offer_withdrawn",
            params={"offer": offer_names(offer), "round": names(offer.round)},
            url=FIND_URL,
            unit=offer.round.unit,
        )
    record(action, actor=actor, subject=offer, on_behalf_of=on_behalf_of,
           before={"state": seen}, after={"state": to})  # fmt: skip
    return offer


def _move(offer: Offer, to: OfferState) -> None:
    seen = OfferState(offer.state)
    if to not in OFFER_TRANSITIONS[seen]:
        raise transition("offer", seen, to)
    if Offer.objects.filter(pk=offer.pk, state=seen).update(state=to) != 1:
        raise stale("offer")
    offer.state = to


@dataclass(frozen=True, slots=True)
class Bulk:
    """What became of many offers: how many moved, and why the others did not."""

    done: int
    refused: Sequence[tuple[Offer, str]]


def open_offers(offers: Iterable[Offer], *, actor: Person) -> Bulk:
    """Open many offers; each that cannot be opened is named with its reason."""
    return _each(offers, lambda offer: open_offer(offer, actor=actor))


def withdraw_offers(offers: Iterable[Offer], *, actor: Person) -> Bulk:
    """Withdraw many offers; each that cannot be withdrawn is named with its reason."""
    return _each(offers, lambda offer: withdraw_offer(offer, actor=actor))


def _each(offers: Iterable[Offer], act: Callable[[Offer], Offer]) -> Bulk:
    done, refused = 0, []
    with transaction.atomic():
        for offer in offers:
            try:
                act(offer)
            except RuleViolation as violation:
                refused.append((offer, str(violation)))
            else:
                done += 1
    return Bulk(done, refused)
