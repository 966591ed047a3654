"""Terms: the list, one term, planning and publishing its week."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.jobs.queries import jobs_about
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import TermState
from cotutelle.rotations.forms.weekly import ProposeForm, TermForm
from cotutelle.rotations.models import Term
from cotutelle.rotations.queries import weekly as queries
from cotutelle.rotations.queries.weekly_clashes import clash_words
from cotutelle.rotations.queries.weekly_words import slot_text, unplaced_of
from cotutelle.rotations.services import weekly_planning, weekly_publication, weekly_terms
from cotutelle.rotations.services.weekly_teams import propose_series
from cotutelle.rotations.views.weekly_common import (
    TERM_KINDS,
    attempt,
    round_tabs,
    term_or_404,
    term_page,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

SHOWN_CHANGES = 200


@requires("rotations.view_terms")
@require_safe
def term_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Term] = Listing(
        request.GET,
        queries.terms_visible_to(actor_of(request)),
        sorts=[
            Sort("newest", _("newest first"), ["-starts_on", "-id"]),
            Sort("name", pgettext("of a thing", "name"), ["name_zh", "id"]),
        ],
        choices=[Choice("state", _("State"), TermState.choices, "state")],
        search=Search(["name_zh", "name_en"], pgettext("of a thing", "Name")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Term"), lambda t: t.display_name),
            Out(_("Unit"), lambda t: t.unit.display_name),
            Out(_("First day"), lambda t: t.starts_on, "date"),
            Out(_("Last day"), lambda t: t.ends_on, "date"),
            Out(pgettext("week", "Placed"), lambda t: t.outcome.get("placed"), "number"),
            Out(_("To be placed"), lambda t: t.outcome.get("of"), "number"),
            Out(_("State"), lambda t: TermState(t.state).label),
        ]
        return download(request, Table(_("Terms"), columns, listing.all_rows), fmt)
    context = {
        "listing": listing,
        "tab_items": round_tabs(request, "terms"),
        "may_add": may(request, "rotations.plan_week"),
        "rows": [(row, TERM_KINDS[row.state]) for row in listing.rows],
    }
    return render(request, "rotations/weekly/term_list.html", context)


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def term_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def term_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _edit(request, term_or_404(request, public_id, "rotations.plan_week"))


def _edit(request: HttpRequest, term: Term | None) -> HttpResponse:
    form = TermForm(request.POST or None, actor=actor_of(request), term=term)
    if request.method == "POST" and form.is_valid():
        try:
            made = weekly_terms.save_term(
                form.data_typed,
                unit=form.cleaned_data.get("unit"),
                term=term,
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return redirect("rotations:term", made.public_id)
    back = reverse("rotations:term", args=[term.public_id]) if term else reverse("rotations:terms")
    context = {
        "form": form,
        "title": _("Change the term") if term else _("Prepare a term"),
        "submit_label": _("Save term") if term else _("Prepare term"),
        "cancel_url": back,
        "back": (_("Terms"), reverse("rotations:terms")),
    }
    return render(request, "rotations/weekly/form.html", context)


@requires("rotations.view_terms")
@require_safe
def term(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What was planned, what has no slot and what would help, and the next step."""
    found = term_or_404(request, public_id)
    rows = list(queries.series_of(found))
    placed = sum(row.weekday is not None for row in rows)
    changes = weekly_publication.changes_of(found)
    job = jobs_about(found).first()
    run_seen = found.run is not None and may(request, "rotations.plan_week", found)
    return term_page(
        request,
        "term",
        found,
        "overview",
        total=len(rows),
        placed=placed,
        outcome=found.outcome,
        unplaced=unplaced_of(found) if may(request, "rotations.keep_meeting_rooms") else [],
        changed=len(changes.fresh) + len(changes.moved) + len(changes.gone),
        people=queries.people_of(found),
        said=queries.people_who_said(found),
        running=job if job is not None and job.state in {"queued", "running"} else None,
        run=found.run if run_seen else None,
    )


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def term_propose(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make the series from the mentorships."""
    found = term_or_404(request, public_id, "rotations.plan_week")
    form = ProposeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = propose_series(found, actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            said = _(
                "%(rounds)d joint rounds, %(half)d half-days, %(debriefings)d debriefings added;"
                " %(joined)d people put in."
            ) % {
                "rounds": made.rounds,
                "half": made.half_days,
                "debriefings": made.debriefings,
                "joined": made.joined,
            }
            attempt(request, lambda: made, said)
            return redirect("rotations:term-series", found.public_id)
    context = {
        "form": form,
        "title": _("Propose teams"),
        "lead": _(
            "Read from the mentor pairs and the plan in force. What is there is completed, never"
            " doubled."
        ),
        "submit_label": _("Propose teams"),
        "cancel_url": reverse("rotations:term", args=[found.public_id]),
        "back": (found.display_name, reverse("rotations:term", args=[found.public_id])),
    }
    return render(request, "rotations/weekly/form.html", context)


@requires("rotations.plan_week")
@require_POST
def term_plan(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = term_or_404(request, public_id, "rotations.plan_week")
    job = attempt(
        request,
        lambda: weekly_planning.request_week(found, actor=actor_of(request)),
        _("The week is being planned."),
    )
    if job is None:
        return redirect("rotations:term", found.public_id)
    return redirect("jobs:job", job.public_id)


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def term_review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What publishing changes, for how many; then do it."""
    found = term_or_404(request, public_id, "rotations.plan_week")
    if request.method == "POST":
        made = attempt(
            request,
            lambda: weekly_publication.publish_week(found, actor=actor_of(request)),
            _("Published. Everybody concerned was told, and calendars follow."),
        )
        name = "rotations:term" if made is not None else "rotations:term-review"
        return redirect(name, found.public_id)
    changes = weekly_publication.changes_of(found)
    clashes = weekly_publication.clashes_in(changes)
    people = queries.people_in(changes.series)
    button = ngettext("Publish to %(n)d person", "Publish to %(n)d people", people) % {"n": people}
    return term_page(
        request,
        "review",
        found,
        "",
        changes=changes,
        people=people,
        button=button,
        verdict=_verdict(found),
        clashes=clash_words(clashes) if clashes else "",
        rows=_rows(found, changes),
    )


def _rows(found: Term, changes: weekly_publication.Changes) -> list[dict[str, Any]]:
    """Return the series whose meetings change, with how many."""
    counted: dict[int, list[int]] = {}
    for place, rows in enumerate((changes.fresh, changes.moved, changes.gone)):
        for row in rows:
            counted.setdefault(row.series_id, [0, 0, 0])[place] += 1
    return [
        {"series": s, "when": slot_text(s), "counts": counted[s.pk]}
        for s in queries.series_of(found)
        if s.pk in counted
    ][:SHOWN_CHANGES]


def _verdict(found: Term) -> dict[str, Any] | None:
    if found.run is None:
        return None
    passed = found.run.verdict.get("ok") is True
    return {
        "passed": passed,
        "title": _("The independent check found no broken rule")
        if passed
        else _("The independent check refuses this plan"),
        "by": _(
            "Nobody is in two places at once, no room is used twice, no fixed time is touched."
        ),
        "checks": [
            {"label": _("Appointments with a slot"), "count": found.outcome.get("placed", 0)},
            {
                "label": _("Appointments without one"),
                "count": len(found.outcome.get("unplaced", ())),
                "kind": "info",
            },
        ],
    }


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def term_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = term_or_404(request, public_id, "rotations.plan_week")
    if request.method == "POST":
        attempt(
            request,
            lambda: weekly_terms.archive_term(found, actor=actor_of(request)),
            _("The term is archived."),
        )
        return redirect("rotations:term", found.public_id)
    context = {
        "title": _("Archive %(name)s") % {"name": found.display_name},
        "says": _("Its week cannot be changed any more. Meetings stay in calendars and lists."),
        "button": _("Archive the term"),
        "cancel_url": reverse("rotations:term", args=[found.public_id]),
    }
    return render(request, "ui/confirm.html", context)


@requires("rotations.keep_meeting_rooms")
@require_safe
def term_history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = term_or_404(request, public_id)
    return term_page(request, "history", found, "history", entries=history_of(found))
