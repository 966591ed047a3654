"""Where a student stands in a round that goes one choice at a time."""

from __future__ import annotations

from cotutelle.selection.enums import ApplicationState
from cotutelle.selection.models import Application, Preference
from cotutelle.selection.queries.student import MyList


def standing(mine: MyList) -> tuple[Application | None, Preference | None]:
    """Return the latest application, and the choice that is asked next if it does not work out."""
    rows = list(
        mine.participant.applications.select_related(
            "offer__mentor__person", "offer__team__first__person", "offer__team__second__person"
        ).order_by("-step")
    )
    latest = rows[0] if rows else None
    if latest is None or latest.state == ApplicationState.ACCEPTED:
        return latest, None
    asked = {row.offer_id for row in rows}
    return latest, next((c for c in mine.choices if c.offer_id not in asked), None)
