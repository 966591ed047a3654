"""Rows of mutual selection."""

from cotutelle.selection.models.affinity import AffinityScore
from cotutelle.selection.models.outcome import (
    Application,
    Objection,
    Override,
    Placement,
    PublicNotice,
)
from cotutelle.selection.models.planning import PlaceCap, Satisfaction, Scenario
from cotutelle.selection.models.season import (
    Answer,
    AnswerLine,
    Interview,
    Offer,
    Participant,
    Preference,
    Round,
    RouteCalendar,
)

__all__ = [
    "AffinityScore",
    "Answer",
    "AnswerLine",
    "Application",
    "Interview",
    "Objection",
    "Offer",
    "Override",
    "Participant",
    "PlaceCap",
    "Placement",
    "Preference",
    "PublicNotice",
    "Round",
    "RouteCalendar",
    "Satisfaction",
    "Scenario",
]
