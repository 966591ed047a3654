"""Tasks: weekly."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.workflow.kinds import register

FREE_SLOT = "rotations.free_slot"
RECORD_MEETING = "rotations.record_meeting"
FIND_NEW_SLOT = "rotations.find_new_slot"

register(
    FREE_SLOT,
    title=_("Say whether you can free a slot for %(name)s"),
    label=_("Free a slot for a joint round"),
)
register(
    RECORD_MEETING,
    title=_("Record who came: %(name)s, %(when)s"),
    label=_("Record a joint round"),
)
register(
    FIND_NEW_SLOT,
    title=_("Not held twice in a row: find a new time for %(name)s"),
    label=_("Find a new time for a joint round"),
)
