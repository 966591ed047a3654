"""Runs: starting one, trying one, the list of decisions, and comparing any two."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.queries import runs_of
from cotutelle.selection import services
from cotutelle.selection.enums import ObjectionState, RoundState
from cotutelle.selection.models import Objection
from cotutelle.selection.queries import officer
from cotutelle.selection.services.affinity import refresh_affinity
from cotutelle.selection.services.runs import RUN_KIND, TRIAL_KIND
from cotutelle.selection.views import officer_review as words
from cotutelle.selection.views.officer_common import actor_of, may, page, round_or_404

RUN_KINDS = {
    RunState.VERIFIED: "run",
    RunState.REFUTED: "late",
    RunState.SUPERSEDED: "wait",
    RunState.OFFICIAL: "ok",
}
TRIABLE = (RoundState.ANSWERING, RoundState.CLOSED, RoundState.MATCHED)
RUNNABLE = (RoundState.CLOSED, RoundState.MATCHED)


@requires("selection.run_round")
def run(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then start the run as a job with progress; ``trial`` keeps no placements."""
    found = round_or_404(request, public_id, "selection.run_round")
    trial = request.POST.get("trial", request.GET.get("trial", "")) == "1"
    if request.method == "POST" and request.POST.get("confirm"):
        try:
            job = services.start_run(found, actor=actor_of(request), trial=trial)
        except RuleViolation as violation:
            messages.error(request, str(violation))
            return redirect("selection:round", found.public_id)
        return redirect("jobs:job", job.public_id)
    figures = officer.figures_of(found)
    lists = f"{figures.lists:,}"
    changes = [
        {"icon": "list-numbers", "text": _("Lists that were handed in"), "count": lists},
        {
            "icon": "user-check",
            "text": _("Answers of mentors"),
            "count": f"{figures.answered:,} / {figures.answers:,}",
        },
        {
            "icon": "shield-check",
            "text": _("A second program that shares no code checks the result"),
            "count": "",
        },
    ]
    if trial:
        changes.append(
            {
                "icon": "eye-off",
                "text": _("Nothing is kept but the figures; nobody is told"),
                "count": "",
            }
        )
    else:
        changes.append(
            {
                "icon": "refresh",
                "text": _("An earlier result under review is replaced"),
                "count": f"{figures.placed:,}",
            }
        )
    button = (
        ngettext(
            "Try the matching with %(n)s list", "Try the matching with %(n)s lists", figures.lists
        )
        if trial
        else ngettext(
            "Run the matching for %(n)s student",
            "Run the matching for %(n)s students",
            figures.lists,
        )
    )
    return render(
        request,
        "selection/officer/run.html",
        {
            "round": found,
            "trial": trial,
            "title": _("Trial run") if trial else _("Run the matching"),
            "says": _(
                "The lottery of a trial differs from the real one, so that nobody can fish for a result."
            )
            if trial
            else _(
                "The run takes the locked lists and answers and the published seed. Nobody is told before you publish."
            ),
            "changes": changes,
            "button": button % {"n": figures.lists},
            "cancel_url": reverse("selection:decisions", args=[found.public_id]),
        },
    )


@requires("selection.manage_round")
@require_POST
def affinity(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Compute again how near the offers stand to every student's words, as a job."""
    found = round_or_404(request, public_id, "selection.manage_round")
    job = refresh_affinity(found, actor=actor_of(request))
    return redirect("jobs:job", job.public_id)


@requires("selection.view_review")
def decisions(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    runs = list(runs_of(found).filter(kind__in=(RUN_KIND, TRIAL_KIND)).order_by("-id")[:100])
    for one in runs:
        one.badge = RUN_KINDS[RunState(one.state)]  # type: ignore[attr-defined]
        one.is_trial = one.kind == TRIAL_KIND  # type: ignore[attr-defined]
        one.size = one.result["placed"]  # type: ignore[attr-defined]
    may_run = may(request, "selection.run_round", found)
    objections = Objection.objects.filter(notice__round=found)
    return page(
        request,
        "decisions",
        found,
        tab="decisions",
        runs=runs,
        may_compare=len(runs) > 1,
        may_run=may_run and found.state in RUNNABLE,
        may_try=may_run and found.state in TRIABLE,
        overrides=found.overrides.count(),
        notices=found.public_notices.order_by("-id"),
        objections=objections.count(),
        objections_open=objections.filter(state=ObjectionState.OPEN).count(),
        answers_objections=may(request, "selection.answer_objection", found),
    )


@requires("selection.view_review")
def compare(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Compare any two runs: whose result differs, and how."""
    found = round_or_404(request, public_id, "selection.view_review")
    runs = list(runs_of(found).filter(kind__in=(RUN_KIND, TRIAL_KIND)).order_by("-id")[:100])
    if len(runs) < 2:  # noqa: PLR2004
        messages.info(request, _("There are not two runs to compare yet."))
        return redirect("selection:decisions", found.public_id)
    picked = request.GET.getlist("pick")
    first = words.run_named(runs, request.GET.get("a") or (picked[0] if picked else "")) or runs[1]
    second = (
        words.run_named(runs, request.GET.get("b") or (picked[1] if len(picked) > 1 else ""))
        or runs[0]
    )
    context: dict[str, Any] = {"runs": runs, "first": first, "second": second}
    return page(
        request,
        "compare",
        found,
        tab="decisions",
        trial_kind=TRIAL_KIND,
        **context,
        **words.compare(first, second),
    )
