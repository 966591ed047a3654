"""Rounds: the list, preparing one, its overview, and moving it on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.programmes.queries import cohorts_visible_to
from cotutelle.selection import queries, services
from cotutelle.selection.enums import Regime, RoundState, Stage
from cotutelle.selection.forms.officer import ANSWERS, DeadlineForm, NoteForm, RoundForm
from cotutelle.selection.models import AffinityScore, Round
from cotutelle.selection.queries import officer
from cotutelle.selection.queries.second_stage import needs_second
from cotutelle.selection.views import officer_steps as steps
from cotutelle.selection.views.officer_common import (
    STATE_KINDS,
    actor_of,
    kinds,
    may,
    page,
    round_or_404,
)
from cotutelle.selection.views.officer_second import pair_rules_in_words
from cotutelle.selection.views.round_rules import rules_in_words
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


@requires("selection.view_round")
def rounds(request: HttpRequest) -> HttpResponse:
    rows = queries.rounds_visible_to(actor_of(request)).select_related("unit", "cohort")
    listing = Listing(
        request.GET,
        officer.with_counts(rows),
        sorts=[
            Sort("newest", _("newest first"), ["-id"]),
            Sort("name", pgettext("of a thing", "name"), ["name_zh", "id"]),
            Sort("year", _("quota year"), ["-quota_year", "-id"]),
        ],
        choices=[Choice("state", _("State"), RoundState.choices, "state")],
        search=Search(["name_zh", "name_en", "cohort__name_zh"], _("Name of the round or cohort")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _rounds_table(listing), fmt)
    kinds(listing.rows, STATE_KINDS)
    return render(
        request,
        "selection/officer/rounds.html",
        {"listing": listing, "may_manage": may(request, "selection.manage_round")},
    )


def _rounds_table(listing: Listing[Any]) -> Table:
    columns = [
        Out(_("Round"), lambda r: r.display_name),
        Out(_("Cohort"), lambda r: r.cohort.display_name),
        Out(_("Unit"), lambda r: r.unit.display_name),
        Out(_("State"), lambda r: RoundState(r.state).label),
        Out(_("Students"), lambda r: r.students, "number"),
        Out(_("Lists handed in"), lambda r: r.lists, "number"),
        Out(_("With a place"), lambda r: r.placed, "number"),
    ]
    return Table(_("Selection rounds"), columns, listing.all_rows)


@requires("selection.manage_round")
def round_new(request: HttpRequest) -> HttpResponse:
    cohorts = cohorts_visible_to(actor_of(request)).select_related("unit").order_by("-year", "id")
    form = RoundForm(request.POST or None, cohorts=cohorts, initial=RoundForm.fresh_values())
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        cohort = form.chosen_cohort
        try:
            made = services.create_round(
                cohort.unit,
                cohort,
                form.rules,
                name_zh=typed["name_zh"],
                name_en=typed["name_en"],
                quota_year=typed["quota_year"],
                calendars=form.calendars,
                answers_close_at=typed["answers_close_at"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Round prepared. Add its students next."))
            return redirect("selection:round", made.public_id)
    return render(
        request,
        "selection/officer/round_form.html",
        {
            "form": form,
            "title": _("Prepare a selection round"),
            "submit_label": _("Prepare round"),
            "cancel_url": reverse("selection:rounds"),
            "no_cohorts": not form.fields["cohort"].choices,  # type: ignore[attr-defined]
        },
    )


@requires("selection.manage_round")
def round_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.manage_round")
    form = RoundForm(
        request.POST or None,
        cohorts=(),
        fixed=True,
        kept=steps.rules_of(found),
        initial=RoundForm.values_of(found),
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.edit_round(
                found,
                form.rules,
                name_zh=typed["name_zh"],
                name_en=typed["name_en"],
                quota_year=typed["quota_year"],
                calendars=form.calendars,
                answers_close_at=typed["answers_close_at"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Round saved."))
            return redirect("selection:round", found.public_id)
    return render(
        request,
        "selection/officer/round_form.html",
        {
            "form": form,
            "round": found,
            "title": _("Change %(name)s") % {"name": found.display_name},
            "submit_label": _("Save round"),
            "cancel_url": reverse("selection:round", args=[found.public_id]),
        },
    )


@requires("selection.view_round")
def round_overview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_round")
    figures = officer.figures_of(found)
    staff = may(request, "selection.view_participants", found)
    manages = may(request, "selection.manage_round", found)
    return page(
        request,
        "round",
        found,
        tab="overview",
        steps=steps.season_of(found, figures if staff else None),
        next_step=steps.next_step(found, figures) if manages else None,
        other_steps=steps.other_steps(found) if manages else (),
        figures=steps.key_figures(found, figures) if staff else (),
        calendars=found.calendars.order_by("opens_at", "id"),
        rules=[*rules_in_words(found), *pair_rules_in_words(found)],
        may_edit=manages and found.state == RoundState.DRAFT,
        may_move_deadline=manages and found.state in (RoundState.RANKING, RoundState.ANSWERING),
        may_step=manages
        and found.state == RoundState.ANSWERING
        and steps.rules_of(found).regime == Regime.SEQUENTIAL,
        may_finish=manages
        and found.state == RoundState.CLOSED
        and steps.rules_of(found).regime == Regime.SEQUENTIAL,
        affinity=_affinity(found) if manages else None,
        notice=found.public_notices.order_by("-id").first(),
        predecessor=found.supplements,
        first_round=found.first_round,
        second_rounds=found.second_rounds.order_by("-id")
        if found.state == RoundState.CONFIRMED
        else (),
        may_find_second=manages
        and found.state == RoundState.CONFIRMED
        and found.stage == Stage.FIRST
        and needs_second(found).exists(),
        supplement=found.supplements_of.order_by("-id").first(),
    )


def _affinity(round_: Round) -> dict[str, Any] | None:
    """Return how far affinity is computed while it still helps students to choose."""
    if round_.state not in (RoundState.DRAFT, RoundState.RANKING):
        return None
    return AffinityScore.objects.filter(participant__round=round_).aggregate(
        at=Max("computed_at"), students=Count("participant", distinct=True)
    )


@requires("selection.view_review")
def round_history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    return page(request, "round_history", found, tab="history", entries=history_of(found))


@requires("selection.manage_round")
def round_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask before a round moves; every consequence is named with its number."""
    found = round_or_404(request, public_id, "selection.manage_round")
    to = request.POST.get("to") or request.GET.get("to", "")
    figures = officer.figures_of(found)
    move = steps.move_to(found, to, figures)
    if move is None:
        messages.warning(request, _("The round has moved on meanwhile. Nothing was changed."))
        return redirect("selection:round", found.public_id)
    form = None
    if move.needs_reason:
        form = NoteForm(
            request.POST or None, help_text=_("Everybody who is told of this step reads it.")
        )
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            services.move_round(
                found,
                RoundState(to),
                actor=actor_of(request),
                reason=form.cleaned_data["note"] if form else "",
            )
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(request, move.done)
        return redirect("selection:round", found.public_id)
    return render(
        request,
        "selection/officer/ask.html",
        {
            "round": found,
            "to": to,
            "form": form,
            "title": move.label,
            "says": move.says,
            "changes": move.changes,
            "button": move.button,
            "undo": move.undo,
            "cancel_url": reverse("selection:round", args=[found.public_id]),
        },
    )


