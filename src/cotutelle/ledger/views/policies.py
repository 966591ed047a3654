"""How many witnesses must sign: the policies so far, and setting a new one."""

from __future__ import annotations

from typing import Any
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
from cotutelle.ledger.forms import PolicyForm
from cotutelle.ledger.models import WitnessPolicy
from cotutelle.ledger.queries.log import current_policy
from cotutelle.ledger.queries.tolerance import Tolerance
from cotutelle.ledger.views.log import MANAGE, log_tabs
from cotutelle.people.views.common import actor_of
from cotutelle.ui.downloads import attachment
from cotutelle.ui.violations import show_violation


@requires("ledger.view_log")
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    rows = (
        WitnessPolicy.objects.select_related("made_by")
        .prefetch_related("witnesses__unit")
        .order_by("-number")
    )
    lines = [
        {
            "policy": row,
            "witnesses": list(row.witnesses.all()),
            "tolerance": Tolerance(row.needed, len(row.witnesses.all()), row.colluders),
        }
        for row in rows
    ]
    context = {
        "current": lines[0] if lines else None,
        "earlier": lines[1:],
        "tab_items": log_tabs("policies"),
        "may_manage": why_not(request.user, MANAGE) is None,
    }
    return render(request, "ledger/policies.html", context)


@requires("ledger.view_log")
@require_safe
def text(request: HttpRequest, public_id: UUID) -> HttpResponse:
    policy = get_object_or_404(WitnessPolicy, public_id=public_id)
    name = f"policy-{policy.number}.txt"
    return attachment(policy.text.encode(), name, "text/plain; charset=utf-8")


@requires(MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    """Type the policy, read what it means, then confirm it."""
    current = current_policy()
    form = PolicyForm(request.POST or None, current=current)
    if request.method == "POST" and form.is_valid():
        meant = form.tolerance()
        if meant is not None and meant.holds:
            if "confirm" not in request.POST:
                return render(request, "ledger/policy_review.html", _review(form, current))
            try:
                made = services.set_policy(**form.cleaned_data, actor=actor_of(request))
            except RuleViolation as error:
                show_violation(form, error)
            else:
                messages.success(
                    request,
                    _("Policy %(n)d is in force from the next checkpoint on.") % {"n": made.number},
                )
                return redirect("log:policies")
    context = {
        "form": form,
        "submit_label": _("Review the policy"),
        "cancel_url": reverse("log:policies"),
    }
    return render(request, "ledger/policy_form.html", context | _meaning(form))


@requires(MANAGE)
@require_safe
def words(request: HttpRequest) -> HttpResponse:
    """Say what the values typed so far mean; part of the form."""
    form = PolicyForm(request.GET)
    form.is_valid()
    return render(request, "ledger/partials/_policy_words.html", _meaning(form))


def _meaning(form: PolicyForm) -> dict[str, Any]:
    """Return the sentences for what was typed, and two groups that show why it is refused."""
    if not form.is_bound:
        shown = form.initial
        if not shown:
            return {"tolerance": None}
        meant = Tolerance(shown["needed"], len(shown["witnesses"]), shown["colluders"])
        return {"tolerance": meant}
    meant_now = form.tolerance()
    if meant_now is None or meant_now.holds:
        return {"tolerance": meant_now}
    if meant_now.needed > meant_now.total:
        return {"tolerance": meant_now, "is_too_many": True}
    names = sorted(witness.name for witness in form.cleaned_data["witnesses"])
    first, second, shared = meant_now.groups(names)
    return {"tolerance": meant_now, "first": first, "second": second, "shared": shared}


def _review(form: PolicyForm, current: WitnessPolicy | None) -> dict[str, Any]:
    data = form.cleaned_data
    chosen = list(data["witnesses"])
    before = list(current.witnesses.all()) if current else []
    return {
        "tolerance": form.tolerance(),
        "current": current,
        "needed": data["needed"],
        "colluders": data["colluders"],
        "chosen": chosen,
        "added": [one for one in chosen if one not in before],
        "removed": [one for one in before if one not in chosen],
    }
