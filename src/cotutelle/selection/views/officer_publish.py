"""Review and publish: the verdict, the figures, and the steps that cannot be taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.queries import runs_of
from cotutelle.institutions.queries import deadline
from cotutelle.selection import services
from cotutelle.selection.enums import NoticeState, ObjectionState, Regime, RoundState
from cotutelle.selection.forms.officer import NoteForm
from cotutelle.selection.models import Objection, Round
from cotutelle.selection.queries.officer import figures_of
from cotutelle.selection.views.officer_common import actor_of, may, page, round_or_404
from cotutelle.selection.views.officer_review import review_context, run_named
from cotutelle.selection.views.officer_steps import rules_of
from cotutelle.ui.dates import format_datetime
from cotutelle.ui.violations import show_violation

REVIEWABLE = (RoundState.MATCHED, RoundState.PUBLISHED, RoundState.CONFIRMED)


@requires("selection.view_review")
def review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    if asked := request.GET.get("run"):
        return _review_trial(request, found, asked)
    if found.state not in REVIEWABLE:
        messages.info(request, _("There is no result yet. Run the matching first."))
        return redirect("selection:decisions", found.public_id)
    under_review = found.state == RoundState.MATCHED
    students, mentors = _told(found)
    ends_at = deadline(found.unit, now(), rules_of(found).notice_days)
    return page(
        request,
        "review",
        found,
        **review_context(found, everybody=request.GET.get("all") == "1"),
        students=students,
        may_publish=under_review and may(request, "selection.publish_round", found),
        may_run=under_review
        and rules_of(found).regime == Regime.DEFERRED_ACCEPTANCE
        and may(request, "selection.run_round", found),
        after=_after(found, students, mentors, ends_at),
        consequence=_(
            "%(students)s students and %(mentors)s mentors are told; the public notice runs until %(time)s."
        )
        % {
            "students": f"{students:,}",
            "mentors": f"{mentors:,}",
            "time": format_datetime(ends_at),
        },
    )


def _review_trial(request: HttpRequest, round_: Round, asked: str) -> HttpResponse:
    """Show what a trial would have given; there is nothing to press."""
    trial = run_named(list(runs_of(round_, services.TRIAL_KIND)), asked)
    if trial is None:
        return redirect("selection:decisions", round_.public_id)
    everybody = request.GET.get("all") == "1"
    context = review_context(round_, everybody=everybody, trial=trial)
    return page(request, "review", round_, **context, trial=trial)


def _after(
    round_: Round, students: int, mentors: int, ends_at: dt.datetime
) -> list[dict[str, str]]:
    days = rules_of(round_).notice_days
    notice = ngettext(
        "Public notice of %(n)s working day, until",
        "Public notice of %(n)s working days, until",
        days,
    ) % {"n": days}
    return [
        {
            "icon": "mail",
            "text": _("Students receive their own result and its reason"),
            "detail": f"{students:,}",
        },
        {"icon": "users", "text": _("Mentors receive their own list"), "detail": f"{mentors:,}"},
        {"icon": "speakerphone", "text": notice, "detail": format_datetime(ends_at)},
        {
            "icon": "eye-off",
            "text": _("The notice shows no scores and no id numbers"),
            "detail": "",
        },
        {
            "icon": "lock",
            "text": _("Confirmed pairs are never moved; only free places are filled"),
            "detail": "",
        },
    ]


def _told(round_: Round) -> tuple[int, int]:
    """Return how many students and how many mentors a publication tells."""
    figures = figures_of(round_)
    return figures.students, figures.answers


@requires("selection.publish_round")
def publish(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.publish_round")
    if found.state != RoundState.MATCHED:
        messages.warning(request, _("Only a result under review can be published."))
        return redirect("selection:round", found.public_id)
    students, mentors = _told(found)
    ends_at = deadline(found.unit, now(), rules_of(found).notice_days)
    if request.method == "POST" and request.POST.get("confirm"):
        try:
            services.publish_round(found, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
            return redirect("selection:round", found.public_id)
        messages.success(request, _("Published. Everybody has been told; the public notice runs."))
        return redirect("selection:notice", found.public_id)
    return _ask(
        request,
        found,
        title=_("Publish the result of %(name)s") % {"name": found.display_name},
        says=_("Everybody sees their own result at once, and the public notice begins."),
        changes=[
            (s["icon"], s["text"], s["detail"]) for s in _after(found, students, mentors, ends_at)
        ],
        button=ngettext("Publish to %(n)s student", "Publish to %(n)s students", students)
        % {"n": students},
        undo=_(
            "During the notice you can recall and correct it; everybody is told and it stays on record."
        ),
        cancel=reverse("selection:review", args=[found.public_id]),
    )


@requires("selection.publish_round")
def recall(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.publish_round")
    running = found.public_notices.filter(state=NoticeState.RUNNING).first()
    if running is None:
        messages.warning(request, _("No public notice is running."))
        return redirect("selection:round", found.public_id)
    students, mentors = _told(found)
    form = NoteForm(
        request.POST or None,
        label=_("Reason"),
        help_text=_("Everybody who was told the result reads it."),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.recall_notice(
                running, reason=form.cleaned_data["note"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("The public notice has been recalled. Everybody has been told.")
            )
            return redirect("selection:round", found.public_id)
    return _ask(
        request,
        found,
        title=_("Recall the public notice"),
        says=_("The result goes back to review. Nobody keeps a place until it is published again."),
        changes=[
            ("mail", _("Students are told, with the reason"), students),
            ("users", _("Mentors are told, with the reason"), mentors),
            ("history", _("The recalled notice stays on record"), ""),
        ],
        button=ngettext(
            "Recall the result of %(n)s student", "Recall the result of %(n)s students", students
        )
        % {"n": students},
        cancel=reverse("selection:notice", args=[found.public_id]),
        form=form,
    )


@requires("selection.publish_round")
def confirm(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.publish_round")
    running = found.public_notices.filter(state=NoticeState.RUNNING).first()
    if found.state != RoundState.PUBLISHED or running is None:
        messages.warning(request, _("Only a result on public notice can be confirmed."))
        return redirect("selection:round", found.public_id)
    waiting = Objection.objects.filter(notice=running, state=ObjectionState.OPEN).count()
    pairs = found.placements.filter(state="published").count()
    early = running.ends_at > now()
    if request.method == "POST" and request.POST.get("confirm"):
        try:
            services.confirm_round(found, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
            return redirect("selection:confirm", found.public_id)
        messages.success(request, _("Confirmed. The pairs stand and do not move any more."))
        return redirect("selection:round", found.public_id)
    return _ask(
        request,
        found,
        title=_("Confirm the result of %(name)s") % {"name": found.display_name},
        says=_(
            "The pairs become final. From then on only free places are filled; no pair is moved."
        ),
        changes=[
            ("users", _("Pairs that become final"), pairs),
            ("id-badge-2", _("Places are booked on the mentors' accounts"), pairs),
            ("message-circle-question", _("Objections still open"), waiting),
        ],
        button=ngettext("Confirm %(n)s pair", "Confirm %(n)s pairs", pairs) % {"n": pairs},
        undo=_("This cannot be taken back."),
        cancel=reverse("selection:round", args=[found.public_id]),
        hindrance=_hindrance(early=early, waiting=waiting, ends=format_datetime(running.ends_at)),
    )


def _hindrance(*, early: bool, waiting: int, ends: str) -> str:
    if early:
        return _(
            "The public notice runs until %(time)s. The result can be confirmed after that."
        ) % {"time": ends}
    if waiting:
        text = ngettext(
            "%(n)s objection waits for an answer. Answer it first.",
            "%(n)s objections wait for an answer. Answer them first.",
            waiting,
        )
        return text % {"n": waiting}
    return ""


def _ask(
    request: HttpRequest,
    round_: Round,
    *,
    changes: list[tuple[str, str, Any]],
    cancel: str,
    **context: Any,
) -> HttpResponse:
    """Show what a step changes, and ask once."""
    listed = [
        {"icon": icon, "text": text, "count": f"{n:,}" if isinstance(n, int) else n}
        for icon, text, n in changes
    ]
    return render(
        request,
        "selection/officer/ask.html",
        {"round": round_, "changes": listed, "cancel_url": cancel, **context},
    )
