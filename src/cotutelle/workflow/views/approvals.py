"""Decisions that need a second pair of eyes."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import SIGNED_IN, requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.ui.listing import Choice, Listing, Sort, Toggle
from cotutelle.workflow.approvals import url_of
from cotutelle.workflow.enums import ApprovalState
from cotutelle.workflow.forms import DecisionForm
from cotutelle.workflow.queries import (
    approvals_visible_to,
    principal_of,
    waiting_for,
    why_not_decide,
)
from cotutelle.workflow.services import decide_approval, withdraw_approval

STATE_KINDS = {
    ApprovalState.PENDING: "due",
    ApprovalState.APPROVED: "ok",
    ApprovalState.REFUSED: "late",
    ApprovalState.WITHDRAWN: "wait",
}


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires(SIGNED_IN)
@require_safe
def approval_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    mine = [approval.pk for approval in waiting_for(person)]
    listing = Listing(
        request.GET,
        approvals_visible_to(person, mine),
        sorts=[
            Sort("new", _("newest first"), ["-id"]),
            Sort("old", _("oldest first"), ["id"]),
        ],
        choices=[Choice("state", _("State"), ApprovalState.choices, "state")],
        toggles=[Toggle("mine", _("Wait for me"), lambda rows: rows.filter(pk__in=mine))],
    )
    rows = [
        {
            "approval": approval,
            "mine": approval.pk in mine,
            "kind": STATE_KINDS[ApprovalState(approval.state)],
        }
        for approval in listing.rows
    ]
    context = {"listing": listing, "rows": rows, "waiting": len(mine)}
    return render(request, "workflow/approval_list.html", context)


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def approval_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    person = _person(request)
    approval = get_object_or_404(approvals_visible_to(person), public_id=public_id)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        approve = request.POST.get("decision") == "approve"
        try:
            decide_approval(approval, approve, actor=person, note=form.cleaned_data["note"])
        except RuleViolation as error:
            if error.field not in form.fields:
                raise
            form.add_error(error.field, str(error))
        else:
            said = _("Approved.") if approve else _("Refused.")
            messages.success(request, said)
            return redirect("workflow:approval", public_id)
    pending = approval.state == ApprovalState.PENDING
    reason = why_not_decide(person, approval) if pending else None
    context = {
        "approval": approval,
        "kind": STATE_KINDS[ApprovalState(approval.state)],
        "form": form,
        "may_decide": pending and reason is None,
        "reason": reason,
        "principal": principal_of(person, approval) if pending else None,
        "may_withdraw": pending and why_not(person, "workflow.withdraw_approval", approval) is None,
        "thing_url": url_of(approval),
        "entries": history_of(approval),
    }
    return render(request, "workflow/approval.html", context)


@requires("workflow.withdraw_approval")
@require_POST
def approval_withdraw(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    person = _person(request)
    approval = get_object_or_404(approvals_visible_to(person), public_id=public_id)
    withdraw_approval(approval, actor=person)
    messages.success(request, _("The request was withdrawn."))
    return redirect("workflow:approvals")
