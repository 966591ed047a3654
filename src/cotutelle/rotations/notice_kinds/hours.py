"""Notices: hours. They open help; they never blame."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.notices.kinds import register
from cotutelle.rotations.alert_words import with_alert

register(
    "rotations.alert_student",
    title=with_alert(_("Your hours: %(alert)s")),
    body=with_alert(
        _("%(figure)s. Your mentors and the ward were asked to help. This is no mark against you.")
    ),
)
register(
    "rotations.alert_helper",
    title=with_alert(_("Hours of %(student)s: %(alert)s")),
    body=with_alert(
        _("%(figure)s. Please find time for research or relief on the ward until %(due)s.")
    ),
)
register(
    "rotations.alert_overdue",
    title=with_alert(_("Overdue: help with the hours of %(student)s: %(alert)s")),
    body=with_alert(_("%(figure)s. The follow-up was due on %(due)s. Say what was done.")),
)
register(
    "rotations.alert_closed",
    title=with_alert(_("About your hours, something was done: %(alert)s")),
    body="%(outcome)s",
)
register(
    "rotations.research_taken",
    title=_("%(student)s was pulled to the ward on %(day)s"),
    body=_("%(hours)s h of protected research time were lost. Owed now: %(owed)s h."),
)
register(
    "rotations.research_repaid",
    title=_("%(hours)s h of research time are given back to you on %(day)s"),
    body=_("Still owed: %(owed)s h."),
)