@requires("selection.manage_round")
def round_deadline(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Move the end of a calendar while people write; everybody concerned is told."""
    found = round_or_404(request, public_id, "selection.manage_round")
    form = DeadlineForm(
        request.POST or None,
        routes=list(found.calendars.order_by("opens_at").values_list("route", flat=True)),
        initial={"which": request.GET.get("route", "")},
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.move_deadline(
                found,
                typed["which"] if typed["which"] != ANSWERS else None,
                typed["closes_at"],
                reason=typed["reason"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Deadline moved. Everybody concerned has been told."))
            return redirect("selection:round", found.public_id)
    return render(
        request,
        "selection/officer/round_form.html",
        {
            "form": form,
            "round": found,
            "title": _("Move a deadline"),
            "submit_label": _("Move deadline"),
            "cancel_url": reverse("selection:round", args=[found.public_id]),
        },
    )


@requires("selection.manage_round")
@require_POST
def sequential_step(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send out the next choices, or conclude the steps (sequential regime)."""
    found = round_or_404(request, public_id, "selection.manage_round")
    try:
        if request.POST.get("finish"):
            services.finish_steps(found, actor=actor_of(request))
            messages.success(request, _("Concluded. Review the result and publish it."))
            return redirect("selection:review", found.public_id)
        sent = services.start_step(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, _("Choices sent to mentors: %(n)s.") % {"n": sent})
    return redirect("selection:round", found.public_id)
