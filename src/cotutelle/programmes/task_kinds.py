"""What people owe a programme, a certificate or a leave."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.notices.wording import Params, readable
from cotutelle.programmes.enums import AttainmentKind, DegreeType
from cotutelle.workflow.kinds import register


def _check_result(params: Params) -> str:
    if "kind" not in params:
        return gettext("Enter results that were awaited")
    return gettext("Enter the result of %(student)s: %(kind)s") % {
        "student": readable(params["student"]),
        "kind": AttainmentKind(params["kind"]).label,
    }


def _follow_track(params: Params) -> str:
    if "track" not in params:
        return gettext("Bring plans into line with a change of track")
    return gettext("Bring the plans of %(student)s into line: %(track)s") % {
        "student": readable(params["student"]),
        "track": DegreeType(params["track"]).label,
    }


register(
    "programmes.check_result",
    title=_check_result,
    label=_("Enter results that were awaited"),
)
register("programmes.choose_track", title=_("Choose the professional or the academic track"))
register(
    "programmes.follow_track",
    title=_follow_track,
    label=_("Bring plans into line with a change of track"),
)
register(
    "programmes.decide_leave",
    title=_("Decide the leave of %(student)s, %(from)s – %(until)s"),
    label=_("Decide leave"),
)
register(
    "programmes.report_return",
    title=_("Report your return from leave that ends on %(day)s"),
    label=_("Report a return from leave"),
)
register(
    "programmes.confirm_return",
    title=_("Confirm the return of %(student)s, away %(from)s – %(until)s"),
    label=_("Confirm returns from leave"),
)
register(
    "programmes.overdue_return",
    title=_("%(student)s has not reported back: leave ended on %(until)s"),
    label=_("Ask after overdue returns"),
)
