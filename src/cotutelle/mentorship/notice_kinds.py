"""What mentors and students are told."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.mentorship.enums import ChangeState
from cotutelle.notices.kinds import register
from cotutelle.notices.wording import Params, readable


def _state(params: Params) -> str:
    value = params.get("state")
    return str(ChangeState(value).label) if value in ChangeState.values else "–"


def _moved(params: Params) -> str:
    return gettext("Your request for another mentor: %(state)s") % {"state": _state(params)}


def _decided(params: Params) -> str:
    return gettext("Change of mentor of %(student)s: %(state)s") % {
        "student": readable(params.get("student")),
        "state": _state(params),
    }


register(
    "mentorship.change_asked",
    title=_("%(student)s asks for a change of mentor"),
    body=_("Receiving mentor: %(mentor)s. Please answer in time."),
)
register("mentorship.change_moved", title=_moved)
register("mentorship.change_decided", title=_decided)
register(
    "mentorship.suspended",
    title=_("You may not take students in %(year)s"),
    body=_("Reason: %(reason)s. Ask the graduate school if this is not right."),
    urgent=True,
)
