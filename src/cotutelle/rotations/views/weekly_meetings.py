"""One meeting: who, where; moved, cancelled, recorded; what was raised."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import MeetingState, MemberRole, Presence, SeriesKind
from cotutelle.rotations.forms.weekly import MoveForm, ProblemForm, ReasonForm
from cotutelle.rotations.models import Meeting
from cotutelle.rotations.queries.weekly import PLACED
from cotutelle.rotations.services import weekly_meetings as services
from cotutelle.rotations.views.weekly_common import MEETING_KINDS, attempt, meeting_or_404
from cotutelle.ui.violations import show_violation

PRESENCE_KINDS = {
    Presence.PRESENT: "ok", Presence.REMOTE: "ok", Presence.EXCUSED: "wait", Presence.ABSENT: "late",
}  # fmt: skip
_ICONS = {"present": "user-check", "remote": "video", "excused": "calendar-off", "absent": "user-x"}


@requires("rotations.view_meetings")
@require_safe
def meeting(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = meeting_or_404(request, public_id, "rotations.view_meetings")
    came = {a.person_id: a.presence for a in found.attendances.all()}
    begun = found.starts_at <= now()
    context = {
        "meeting": found,
        "series": found.series,
        "kind_label": SeriesKind(found.series.kind).label,
        "state_label": MeetingState(found.state).label,
        "state_kind": MEETING_KINDS[found.state],
        "people": [_person(m, came) for m in _members(found)],
        "problems": found.problems.select_related("raised_by"),
        "entries": history_of(found),
        "form": ProblemForm(),
        "begun": begun,
        "may_change": not begun
        and found.state in PLACED
        and may(request, "rotations.change_meeting", found),
        "may_restore": not begun
        and found.state == MeetingState.CANCELLED
        and found.series.ended_at is None
        and may(request, "rotations.change_meeting", found),
        "may_record": begun
        and found.state != MeetingState.CANCELLED
        and may(request, "rotations.record_meeting", found),
        "may_raise": begun
        and found.state != MeetingState.CANCELLED
        and may(request, "rotations.raise_problem", found),
        "may_place": may(request, "rotations.place_series", found.series),
    }
    return render(request, "rotations/weekly/meeting.html", context)


def _members(found: Meeting) -> Any:
    order = [MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR, MemberRole.STUDENT]
    rows = list(found.series.members.select_related("person").order_by("person__name_sort", "id"))
    rank = {role: n for n, role in enumerate(order)}
    return sorted(rows, key=lambda m: rank.get(MemberRole(m.role), len(order)))


def _person(member: Any, came: dict[int, str]) -> dict[str, Any]:
    presence = came.get(member.person_id)
    return {
        "person": member.person,
        "role": MemberRole(member.role).label,
        "remote": member.may_be_remote,
        "wished": not member.is_needed,
        "presence": Presence(presence).label if presence else "",
        "kind": PRESENCE_KINDS[Presence(presence)] if presence else "wait",
    }


@requires("rotations.change_meeting")
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = meeting_or_404(request, public_id, "rotations.change_meeting")
    zone = time_zone_of(found.series.term.unit)
    local = found.starts_at.astimezone(ZoneInfo(zone))
    initial = {
        "day": local.date(),
        "time": local.time(),
        "room": found.room.public_id if found.room else None,
    }
    form = MoveForm(request.POST or None, term=found.series.term, zone=zone, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.move_meeting(
                found, starts_at=form.starts_at, room=form.cleaned_data.get("room"),
                reason=form.cleaned_data["reason"], actor=actor_of(request),
            )  # fmt: skip
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Moved. Everybody was told, and calendars follow."))
            return redirect("rotations:meeting", found.public_id)
    back = reverse("rotations:meeting", args=[found.public_id])
    context = {
        "form": form,
        "title": _("Move this meeting"),
        "lead": _("Only this one; the weekly time stays."),
        "submit_label": _("Move the meeting"),
        "cancel_url": back,
        "back": (str(found.series), back),
    }
    return render(request, "rotations/weekly/form.html", context)


@requires("rotations.change_meeting")
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = meeting_or_404(request, public_id, "rotations.change_meeting")
    form = ReasonForm(request.POST or None)
    back = reverse("rotations:meeting", args=[found.public_id])
    if request.method == "POST" and form.is_valid():
        made = attempt(
            request,
            lambda: services.cancel_meeting(
                found, reason=form.cleaned_data["reason"], actor=actor_of(request)
            ),
            _("Cancelled. Everybody was told, and calendars follow."),
        )
        if made is not None:
            return redirect(back)
    context = {
        "title": _("Cancel this meeting"),
        "says": _("Only this one; the weekly time stays. Everybody who takes part is told."),
        "form": form,
        "button": _("Cancel the meeting"),
        "undo": _("Until its time it can be taken back."),
        "cancel_url": back,
    }
    return render(request, "ui/confirm.html", context)


@requires("rotations.change_meeting")
@require_POST
def meeting_restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = meeting_or_404(request, public_id, "rotations.change_meeting")
    attempt(
        request,
        lambda: services.restore_meeting(found, actor=actor_of(request)),
        _("It takes place after all. Everybody was told."),
    )
    return redirect("rotations:meeting", found.public_id)


@requires("rotations.record_meeting")
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_record(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Two questions, one a screen: who came; what was raised."""
    found = meeting_or_404(request, public_id, "rotations.record_meeting")
    if request.GET.get("step") == "2" and found.recorded_at is not None:
        return _record_problem(request, found)
    members = _members(found)
    known = {a.person_id: a.presence for a in found.attendances.all()}
    if request.method == "POST":
        chosen = {m.person_id: request.POST.get(f"p{m.pk}", Presence.ABSENT) for m in members}
        made = attempt(
            request,
            lambda: services.record_meeting(found, chosen, actor=actor_of(request)),
            _("Who came is recorded."),
        )
        here = reverse("rotations:meeting-record", args=[found.public_id])
        return redirect(f"{here}?step=2" if made is not None else here)
    rows = [
        {
            "key": f"p{m.pk}",
            "name": m.person.display_name,
            "role": MemberRole(m.role).label,
            "options": [
                (v, label, _ICONS[v], v == known.get(m.person_id, Presence.PRESENT))
                for v, label in Presence.choices
            ],
        }
        for m in members
    ]
    return render(request, "rotations/weekly/record.html", _thumb(found, 1) | {"rows": rows})


