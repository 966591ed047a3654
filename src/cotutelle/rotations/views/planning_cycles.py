"""Cycles: the list, one cycle, its rules, its events."""

from __future__ import annotations

from functools import reduce
from operator import or_
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import SHOWN, entries_about, lines
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import CycleState, ScenarioKind, ScenarioState
from cotutelle.rotations.forms.planning import CycleForm, EventForm, RulesForm
from cotutelle.rotations.models import Cycle, Scenario
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries import planning as queries
from cotutelle.rotations.queries.planning_months import span_text
from cotutelle.rotations.queries.planning_review import published_scenario
from cotutelle.rotations.services import planning_cycles, planning_scenarios, planning_wishes
from cotutelle.rotations.views.planning_common import (
    CYCLE_KINDS,
    SCENARIO_KINDS,
    cycle_or_404,
    cycle_page,
    scenario_name,
    scenario_state,
)
from cotutelle.rotations.views.setup_common import setup_tabs
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


@requires("rotations.view_cycles")
@require_safe
def cycle_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Cycle] = Listing(
        request.GET,
        queries.cycles_visible_to(actor_of(request)),
        sorts=[
            Sort("newest", _("newest first"), ["-starts_on", "-id"]),
            Sort("name", pgettext("of a thing", "name"), ["name_zh", "id"]),
        ],
        choices=[Choice("state", _("State"), CycleState.choices, "state")],
        search=Search(["name_zh", "name_en"], _("Name of the plan")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Plan"), lambda c: c.display_name),
            Out(_("Unit"), lambda c: c.unit.display_name),
            Out(_("First month"), lambda c: c.starts_on, "date"),
            Out(_("Months"), lambda c: c.months, "number"),
            Out(_("Trainees"), lambda c: c.people, "number"),
            Out(_("State"), lambda c: CycleState(c.state).label),
        ]
        return download(request, Table(_("Rotation plans"), columns, listing.all_rows), fmt)
    for row in listing.rows:
        row.kind = CYCLE_KINDS[row.state]  # type: ignore[attr-defined]
        row.when = span_text(row, 0, row.months - 1)  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "tab_items": setup_tabs(request, "cycles"),
        "may_plan": may(request, "rotations.plan_cycle"),
    }
    return render(request, "rotations/planning/cycles.html", context)


@requires("rotations.plan_cycle")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = CycleForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        unit = form.cleaned_data["unit"]
        try:
            with transaction.atomic():
                made = planning_cycles.create_cycle(unit, form.data_typed, PlanRules(), actor=actor)
                students = queries.plannable_students(actor).filter(
                    cohort__in=form.cleaned_data["cohorts"]
                )
                count = planning_cycles.add_participants(
                    made,
                    students,
                    default=form.cleaned_data["curriculum"],
                    by_specialty=queries.curricula_in_force(unit),
                    actor=actor,
                )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            says = ngettext(
                "Plan prepared with %(n)d trainee.", "Plan prepared with %(n)d trainees.", count
            )
            messages.success(request, says % {"n": count})
            return redirect("rotations:cycle", made.public_id)
    context = {
        "form": form,
        "title": _("Prepare a rotation plan"),
        "lead": _("Nobody is told before a plan is published."),
        "submit_label": _("Prepare the plan"),
        "cancel_url": reverse("rotations:cycles"),
    }
    return render(request, "rotations/planning/form.html", context)


