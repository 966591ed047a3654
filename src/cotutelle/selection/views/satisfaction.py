"""One minute after a round: how content are you with it?"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cotutelle.core.access import requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.selection.forms.scenario import SatisfactionForm
from cotutelle.selection.queries.outcome import own_satisfaction, satisfaction_until
from cotutelle.selection.services.satisfaction import answer_satisfaction
from cotutelle.selection.views.officer_common import actor_of, round_or_404
from cotutelle.ui.violations import show_violation


@requires("selection.answer_satisfaction")
def say(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask the reader for their own word, or show what they said once the days are over."""
    found = round_or_404(request, public_id, "selection.answer_satisfaction")
    until = satisfaction_until(found)
    said = own_satisfaction(found, actor_of(request))
    form = SatisfactionForm(
        request.POST or None,
        initial={"score": said.score, "comment": said.comment} if said else None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            answer_satisfaction(
                found,
                score=form.cleaned_data["score"],
                comment=form.cleaned_data["comment"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Thank you. You can change your answer while it is open."))
            return redirect("selection:satisfaction", found.public_id)
    return render(
        request,
        "selection/satisfaction.html",
        {
            "round": found,
            "form": form,
            "until": until,
            "open": until is not None and now() <= until,
            "said": said,
            "submit_label": _("Change your answer") if said else _("Send your answer"),
        },
    )
