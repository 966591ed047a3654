"""How many places a ward has left for a cycle, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cotutelle.rotations.enums import EventKind, WardState
from cotutelle.rotations.models import PlanEvent, Ward

if TYPE_CHECKING:
    from cotutelle.rotations.queries.planning_inputs import Inputs

UNBOUNDED = 9_999
"""Places of a month without a bound in a ward that is bounded in other months."""


def places_of(
    ward: Ward, inputs: Inputs, horizon: int
) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    """
    Return the most and the fewest trainees of this cycle in each period.

    Places taken by others are subtracted from both; closed wards and events take places away.
    ``None`` as the most sets no bound.
    """
    events = [event for event in inputs.events if _concerns(event, ward)]
    own = [inputs.months.get((ward.pk, period)) for period in range(horizon)]
    if ward.upper is None and not events and not any(own) and ward.state == WardState.OPEN:
        return None, tuple(max(0, ward.lower - inputs.others[ward.pk, p]) for p in range(horizon))
    upper, lower = [], []
    for period in range(horizon):
        month = own[period]
        most = month.upper if month else (UNBOUNDED if ward.upper is None else ward.upper)
        fewest = month.lower if month else ward.lower
        if ward.state == WardState.CLOSED:
            most = 0
        for event in events:
            most = _reduced(event, period, most)
        taken = inputs.others[ward.pk, period]
        upper.append(max(0, most - taken))
        lower.append(max(0, min(fewest, most) - taken))
    return tuple(upper), tuple(lower)


def _concerns(event: PlanEvent, ward: Ward) -> bool:
    if event.kind in {EventKind.WARD_PLACES, EventKind.WARD_CLOSES}:
        return event.ward_id == ward.pk
    if event.kind == EventKind.AGREEMENT_ENDS and event.agreement is not None:
        return ward.hospital.path.startswith(event.agreement.partner.path)
    return False


def _reduced(event: PlanEvent, period: int, places: int) -> int:
    if period < event.first or (event.last is not None and period > event.last):
        return places
    return min(places, event.upper or 0) if event.kind == EventKind.WARD_PLACES else 0
