"""Words of the history: weekly."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger.actions import register, register_fields
from cotutelle.rotations.enums import MeetingState

register(
    {
        "rotations.term.created": _("Term prepared"),
        "rotations.term.changed": _("Term changed"),
        "rotations.term.archived": _("Term archived"),
        "rotations.term.proposed": _("Teams proposed from the mentorships"),
        "rotations.term.requested": _("Planning of the week requested"),
        "rotations.term.planned": _("Week planned"),
        "rotations.term.published": _("Week published"),
        "rotations.room.saved": _("Meeting room saved"),
        "rotations.busy.set": _("Weekly times changed"),
        "rotations.series.saved": _("Weekly appointment saved"),
        "rotations.series.placed": _("Weekly appointment placed by hand"),
        "rotations.series.ended": _("Weekly appointment ended"),
        "rotations.series.asked": _("Slot asked for"),
        "rotations.series.freed": _("Slot freed"),
        "rotations.meeting.moved": _("Meeting moved"),
        "rotations.meeting.cancelled": _("Meeting cancelled"),
        "rotations.meeting.restored": _("Meeting takes place after all"),
        "rotations.meeting.recorded": _("Who came was recorded"),
        "rotations.meeting.missed": _("Meeting counted as not held"),
        "rotations.problem.raised": _("Clinical problem raised"),
    }
)
register_fields(
    "rotations.term",
    {
        "name": pgettext_lazy("of a thing", "Name"),
        "starts_on": _("Starts on"),
        "ends_on": _("Ends on"),
        "count": _("How many"),
        "placed": pgettext_lazy("week", "Placed"),
        "meetings": _("Meetings"),
    },
)
register_fields(
    "rotations.series",
    {"weekday": _("Weekday"), "starts_at": _("From"), "members": _("People"), "who": _("Person")},
)
register_fields(
    "rotations.meeting",
    {
        "starts_at": _("Begins"),
        "state": _("State"),
        "reason": _("Reason"),
        "came": pgettext_lazy("meeting", "Came"),
    },
    values={"state": dict(MeetingState.choices)},
)