@requires("rotations.view_cycles")
@require_safe
def cycle(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = cycle_or_404(request, public_id, "rotations.view_cycle")
    rows = list(found.scenarios.select_related("created_by").order_by("-number"))
    for row in rows:
        row.badge = SCENARIO_KINDS[row.state]  # type: ignore[attr-defined]
        row.says = scenario_state(row)  # type: ignore[attr-defined]
        row.label = scenario_name(row)  # type: ignore[attr-defined]
        row.changed = (row.outcome.get("replan") or {}).get("changed_months")  # type: ignore[attr-defined]
    return cycle_page(
        request,
        "cycle",
        found,
        "overview",
        scenarios=rows,
        states=dict(ScenarioState.choices),
        people=found.participants.filter(left_on__isnull=True).count(),
        when=span_text(found, 0, found.months - 1),
        in_force=published_scenario(found),
        open_events=found.events.filter(settled_at__isnull=True).count(),
        may_board=may(request, "rotations.view_board", found),
        is_running=any(row.state in {"waiting", "computing"} for row in rows),
        pair=[row for row in rows if row.stays][:2],
    )


@requires("rotations.plan_cycle")
@require_POST
def scenario_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = cycle_or_404(request, public_id, "rotations.plan_cycle")
    kind = request.POST.get("kind", ScenarioKind.PLAN)
    kind = kind if kind in {ScenarioKind.PLAN, ScenarioKind.REPLAN} else ScenarioKind.PLAN
    try:
        made: Scenario = planning_scenarios.request_scenario(
            found,
            kind=kind,
            base=published_scenario(found) if kind == ScenarioKind.REPLAN else None,
            actor=actor_of(request),
        )
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("rotations:cycle", found.public_id)
    return redirect("rotations:scenario", made.public_id)


@requires("rotations.plan_cycle")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_rules(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = cycle_or_404(request, public_id, "rotations.plan_cycle")
    initial = PlanRules.from_parameters(found.rules).as_parameters()
    form = RulesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            planning_cycles.set_rules(found, form.rules, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Planning rules saved. The next computation follows them."))
            return redirect("rotations:cycle", found.public_id)
    return cycle_page(request, "rules", found, "rules", form=form, submit_label=_("Save the rules"))


@requires("rotations.view_board")
@require_safe
def cycle_history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = cycle_or_404(request, public_id, "rotations.view_board")
    things = (found, *found.scenarios.all())
    entries = reduce(or_, map(entries_about, things)).order_by("-id")[:SHOWN]
    return cycle_page(request, "history", found, "history", entries=lines(entries))


@requires("rotations.plan_cycle")
@require_POST
def cycle_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = cycle_or_404(request, public_id, "rotations.plan_cycle")
    try:
        planning_cycles.archive_cycle(found, actor=actor_of(request))
        messages.success(request, _("Rotation plan archived."))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    return redirect("rotations:cycle", found.public_id)


@requires("rotations.view_board")
@require_http_methods(["GET", "HEAD", "POST"])
def events(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = cycle_or_404(request, public_id, "rotations.view_board")
    actor = actor_of(request)
    form = EventForm(request.POST or None, cycle=found, actor=actor)
    if request.method == "POST":
        check(actor, "rotations.plan_cycle", found)
        if form.is_valid():
            try:
                planning_wishes.record_event(found, form.event, actor=actor)
            except RuleViolation as violation:
                show_violation(form, violation)
            else:
                messages.success(request, _("Event recorded. Re-plan to answer it."))
                return redirect("rotations:events", found.public_id)
    rows = list(queries.events_visible_to(actor).filter(cycle=found).order_by("-created_at", "-id"))
    for row in rows:
        row.when = _event_span(found, row.first, row.last)  # type: ignore[attr-defined]
    return cycle_page(
        request,
        "events",
        found,
        "events",
        form=form,
        rows=rows,
        submit_label=_("Record the event"),
        open_events=sum(1 for row in rows if row.settled_at is None),
    )


def _event_span(cycle: Cycle, first: int, last: int | None) -> str:
    if last is None:
        return _("from %(month)s") % {"month": span_text(cycle, first, first)}
    return span_text(cycle, first, last)


@requires("rotations.plan_cycle")
@require_POST
def event_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    event = get_object_or_404(queries.events_visible_to(actor_of(request)), public_id=public_id)
    try:
        planning_wishes.remove_event(event, actor=actor_of(request))
        messages.success(request, _("Event taken back."))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    return redirect("rotations:events", event.cycle.public_id)
