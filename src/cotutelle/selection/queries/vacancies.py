"""What is free and who is left over."""

from __future__ import annotations

from collections import Counter

from django.db.models import Exists, OuterRef, QuerySet

from cotutelle.selection.enums import OfferState, ParticipantState, PlacementState
from cotutelle.selection.models import Participant, Placement, Round


def unplaced(round_: Round) -> QuerySet[Participant]:
    """Return the students who take part and hold no place."""
    live = Placement.objects.filter(participant=OuterRef("pk")).exclude(
        state=PlacementState.VACATED
    )
    return (
        round_.participants.filter(~Exists(live), state=ParticipantState.ACTIVE)
        .select_related("student__person", "student__unit")
        .order_by("student__person__name_sort", "pk")
    )


def free_places(round_: Round) -> dict[int, int]:
    """Return offer key → free places, within what the mentor or team takes in the round."""
    live = Placement.objects.filter(round=round_).exclude(state=PlacementState.VACATED)
    rows = live.values_list("offer_id", "offer__mentor_id", "offer__team_id")
    at_offer: Counter[int] = Counter()
    at_node: Counter[tuple[int | None, int | None]] = Counter()
    for offer_id, mentor_id, team_id in rows:
        at_offer[offer_id] += 1
        at_node[mentor_id, team_id] += 1
    places: dict[tuple[int | None, int | None], int] = {
        (mentor_id, team_id): count
        for mentor_id, team_id, count in round_.answers.values_list(
            "mentor_id", "team_id", "places"
        )
    }
    found = {}
    for offer in round_.offers.filter(state=OfferState.OPEN):
        node = (offer.mentor_id, offer.team_id)
        left = places.get(node, 0) - at_node[node]
        found[offer.pk] = max(0, min(offer.places - at_offer[offer.pk], left))
    return found
