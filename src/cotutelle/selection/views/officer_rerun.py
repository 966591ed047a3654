"""Somebody left while the result is under review: match again so that few others move."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.selection.enums import RoundState
from cotutelle.selection.forms.scenario import WithdrawForm
from cotutelle.selection.models import Round
from cotutelle.selection.services import rerun as services
from cotutelle.selection.views.officer_common import actor_of, page, round_or_404
from cotutelle.ui.violations import show_violation


@requires("selection.run_round")
def rerun(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say what changed since the run under review; take a student out; start the run."""
    found = round_or_404(request, public_id, "selection.run_round")
    if found.state != RoundState.MATCHED or found.official_run is None:
        messages.info(request, _("There is no result under review."))
        return redirect("selection:decisions", found.public_id)
    if request.POST.get("confirm"):
        return _start(request, found)
    students = {str(p.public_id): p for p in services.candidates(found)}
    form = WithdrawForm(
        request.POST or None,
        students=[(key, one.student.display_name) for key, one in students.items()],
    )
    if request.method == "POST" and form.is_valid():
        leaving = students[form.cleaned_data["participant"]]
        try:
            services.withdraw_under_review(
                leaving, reason=form.cleaned_data["reason"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request,
                _("%(name)s has left the round. Match again now.")
                % {"name": leaving.student.display_name},
            )
            return redirect("selection:rerun", found.public_id)
    try:
        gone, fault = services.gone_since(found), ""
    except RuleViolation as violation:
        gone, fault = None, str(violation)
    return page(
        request, "rerun", found, tab="decisions", form=form, gone=gone, fault=fault,
        run=found.official_run,
    )  # fmt: skip


def _start(request: HttpRequest, round_: Round) -> HttpResponse:
    try:
        job = services.start_rerun(round_, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("selection:rerun", round_.public_id)
    return redirect("jobs:job", job.public_id)