def _thumb(found: Meeting, step: int) -> dict[str, Any]:
    return {
        "meeting": found,
        "step": step,
        "steps": 2,
        "step_dots": [n < step for n in range(2)],
        "later": reverse("rotations:meeting", args=[found.public_id]),
    }


def _record_problem(request: HttpRequest, found: Meeting) -> HttpResponse:
    form = ProblemForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _raise(request, found, form):
        again = reverse("rotations:meeting-record", args=[found.public_id])
        if request.POST.get("more"):
            return redirect(f"{again}?step=2")
        return redirect("rotations:meeting", found.public_id)
    context = _thumb(found, 2) | {
        "form": form,
        "held": found.state == MeetingState.HELD,
        "problems": found.problems.all(),
        "may_raise": may(request, "rotations.raise_problem", found),
    }
    return render(request, "rotations/weekly/record_problem.html", context)


def _raise(request: HttpRequest, found: Meeting, form: ProblemForm) -> Any:
    return attempt(
        request,
        lambda: services.raise_problem(found, **form.cleaned_data, actor=actor_of(request)),
        _("The problem is kept for research."),
    )


@requires("rotations.raise_problem")
@require_POST
def meeting_problem(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = meeting_or_404(request, public_id, "rotations.raise_problem")
    form = ProblemForm(request.POST)
    if form.is_valid():
        _raise(request, found, form)
    else:
        messages.error(request, _("Say in one line what the problem is."))
    return redirect("rotations:meeting", found.public_id)
