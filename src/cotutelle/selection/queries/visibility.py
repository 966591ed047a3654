"""What each role may see of rounds, offers, lists, answers and results."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.rules import VIEWING_ROLES
from cotutelle.selection.enums import OfferState, PlacementState, RoundState
from cotutelle.selection.models import (
    Answer,
    Application,
    Objection,
    Offer,
    Override,
    Participant,
    Placement,
    PublicNotice,
    Round,
)
from cotutelle.workflow.queries import principals_of

_SHOWN = (PlacementState.PUBLISHED, PlacementState.CONFIRMED, PlacementState.VACATED)
# A place may fall vacant before anybody was told of it: the pair reads of it only once confirmed.
_OF_PAIR = Q(state__in=(PlacementState.PUBLISHED, PlacementState.CONFIRMED)) | Q(
    state=PlacementState.VACATED, confirmed_at__isnull=False
)


def names_of_rounds(public_ids: Collection[str]) -> dict[str, str]:
    """Return the names of rounds in the reader's language, by public identifier."""
    rows = Round.objects.filter(public_id__in=public_ids)
    return {str(one.public_id): one.display_name for one in rows}


def staff_units(actor: Person) -> list[Unit]:
    """Return the units on which ``actor`` holds a role of staff."""
    return [g.unit for g in actor.active_grants if g.role in VIEWING_ROLES]


def _supervised(actor: Person, prefix: str = "") -> Q:
    """Return the condition that an offer or answer is the actor's own, a team's, or a principal's."""
    people = principals_of(actor).values("pk")
    found = Q()
    for path in ("mentor", "team__first", "team__second"):
        found |= Q(**{f"{prefix}{path}__person": actor})
        found |= Q(**{f"{prefix}{path}__person__in": people})
    return found


def rounds_visible_to(actor: Person) -> QuerySet[Round]:
    """
    Return the rounds of the actor's units, those they take part in, and all for mentors.

    Students see no round in preparation.
    """
    units = staff_units(actor)
    found = below(units)
    if units:
        found |= Q(pk__in=Offer.objects.filter(below(units)).values("round"))
        found |= Q(
            pk__in=Participant.objects.filter(below(units, "student__unit__path"))
            .exclude(round__state=RoundState.DRAFT)
            .values("round")
        )
    mine = Participant.objects.filter(student__person=actor).exclude(round__state=RoundState.DRAFT)
    found |= Q(pk__in=mine.values("round"))
    if Role.MENTOR in actor.roles or principals_of(actor).exists():
        found |= ~Q(state=RoundState.CANCELLED)
    return Round.objects.filter(found).select_related("unit", "cohort", "policy")


visible_to = rounds_visible_to


def offers_visible_to(actor: Person) -> QuerySet[Offer]:
    """Return open offers of visible rounds, one's own, and all of the units one works for."""
    own = Offer.objects.filter(_supervised(actor)).values("pk")
    units = staff_units(actor)
    found = Q(pk__in=own) | below(units) | below(units, "round__unit__path")
    open_ = ~Q(state=OfferState.DRAFT) & ~Q(round__state=RoundState.DRAFT)
    found |= open_ & Q(round__in=rounds_visible_to(actor).values("pk"))
    return Offer.objects.filter(found).select_related(
        "round", "unit", "mentor__person", "team__first__person", "team__second__person"
    )


def own_offers(actor: Person) -> QuerySet[Offer]:
    """Return the offers the actor supervises, alone, in a team, or for somebody."""
    return Offer.objects.filter(pk__in=Offer.objects.filter(_supervised(actor)).values("pk"))


def participants_visible_to(actor: Person) -> QuerySet[Participant]:
    """Return the actor's own participation and those of the students of their units."""
    units = staff_units(actor)
    found = Q(student__person=actor) & ~Q(round__state=RoundState.DRAFT)
    found |= below(units, "round__unit__path") | below(units, "student__unit__path")
    return Participant.objects.filter(found).select_related(
        "round", "student__person", "student__unit"
    )


def answers_visible_to(actor: Person) -> QuerySet[Answer]:
    """Return one's own answers, those one stands in for, and those of the units one works for."""
    own = Answer.objects.filter(_supervised(actor)).values("pk")
    units = staff_units(actor)
    found = Q(pk__in=own) | below(units, "round__unit__path")
    found |= below(units, "mentor__unit__path") | below(units, "team__unit__path")
    return Answer.objects.filter(found).select_related(
        "round__policy",
        "mentor__person",
        "mentor__unit",
        "team__first__person",
        "team__second__person",
        "team__unit",
    )


def own_answers(actor: Person) -> QuerySet[Answer]:
    """Return the answers the actor writes, alone, in a team, or for somebody."""
    own = Answer.objects.filter(_supervised(actor)).values("pk")
    return answers_visible_to(actor).filter(pk__in=own)


def placements_visible_to(actor: Person) -> QuerySet[Placement]:
    """Return results: proposed ones for staff alone, published ones also for the pair."""
    units = staff_units(actor)
    supervised = Offer.objects.filter(_supervised(actor)).values("pk")
    pair = Q(participant__student__person=actor) | Q(offer__in=supervised)
    found = pair & _OF_PAIR
    found |= below(units, "round__unit__path")
    found |= Q(state__in=_SHOWN) & (
        below(units, "participant__student__unit__path") | below(units, "offer__unit__path")
    )
    return Placement.objects.filter(found).select_related(
        "round",
        "participant__student__person",
        "participant__student__unit",
        "offer__unit",
        "offer__mentor__person",
        "offer__team__first__person",
        "offer__team__second__person",
    )


def overrides_visible_to(actor: Person) -> QuerySet[Override]:
    """Return the assignments that concern the actor's units."""
    units = staff_units(actor)
    found = below(units, "round__unit__path") | below(units, "offer__unit__path")
    found |= below(units, "participant__student__unit__path")
    return Override.objects.filter(found).select_related(
        "round__unit",
        "offer__unit",
        "participant__student__person",
        "participant__student__unit",
        "requested_by",
        "requested_unit",
        "decided_by",
        "minutes",
    )


def applications_visible_to(actor: Person) -> QuerySet[Application]:
    """Return choices at a mentor's door: the student's own, the mentor's, and staff's."""
    units = staff_units(actor)
    supervised = Offer.objects.filter(_supervised(actor)).values("pk")
    found = Q(participant__student__person=actor) | Q(offer__in=supervised)
    found |= below(units, "participant__round__unit__path")
    return Application.objects.filter(found).select_related(
        "participant__round__policy", "participant__student__person", "offer__unit"
    )


def notices_visible_to(actor: Person) -> QuerySet[PublicNotice]:
    """Return public notices: everybody with a role in the consortium sees them."""
    if not actor.roles:
        return PublicNotice.objects.none()
    return PublicNotice.objects.select_related("round__unit", "document")


def objections_visible_to(actor: Person) -> QuerySet[Objection]:
    """Return one's own objections, and those of the rounds of one's units."""
    found = Q(raised_by=actor) | below(staff_units(actor), "notice__round__unit__path")
    return Objection.objects.filter(found).select_related("notice__round__unit", "raised_by")
