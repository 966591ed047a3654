"""Notices: planning; and how stays are called in calendars."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.availability import kinds as spans
from cotutelle.notices.kinds import register

register(
    "rotations.plan_published",
    title=_("Your rotation plan is ready: %(plan)s"),
    body=_("Where you are each month, and why, is on your page. It is in your calendar too."),
)
register(
    "rotations.plan_changed",
    title=_("Your rotation plan has changed: %(plan)s"),
    body=_("Only months to come change. Your page and your calendar show the new plan."),
    urgent=True,
)
register(
    "rotations.students_plan_changed",
    title=_("Rotations of your students: %(plan)s"),
    body=_("A plan was published or changed that concerns students you mentor."),
)
register(
    "rotations.ward_plan_changed",
    title=_("Who comes to your wards has changed: %(plan)s"),
    body=_("The intake lists of your wards show the months to come."),
)
register(
    "rotations.swap_refused",
    title=_("The exchange does not take place: %(plan)s"),
    body=_("Your plan stays as it is. The page of the exchange says why."),
)
spans.register("rotations.stay", title=_("Rotation: %(ward)s"))
spans.register("rotations.stay_of_student", title=_("%(student)s: %(ward)s"))
