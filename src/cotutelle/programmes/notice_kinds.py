"""What people are told about admissions, programmes and leave."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.notices.kinds import register
from cotutelle.notices.wording import Params, readable
from cotutelle.programmes.enums import AttainmentKind, AttainmentState, DegreeType

register(
    "programmes.admission",
    title=_("Your admission is now: %(state)s"),
    body=_("Reason: %(reason)s. Ask the graduate school if this is not right."),
)
register(
    "programmes.assigned",
    title=_("Your programme is “%(programme)s”, from %(day)s"),
    body=_("Its phases, milestones and certificates stand on “My programme”."),
)
register(
    "programmes.pre_entry",
    title=_("You may begin in your mentor's group on %(day)s"),
    body=_("Before enrolment nobody has clinical authority: you observe and do research."),
)
register(
    "programmes.enrolled",
    title=_("You are enrolled; your student number is %(number)s"),
    body=_("Programme: %(programme)s. Your candidate number stays on your record."),
)


def _certificate(params: Params) -> str:
    return gettext("%(kind)s: %(state)s") % {
        "kind": AttainmentKind(params["kind"]).label,
        "state": AttainmentState(params["state"]).label,
    }


def _track_chosen(params: Params) -> str:
    return gettext("%(student)s has chosen: %(track)s") % {
        "student": readable(params["student"]),
        "track": DegreeType(params["track"]).label,
    }


register("programmes.certificate", title=_certificate)
register(
    "programmes.track_asked",
    title=_("Choose your track by %(day)s"),
    body=_("Your medical licence did not come in time. Whatever you choose stands for good."),
    urgent=True,
)
register("programmes.track_chosen", title=_track_chosen, body=_("Plans and milestones follow."))
register(
    "programmes.extended",
    title=_("Your training now ends on %(day)s"),
    body=_("Days of leave above the threshold extend it, %(days)s in all."),
)
register("programmes.leave_asked", title=_("%(student)s asks for leave, %(from)s – %(until)s"))
register(
    "programmes.leave_approved", title=_("Leave of %(student)s approved, %(from)s – %(until)s")
)
register(
    "programmes.leave_withdrawn", title=_("%(student)s takes leave back, %(from)s – %(until)s")
)
register("programmes.return_confirmed", title=_("Your return was confirmed: away until %(until)s"))
register(
    "programmes.return_overdue",
    title=_("Report your return: your leave ended on %(until)s"),
    body=_("Until you do, you count as away."),
    urgent=True,
)
