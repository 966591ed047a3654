"""The what-if room: scenarios of a round, what each would change, and three side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Run
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.selection.enums import Algorithm, ScenarioState
from cotutelle.selection.forms.scenario import CopyForm, ScenarioForm
from cotutelle.selection.models import Participant, Round, Scenario
from cotutelle.selection.queries.scenario_names import Names
from cotutelle.selection.queries.scenarios import bases_for, home_of, scenarios_visible_to
from cotutelle.selection.services import scenarios as services
from cotutelle.selection.views import scenario_words as words
from cotutelle.selection.views.officer_common import actor_of, kinds, may, page, round_or_404
from cotutelle.selection.views.officer_review import MOVES
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

AS_IT_STANDS = "now"
SIDE_BY_SIDE = 3
PINS_SHOWN = 20


def scenario_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Scenario:
    """Return the scenario if the reader may see it, and check ``permission`` on it."""
    found = get_object_or_404(scenarios_visible_to(actor_of(request)), public_id=public_id)
    check(actor_of(request), permission, found)
    return found


def base_label(run: Run | None, round_: Round, *, own: bool) -> str:
    """Say what a scenario starts from."""
    if run is None:
        return _("The round as it stands")
    number = _("Run %(n)s") % {"n": run.number}
    if own:
        return number
    return _("%(round)s, %(run)s") % {"round": round_.display_name, "run": number}


def label_of_base(scenario: Scenario) -> str:
    """Say what this scenario starts from."""
    home = home_of(scenario)
    return base_label(scenario.base, home, own=home.pk == scenario.round_id)


# ---------------------------------------------------------------- the room


@requires("selection.view_review")
def room(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    rows = scenarios_visible_to(actor_of(request)).filter(round=found)
    listing = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("newest", _("newest first"), ["-id"]),
            Sort("name", pgettext("of a thing", "name"), ["name", "id"]),
        ],
        choices=[Choice("state", _("State"), ScenarioState.choices, "state")],
        search=Search(["name", "note"], _("Name or note")),
    )
    kinds(listing.rows, words.SCENARIO_KINDS)
    homes = Round.objects.in_bulk({row.base.subject_id for row in listing.rows if row.base})
    for row in listing.rows:
        home = homes[row.base.subject_id] if row.base else found
        own = home.pk == found.pk
        row.base_label = base_label(row.base, home, own=own)  # type: ignore[attr-defined]
        row.changes = len(row.edits) + len(row.rules)  # type: ignore[attr-defined]
        row.size = ((row.result or {}).get("now") or {}).get("size")  # type: ignore[attr-defined]
        compared = bool(row.result and "now" in row.result) and words.has_base(row.result or {})
        row.moved = len((row.result or {}).get("moved", ())) if compared else None  # type: ignore[attr-defined]
    return page(
        request,
        "scenarios",
        found,
        tab="decisions",
        listing=listing,
        may_write=may(request, "selection.run_round", found)
        and bool(bases_for(found, actor_of(request))),
        bulk_url="",
    )


@requires("selection.run_round")
def new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.run_round")
    bases = {
        str(run.public_id) if run else AS_IT_STANDS: (
            run,
            base_label(run, of, own=of.pk == found.pk),
        )
        for run, of in bases_for(found, actor_of(request))
    }
    form = ScenarioForm(
        request.POST or None,
        bases=[(key, label) for key, (_run, label) in bases.items()],
        initial={"base": request.GET.get("base", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_scenario(
                found,
                name=form.cleaned_data["name"],
                note=form.cleaned_data["note"],
                base=bases[form.cleaned_data["base"]][0],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return redirect("selection:scenario", made.public_id)
    return render(
        request,
        "selection/officer/scenario_form.html",
        {
            "round": found,
            "form": form,
            "title": _("New what-if"),
            "submit_label": _("Begin the what-if"),
            "cancel_url": reverse("selection:scenarios", args=[found.public_id]),
        },
    )


# ---------------------------------------------------------------- one scenario


@requires("selection.view_review")
def scenario(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "selection.view_review")
    home = home_of(found)
    names = Names(home)
    result: Mapping[str, Any] = found.result or {}
    context: dict[str, Any] = {
        "scenario": found,
        "kind": words.SCENARIO_KINDS[found.state],
        "base": label_of_base(found),
        "edits": words.edit_words(found.edits, names),
        "rules": words.rule_words(found.rules),
        "may_write": may(request, "selection.run_round", found),
        "menu": [
            {"kind": kind, "icon": icon, "label": label}
            for kind, (icon, label) in words.EDITS.items()
            if kind != "accept"
        ],
        "copy_form": CopyForm(initial={"name": _copy_name(found)}),
        "fault": result.get("fault", ""),
        "missed": words.missed_words(result.get("missed", ()), names),
        "diagnosis": words.diagnosis_words(result["infeasible"], names)
        if result.get("infeasible")
        else None,
    }
    if found.state == ScenarioState.DONE:
        context |= _figures(result, names)
    return page(request, "scenario", found.round, **context)


def _copy_name(scenario: Scenario) -> str:
    taken = set(scenario.round.scenarios.values_list("name", flat=True))
    numbers = range(2, len(taken) + 3)
    return next(n for n in (f"{scenario.name[:90]} {i}" for i in numbers) if n not in taken)


def _figures(result: Mapping[str, Any], names: Names) -> dict[str, Any]:
    was, now = result["before"], result["now"]
    compared = words.has_base(result)
    pins = words.pin_rows(result, names)
    return {
        "headline": words.headline(result),
        "profile": words.profile_chart(
            [*([(_("Base"), was)] if compared else []), (_("What-if"), now)]
        ),
        "compared": compared,
        "profile_says": _("Students by the place of the choice they got. n = %(n)s.")
        % {"n": f"{now['students']:,}"},
        "figures": [
            {
                "label": _("With a place"),
                "value": f"{now['size']:,}",
                "unit": _delta(now["size"], was["size"]) if compared else "",
            },
            {
                "label": _("First choice"),
                "value": f"{_first(now):,}",
                "unit": _delta(_first(now), _first(was)) if compared else "",
            },
            *(
                [{"label": _("Another result"), "value": f"{len(result['moved']):,}"}]
                if compared
                else []
            ),
            {"label": _("Computed in"), "value": f"{result['cpu_seconds']:.2f}", "unit": _("s")},
        ],
        "proof": words.proof(now),
        "way": Algorithm(result["algorithm"]).label,
        "load": words.load_rows(result),
        "causes": words.cause_rows(result["moved"]),
        "tolerated": words.tolerated_rows(result),
        "pins": pins[:PINS_SHOWN],
        "more_pins": len(pins) - len(pins[:PINS_SHOWN]) + result["pins_left_out"],
        "kept": result["kept_answers"],
    }  # fmt: skip


def _first(figures: Mapping[str, Any]) -> int:
    return figures["profile"][0] if figures["profile"] else 0


def _delta(now: int, was: int) -> str:
    return f"{now - was:+,}" if now != was else "±0"


@requires("selection.run_round")
@require_POST
def compute(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "selection.run_round")
    try:
        job = services.start_computing(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("selection:scenario", found.public_id)
    return redirect("jobs:job", job.public_id)


@requires("selection.run_round")
@require_POST
def copy(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "selection.run_round")
    try:
        made = services.copy_scenario(
            found, name=request.POST.get("name", ""), actor=actor_of(request)
        )
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("selection:scenario", found.public_id)
    messages.success(request, _("Copied. Change it and compute it."))
    return redirect("selection:scenario", made.public_id)


@requires("selection.run_round")
@require_POST
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "selection.run_round")
    try:
        services.remove_scenario(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("selection:scenario", found.public_id)
    messages.success(request, _("The what-if is removed; the round is as it was."))
    return redirect("selection:scenarios", found.round.public_id)


# ---------------------------------------------------------------- who would move


@requires("selection.view_review")
def moved(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """List the students whose result would differ."""
    found = scenario_or_404(request, public_id, "selection.view_review")
    rows = {one["student"]: one for one in (found.result or {}).get("moved", ())}
    home = home_of(found)

    def with_(field: str, value: str) -> list[str]:
        return [key for key, one in rows.items() if one[field] == value]

    listing: Listing[Participant] = Listing(
        request.GET,
        home.participants.filter(public_id__in=rows).select_related(
            "student__person", "student__unit"
        ),
        sorts=[Sort("name", _("student"), ["student__person__name_sort", "id"])],
        choices=[
            Choice(
                "move", _("What becomes of them"), [(k, v[0]) for k, v in MOVES.items()],
                apply=lambda people, value: people.filter(public_id__in=with_("move", value)),
            ),
            Choice(
                "cause", _("Cause"), list(words.ALL_CAUSES.items()),
                apply=lambda people, value: people.filter(public_id__in=with_("cause", value)),
            ),
        ],
        search=Search((), _("Name or number"), apply=_by_name),
    )  # fmt: skip
    names = Names(home).load(
        offers=[k for o in rows.values() for k in (o["before"], o["after"]) if k]
    )

    def shown(one: Participant) -> dict[str, Any]:
        row = rows[str(one.public_id)]
        label, kind, icon = MOVES[row["move"]]
        return {
            "name": one.student.display_name,
            "number": one.student.candidate_number,
            "before": names.of("offer", row["before"]),
            "after": names.of("offer", row["after"]),
            "rank_before": row["rank_before"],
            "rank_after": row["rank_after"],
            "label": label,
            "kind": kind,
            "icon": icon,
            "cause": words.ALL_CAUSES[row["cause"]],
        }

    if fmt := request.GET.get("format"):
        return download(request, _moved_table(found, map(shown, listing.all_rows)), fmt)
    return page(
        request, "scenario_moved", found.round, scenario=found, listing=listing,
        shown=[shown(one) for one in listing.rows],
    )  # fmt: skip


def _by_name(rows: QuerySet[Participant], text: str) -> QuerySet[Participant]:
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(student__person__in=people) | Q(student__candidate_number__contains=text.strip())
    )


def _moved_table(scenario: Scenario, rows: Any) -> Table:
    return Table(
        scenario.name,
        [
            Out(_("Candidate number"), lambda r: r["number"]),
            Out(_("Student"), lambda r: r["name"]),
            Out(_("Base"), lambda r: r["before"]),
            Out(_("Choice in the base"), lambda r: r["rank_before"], "number"),
            Out(_("What-if"), lambda r: r["after"]),
            Out(_("Choice in the what-if"), lambda r: r["rank_after"], "number"),
            Out(_("What becomes of them"), lambda r: str(r["label"])),
            Out(_("Cause"), lambda r: str(r["cause"])),
        ],
        rows,
        header=_("A what-if, not a result: nobody has this place"),
    )


# ---------------------------------------------------------------- side by side


@requires("selection.view_review")
def side_by_side(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show up to three computed scenarios beside each other."""
    found = round_or_404(request, public_id, "selection.view_review")
    rows = scenarios_visible_to(actor_of(request)).filter(round=found, state=ScenarioState.DONE)
    picked = request.GET.getlist("pick")
    every = list(rows.order_by("-id"))
    chosen = [one for one in every if str(one.public_id) in picked][:SIDE_BY_SIDE]
    if len(chosen) < 2:  # noqa: PLR2004  two to compare
        messages.info(request, _("Pick two or three computed what-ifs."))
        return redirect("selection:scenarios", found.public_id)
    if len(picked) > SIDE_BY_SIDE:
        messages.info(request, _("Three fit side by side; the newest of those picked are shown."))
    return page(
        request,
        "scenario_compare",
        found,
        columns=[_column(one) for one in chosen],
        profile=words.profile_chart([(one.name, _result(one)["now"]) for one in chosen]),
        profile_says=_("Students by the place of the choice they got."),
    )


def _result(one: Scenario) -> Mapping[str, Any]:
    assert isinstance(one.result, Mapping)  # noqa: S101  only computed ones are compared
    return one.result


def _column(one: Scenario) -> dict[str, Any]:
    result = _result(one)
    now = result["now"]
    return {
        "scenario": one,
        "base": label_of_base(one),
        "changes": len(one.edits) + len(one.rules),
        "way": Algorithm(result["algorithm"]).label,
        "proof": words.proof(now),
        "students": now["students"],
        "size": now["size"],
        "compared": words.has_base(result),
        "delta": _delta(now["size"], result["before"]["size"]) if words.has_base(result) else "",
        "first": _first(now),
        "unplaced": now["students"] - now["size"],
        "moved": len(result["moved"]),
        "tolerated": sum(now["tolerated"].values()),
        "seconds": result["cpu_seconds"],
    }
