"""Small forms of the what-if room: pick whom a change is about, then say what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.engines import matching
from cotutelle.selection.enums import Algorithm, OfferState
from cotutelle.selection.forms.scenario import OrderForm, PlacesForm, ScenarioRulesForm
from cotutelle.selection.models import Round, Scenario
from cotutelle.selection.queries.scenario_caps import cap_of, unbounded_units
from cotutelle.selection.queries.scenario_names import Names, offers_of, students_of
from cotutelle.selection.queries.scenarios import base_of, edited, home_of, rules_of
from cotutelle.selection.services import scenarios as services
from cotutelle.selection.views.officer_common import actor_of
from cotutelle.selection.views.officer_scenario_picks import SHOWN, STEPS, pick, picked, value_of
from cotutelle.selection.views.officer_scenarios import scenario_or_404
from cotutelle.selection.views.scenario_words import EDITS
from cotutelle.ui.violations import show_violation


@requires("selection.run_round")
def edit(request: HttpRequest, public_id: UUID, change: str) -> HttpResponse:
    """Pick what the change is about; then a small form, or one button."""
    kind = change
    found = scenario_or_404(request, public_id, "selection.run_round")
    if kind not in STEPS:
        raise Http404
    try:
        base = base_of(found)
        problem, _kept = edited(found, base)
    except (ValueError, matching.InvalidProblem) as error:
        messages.error(request, services.fault_words(error))
        return redirect("selection:scenario", found.public_id)
    for step in STEPS[kind]:
        if not picked(request, step, base.round, problem):
            return pick(request, found, kind, step, base.round, problem)
    return _WRITE.get(kind, _confirm)(request, found, kind, base.round, problem)


# ---------------------------------------------------------------- writing


def _write(
    request: HttpRequest, scenario: Scenario, change: Mapping[str, Any], form: Any = None
) -> HttpResponse | None:
    """Add the edit and go back; a refusal stays on the form, or is said on the scenario's page."""
    try:
        services.change_scenario(scenario, change, actor=actor_of(request))
    except RuleViolation as violation:
        if form is not None:
            show_violation(form, violation)
            return None
        messages.error(request, str(violation))
    else:
        messages.success(request, _("Noted. Compute to see what it changes."))
    return redirect("selection:scenario", scenario.public_id)


def _page(request: HttpRequest, scenario: Scenario, form: Any, **context: Any) -> HttpResponse:
    return render(
        request,
        "selection/officer/scenario_form.html",
        {
            "round": scenario.round,
            "scenario": scenario,
            "form": form,
            "submit_label": _("Note this change"),
            "cancel_url": reverse("selection:scenario", args=[scenario.public_id]),
            **context,
        },
    )


def _confirm(
    request: HttpRequest,
    scenario: Scenario,
    kind: str,
    home: Round,
    problem: matching.MatchingProblem,
) -> HttpResponse:
    """A change that needs nothing but its subject: one button."""
    change: dict[str, Any] = {"kind": kind}
    if kind == "unpin":
        change["student"] = value_of(request, "pinned")
    elif kind == "unban":
        change["student"], _gap, change["mentor"] = value_of(request, "banned").partition(".")
    elif kind == "join":
        gone = students_of(home).get(public_id=value_of(request, "gone"))
        change["student"] = str(gone.public_id)
        rows = gone.preferences.values_list("offer__public_id", flat=True)
        change["offers"] = [str(key) for key in rows if str(key) in problem.offers]
    else:
        change |= {step: value_of(request, step) for step in STEPS[kind]}
    if request.method == "POST":
        return _write(request, scenario, change) or redirect(
            "selection:scenario", scenario.public_id
        )
    names = Names(home)
    about = [
        names.of(step, change[step]) for step in ("student", "offer", "mentor") if step in change
    ]
    return render(
        request,
        "selection/officer/ask.html",
        {
            "round": scenario.round,
            "title": EDITS[kind][1],
            "says": " – ".join(about),
            "button": _("Note this change"),
            "cancel_url": reverse("selection:scenario", args=[scenario.public_id]),
        },
    )


def _list(
    request: HttpRequest,
    scenario: Scenario,
    kind: str,
    home: Round,
    problem: matching.MatchingProblem,
) -> HttpResponse:
    """A student's list: numbers beside the choices, and beside offers found by a search."""
    student = value_of(request, "student")
    listed = matching.listed_ids(problem.student_preferences[student])
    text = request.GET.get("q", "").strip()[:100]
    others = [
        str(o.public_id)
        for o in (offers_of(home, text).filter(state=OfferState.OPEN)[:SHOWN] if text else ())
        if str(o.public_id) in problem.offers and str(o.public_id) not in listed
    ]
    names = Names(home).load(offers=[*listed, *others], students=[student])
    form = OrderForm(
        request.POST or None,
        names={key: names.of("offer", key) for key in [*listed, *others]},
        places={key: place for place, key in enumerate(listed, 1)},
        ties=False,
    )
    if request.method == "POST" and form.is_valid():
        offers = [key for tier in form.tiers for key in tier]
        done = _write(request, scenario, {"kind": kind, "student": student, "offers": offers}, form)
        if done is not None:
            return done
    return _page(
        request, scenario, form,
        title=names.of("student", student),
        lead=_("Number the choices; an empty number takes one off the list."),
        search_label=_("Add offers: title, number or mentor"), q=text, carried={"student": student},
    )  # fmt: skip


