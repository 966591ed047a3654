"""Who watches the log: the list, adding a witness, and letting one go."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger import services
from cotutelle.ledger.enums import WitnessState
from cotutelle.ledger.forms import WitnessForm
from cotutelle.ledger.models import Witness
from cotutelle.ledger.problems import words_of
from cotutelle.ledger.queries.log import current_policy, open_shard
from cotutelle.ledger.queries.standing import watching
from cotutelle.ledger.views.log import MANAGE, log_tabs
from cotutelle.people.views.common import actor_of
from cotutelle.ui.violations import show_violation


@requires("ledger.view_log")
@require_safe
def witnesses(request: HttpRequest) -> HttpResponse:
    policy = current_policy()
    counted = set(policy.witnesses.values_list("pk", flat=True)) if policy else set()
    rows = watching(open_shard()).order_by("state", "is_operator", "name")
    lines = [
        {
            "witness": row,
            "counts": row.pk in counted and not row.is_operator,
            "words": words_of(row.problem) if row.problem else None,
        }
        for row in rows
    ]
    context = {
        "lines": lines,
        "tab_items": log_tabs("witnesses"),
        "may_manage": why_not(request.user, MANAGE) is None,
    }
    return render(request, "ledger/witnesses.html", context)


@requires(MANAGE)
def add(request: HttpRequest) -> HttpResponse:
    form = WitnessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            added = services.add_witness(
                unit=data["unit"],
                name=form.name(),
                vkey=data["vkey"],
                url=data["url"],
                extra_vkey=data["extra_vkey"],
                is_operator=data["is_operator"],
                actor=actor_of(request),
            )
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(
                request,
                _("%(name)s is a witness now. It counts once a policy names it.")
                % {"name": added.name},
            )
            return redirect("log:witnesses")
    context = {
        "form": form,
        "title": _("Add a witness"),
        "submit_label": _("Add the witness"),
        "cancel_url": reverse("log:witnesses"),
    }
    return render(request, "ledger/witness_form.html", context)


@requires(MANAGE)
def retire(request: HttpRequest, public_id: UUID) -> HttpResponse:
    witness = get_object_or_404(Witness, public_id=public_id, state=WitnessState.ACTIVE)
    if request.method == "POST":
        try:
            services.retire_witness(witness, actor=actor_of(request))
        except RuleViolation as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The witness is not asked any more."))
        return redirect("log:witnesses")
    context = {
        "title": _("Let the witness %(name)s go") % {"name": witness.name},
        "says": _("It is not asked to sign any more. What it signed stays valid."),
        "undo": _("A witness that the policy counts on can go only after a new policy."),
        "button": _("Let the witness go"),
        "cancel_url": reverse("log:witnesses"),
    }
    return render(request, "ui/confirm.html", context)
