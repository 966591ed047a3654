"""Exchanges of months between two trainees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import SwapState
from cotutelle.rotations.forms.planning import DecisionForm, SwapForm
from cotutelle.rotations.models import Stay, Swap
from cotutelle.rotations.months import month_text
from cotutelle.rotations.queries import planning as queries
from cotutelle.rotations.queries.planning_months import period_of
from cotutelle.rotations.queries.planning_swaps import exchange_of, present_of
from cotutelle.rotations.services import planning_swaps as services
from cotutelle.rotations.views.planning_common import SWAP_KINDS
from cotutelle.rotations.views.planning_own import stay_or_404
from cotutelle.ui.listing import Choice, Listing, Sort
from cotutelle.ui.violations import show_violation

MOST_OFFERS = 30


@requires("rotations.view_swap")
@require_safe
def swap_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Swap] = Listing(
        request.GET,
        queries.swaps_visible_to(actor_of(request)),
        sorts=[Sort("newest", _("newest first"), ["-asked_at", "-id"])],
        choices=[Choice("state", _("State"), SwapState.choices, "state")],
    )
    for row in listing.rows:
        row.kind = SWAP_KINDS[row.state]  # type: ignore[attr-defined]
    return render(request, "rotations/planning/swaps.html", {"listing": listing})


@requires("rotations.ask_swap")
@require_http_methods(["GET", "HEAD", "POST"])
def swap_ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    mine = stay_or_404(actor_of(request), public_id)
    check(request.user, "rotations.ask_swap", mine.participant)
    offers = _offers(mine)
    form = SwapForm(
        request.POST or None, offers=[(str(row.public_id), _offer_text(row)) for row in offers]
    )
    if request.method == "POST" and form.is_valid():
        other = next(row for row in offers if str(row.public_id) == form.cleaned_data["other"])
        try:
            made = services.ask_swap(
                mine, other, note=form.cleaned_data["note"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Asked. The other trainee answers first."))
            return redirect("rotations:swap", made.public_id)
    context = {
        "form": form,
        "stay": mine,
        "when": month_text(mine.starts_on),
        "offers": offers,
        "title": _("Ask to exchange months"),
        "submit_label": _("Ask for the exchange"),
        "cancel_url": reverse("rotations:my-plan"),
    }
    return render(request, "rotations/planning/swap_ask.html", context)


def _offers(mine: Stay) -> list[Stay]:
    """Return stays of the same length of others with which the exchange would work."""
    cycle = mine.participant.cycle
    rows = (
        Stay.objects.filter(
            participant__cycle=cycle,
            participant__left_on__isnull=True,
            block__isnull=False,
            starts_on__gt=today(),
        )
        .exclude(participant=mine.participant)
        .select_related(
            "participant__cycle__unit",
            "participant__student__person",
            "ward__hospital",
            "block__department",
        )
        .order_by("starts_on", "id")
    )
    length = period_of(cycle, mine.ends_on) - period_of(cycle, mine.starts_on)
    same = [
        row
        for row in rows
        if period_of(cycle, row.ends_on) - period_of(cycle, row.starts_on) == length
        and (row.starts_on == mine.starts_on) == (row.block_id == mine.block_id)
        and (row.ward_id != mine.ward_id or row.starts_on != mine.starts_on)
    ]
    near = sorted(same, key=lambda row: (abs((row.starts_on - mine.starts_on).days), row.pk))
    found: list[Stay] = []
    present = present_of(cycle) if near else None
    for row in near[: MOST_OFFERS * 2]:
        if len(found) < MOST_OFFERS and not exchange_of(mine, row, present).code:
            found.append(row)
    return found


def _offer_text(row: Stay) -> str:
    return _("%(when)s, %(ward)s (%(name)s)") % {
        "when": month_text(row.starts_on),
        "ward": f"{row.ward.hospital.short_name} {row.ward.display_name}",
        "name": row.participant.student.display_name,
    }


@requires("rotations.view_swap")
@require_http_methods(["GET", "HEAD", "POST"])
def swap(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.swaps_visible_to(actor_of(request)), public_id=public_id)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _decide(request, found, form.cleaned_data["reason"])
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return redirect("rotations:swap", found.public_id)
    return render(request, "rotations/planning/swap.html", _context(request, found, form))


def _context(request: HttpRequest, found: Swap, form: DecisionForm) -> dict[str, Any]:
    actor = actor_of(request)
    own = found.asker_stay.participant.student.person_id == actor.pk
    asked = found.other_stay.participant.student.person_id == actor.pk
    is_open = found.state in {SwapState.ASKED, SwapState.AGREED}
    exchange = exchange_of(found.asker_stay, found.other_stay) if is_open else None
    stays = [
        {
            "name": stay.participant.student.display_name,
            "ward": f"{stay.ward.hospital.short_name} {stay.ward.display_name}",
            "when": " – ".join(
                dict.fromkeys((month_text(stay.starts_on), month_text(stay.ends_on)))
            ),
            "block": stay.block.department.display_name if stay.block else "",
        }
        for stay in (found.asker_stay, found.other_stay)
    ]
    return {
        "swap": found,
        "kind": SWAP_KINDS[found.state],
        "state_label": SwapState(found.state).label,
        "stays": stays,
        "form": form,
        "exchange": exchange,
        "may_answer": asked and found.state == SwapState.ASKED,
        "may_withdraw": own and is_open,
        "may_decide": found.state == SwapState.AGREED
        and may(request, "rotations.decide_swap", found),
    }


def _decide(request: HttpRequest, found: Swap, reason: str) -> None:
    actor = actor_of(request)
    what = request.POST.get("do", "")
    if what in {"agree", "decline"}:
        services.answer_swap(found, agrees=what == "agree", actor=actor)
        messages.success(request, _("Your answer was kept."))
    elif what == "withdraw":
        services.withdraw_swap(found, actor=actor)
        messages.success(request, _("The exchange was taken back."))
    else:
        services.decide_swap(found, approves=what == "approve", reason=reason, actor=actor)
        messages.success(request, _("Decided; both trainees were told."))
