"""Tasks: hours."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.rotations.alert_words import with_alert
from cotutelle.workflow.kinds import register

FOLLOW_UP = "rotations.follow_up_hours"

register(
    FOLLOW_UP,
    title=with_alert(_("Help with the hours of %(student)s: %(alert)s")),
    label=_("Follow up an alert about hours"),
)
