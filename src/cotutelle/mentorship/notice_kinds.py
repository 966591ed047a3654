"""What mentors and students are told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.mentorship.enums import ChangeState, PairRecordKind
from cotutelle.notices.kinds import register
from cotutelle.notices.wording import Params, readable

_RECORDS: dict[str, Any] = {
    PairRecordKind.PLAN: _("the plan"),
    PairRecordKind.NOTE: _("the notes"),
    PairRecordKind.ARRANGEMENT: _("the arrangements"),
}


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


def _record(params: Params) -> str:
    kind = _RECORDS.get(str(params.get("kind")), "–")
    return gettext("New on the page of %(student)s and both mentors: %(kind)s") % {
        "student": readable(params.get("student")),
        "kind": kind,
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
register(
    "mentorship.conflict_lifted",
    title=_("A conflict of interest was lifted: %(student)s"),
    body=_("The college decided it. You two can be matched again in lists and runs to come."),
)
register(
    "mentorship.pair_formed",
    title=_("%(student)s is supervised by %(first)s and %(second)s"),
    body=_("The page of the pair says who answers for what; plan and notes are kept there."),
)
register(
    "mentorship.pair_duties_changed",
    title=_("Responsibilities changed: %(student)s, %(first)s and %(second)s"),
    body=_("Reason: %(reason)s. The page of the pair says who answers for what now."),
    urgent=True,
)
register(
    "mentorship.pair_ended",
    title=_("The pair of %(first)s and %(second)s for %(student)s has ended"),
    body=_("Its page stays readable for you."),
)
register("mentorship.pair_record", title=_record, body=_("Written by %(author)s."))
register(
    "mentorship.arrangement_holds",
    title=_("Everybody has agreed to an arrangement for %(student)s"),
    body=_("It was proposed by %(author)s and holds from now on."),
)
