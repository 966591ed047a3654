"""What is free and who is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from django.db.models import Exists, OuterRef, QuerySet

from cotutelle.selection.enums import OfferState, ParticipantState, PlacementState
from cotutelle.selection.models import Participant, Placement, Round
from cotutelle.selection.queries.caps import Node, places_taken, room_above


def unplaced(round_: Round) -> QuerySet[Participant]:
    """Return the students who take part and hold no place."""
    live = Placement.objects.filter(participant=OuterRef("pk")).exclude(
        state=PlacementState.VACATED
    )
    return _ordered(round_.participants.filter(~Exists(live)))


def without_place(round_: Round, placed: Iterable[int]) -> QuerySet[Participant]:
    """Return the students who take part and are not among ``placed``."""
    return _ordered(round_.participants.exclude(pk__in=list(placed)))


def _ordered(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    return (
        rows.filter(state=ParticipantState.ACTIVE)
        .select_related("student__person", "student__unit")
        .order_by("student__person__name_sort", "pk")
    )


def free_places(round_: Round, taken: Mapping[int, int] | None = None) -> dict[int, int]:
    """
    Return offer key → free places, within what the mentor or team and the units above may take.

    ``taken``, offer key → students, stands for another result than the one in force.
    """
    if taken is None:
        live = Placement.objects.filter(round=round_).exclude(state=PlacementState.VACATED)
        taken = Counter(live.values_list("offer_id", flat=True))
    at_node = places_taken(taken)
    above, _used = room_above(round_, at_node)
    places: dict[Node, int] = {
        (mentor_id, team_id): count
        for mentor_id, team_id, count in round_.answers.values_list(
            "mentor_id", "team_id", "places"
        )
    }
    found = {}
    for offer in round_.offers.filter(state=OfferState.OPEN):
        node = (offer.mentor_id, offer.team_id)
        left = places.get(node, 0) - at_node[node]
        left = min(left, above.get(node, left)) // offer.weight
        found[offer.pk] = max(0, min(offer.places - taken.get(offer.pk, 0), left))
    return found