def _answer(
    request: HttpRequest,
    scenario: Scenario,
    kind: str,
    home: Round,
    problem: matching.MatchingProblem,
) -> HttpResponse:
    """A mentor's answer: numbers beside the applicants, equal ones for equals."""
    mentor = value_of(request, "mentor")
    own = {key for key, offer in problem.offers.items() if offer.mentor_id == mentor}
    tiers = matching.tie_groups(problem.mentors[mentor].preferences)
    places = {key: place for place, tier in enumerate(tiers, 1) for key in tier}
    applicants = [
        key
        for key, listed in problem.student_preferences.items()
        if own.intersection(matching.listed_ids(listed))
    ]
    keys = sorted({*applicants, *places}, key=lambda key: (places.get(key, 1_000_000), key))
    names = Names(home).load(students=keys, mentors=[mentor])
    form = OrderForm(
        request.POST or None,
        names={key: names.of("student", key) for key in keys},
        places=places,
        ties=True,
    )
    if request.method == "POST" and form.is_valid():
        done = _write(
            request, scenario, {"kind": kind, "mentor": mentor, "tiers": form.tiers}, form
        )
        if done is not None:
            return done
    return _page(
        request, scenario, form,
        title=names.of("mentor", mentor),
        lead=_("Number the applicants; equal numbers are a tie, an empty number is not accepted."),
    )  # fmt: skip


def _places(
    request: HttpRequest,
    scenario: Scenario,
    kind: str,
    home: Round,
    problem: matching.MatchingProblem,
) -> HttpResponse:
    """Upper and lower number of places."""
    level, _gap, key = value_of(request, "place").partition(".")
    where: Mapping[str, Mapping[str, Any]] = {
        "offer": problem.offers,
        "mentor": problem.mentors,
        "group": problem.groups,
    }
    one = where[level][key]
    form = PlacesForm(
        request.POST or None,
        unbounded=level == "group",
        initial={"most": one.quota, "least": one.lower_quota},
    )
    if request.method == "POST" and form.is_valid():
        change = {"kind": kind, "level": level, "key": key, **form.cleaned_data}
        done = _write(request, scenario, change, form)
        if done is not None:
            return done
    return _page(
        request, scenario, form, title=Names(home).of(level, key),
        lead=_("Minimum places need the exact way of matching."),
    )  # fmt: skip


def _cap(
    request: HttpRequest,
    scenario: Scenario,
    kind: str,
    home: Round,
    problem: matching.MatchingProblem,
) -> HttpResponse:
    """Upper and lower number of places of a unit that has no limit."""
    unit = unbounded_units(home, problem)[value_of(request, "unit")]
    form = PlacesForm(request.POST or None, unbounded=True)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        change = cap_of(home, problem, unit, data["most"], data["least"])
        done = _write(request, scenario, change, form)
        if done is not None:
            return done
    return _page(
        request, scenario, form, title=unit.display_name,
        lead=_("Minimum places need the exact way of matching."),
    )  # fmt: skip


_WRITE: Mapping[
    str, Callable[[HttpRequest, Scenario, str, Round, matching.MatchingProblem], HttpResponse]
] = {"list": _list, "answer": _answer, "places": _places, "cap": _cap}


# ---------------------------------------------------------------- rules, undo, repairs


@requires("selection.run_round")
def rules(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "selection.run_round")
    form = ScenarioRulesForm.of(rules_of(found), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_rules(found, form.cleaned_data, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Noted. Compute to see what it changes."))
            return redirect("selection:scenario", found.public_id)
    home = home_of(found)
    return _page(
        request, found, form, title=_("Other rules"), submit_label=_("Note these rules"),
        lead=_("The rules of %(round)s stay as they are.") % {"round": home.display_name},
    )  # fmt: skip


@requires("selection.run_round")
@require_POST
def undo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "selection.run_round")
    return _press(request, found, lambda n: services.undo_edit(found, n, actor=actor_of(request)))


@requires("selection.run_round")
@require_POST
def repair(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make the changes of a repair in the copy, and only there."""
    found = scenario_or_404(request, public_id, "selection.run_round")
    return _press(
        request, found, lambda n: services.apply_repair(found, n, actor=actor_of(request))
    )


@requires("selection.run_round")
@require_POST
def exact(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let the copy be matched by the way that plans minimum places."""
    found = scenario_or_404(request, public_id, "selection.run_round")
    return _press(
        request,
        found,
        lambda _n: services.set_rules(
            found, {**found.rules, "algorithm": Algorithm.EXACT}, actor=actor_of(request)
        ),
    )


def _press(
    request: HttpRequest, scenario: Scenario, act: Callable[[int], Scenario]
) -> HttpResponse:
    number = request.POST.get("n", "")
    try:
        act(int(number[:9]) if number.isascii() and number.isdigit() else -1)
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, _("Noted. Compute to see what it changes."))
    return redirect("selection:scenario", scenario.public_id)
