"""After the result: who is placed where, free places, and the supplementary round."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.programmes.enums import Route
from cotutelle.programmes.queries import score_paths
from cotutelle.selection import queries, services
from cotutelle.selection.enums import PlacementSource, PlacementState, RoundState, Stage
from cotutelle.selection.forms.officer import FillForm, NoteForm, SupplementForm
from cotutelle.selection.models import Placement
from cotutelle.selection.queries import officer
from cotutelle.selection.queries.vacancies import unplaced
from cotutelle.selection.views.officer_common import (
    PLACEMENT_KINDS,
    actor_of,
    kinds,
    may,
    page,
    round_or_404,
)
from cotutelle.selection.views.officer_people import mentors_of
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

SHOWN = 500


# ---------------------------------------------------------------- outcome


def _by_name(rows: QuerySet[Placement], text: str) -> QuerySet[Placement]:
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(participant__student__person__in=people)
        | Q(offer__mentor__person__in=people)
        | Q(participant__student__candidate_number__contains=text.strip())
    )


@requires("selection.view_participants")
def outcome(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show every placement; the exported file has a watermark where it holds scores."""
    found = round_or_404(request, public_id, "selection.view_participants")
    rows = queries.placements_visible_to(actor_of(request)).filter(round=found)
    listing = Listing(
        request.GET,
        rows.select_related("offer__team__second__person"),
        sorts=[
            Sort("name", _("student"), ["participant__student__person__name_sort", "id"]),
            Sort("unit", _("unit"), ["offer__unit__name_sort", "offer__number", "id"]),
            Sort("rank", _("place of the choice"), ["student_rank", "id"]),
        ],
        choices=[
            Choice("state", _("State"), PlacementState.choices, "state"),
            Choice("source", _("How it came about"), PlacementSource.choices, "source"),
            Choice("route", _("Admission route"), Route.choices, "participant__student__route"),
        ],
        search=Search((), _("Student, number or mentor"), apply=_by_name),
    )
    paths = score_paths(actor_of(request))
    if fmt := request.GET.get("format"):
        return download(request, _outcome_table(listing, paths), fmt, watermark=bool(paths))
    kinds(listing.rows, PLACEMENT_KINDS)
    return page(request, "outcome", found, tab="decisions", listing=listing)


def _outcome_table(listing: Listing[Placement], paths: tuple[str, ...]) -> Table:
    def score(row: Placement) -> Any:
        student = row.participant.student
        return student.admission_score if student.unit.path.startswith(paths) else None

    columns = [
        Out(_("Candidate number"), lambda p: p.participant.student.candidate_number),
        Out(_("Student"), lambda p: p.participant.student.display_name),
        Out(_("Unit of the student"), lambda p: p.participant.student.unit.display_name),
        Out(_("Admission route"), lambda p: Route(p.participant.student.route).label),
        Out(_("Offer"), lambda p: p.offer.title),
        Out(_("Mentor"), lambda p: mentors_of(p.offer)),
        Out(_("Unit"), lambda p: p.offer.unit.display_name),
        Out(_("Place of the choice"), lambda p: p.student_rank, "number"),
        Out(_("How it came about"), lambda p: PlacementSource(p.source).label),
        Out(_("State"), lambda p: PlacementState(p.state).label),
    ]
    if paths:
        columns.append(Out(_("Admission score"), score, "number"))
    return Table(_("Outcome"), columns, listing.all_rows)


# ---------------------------------------------------------------- free places


@requires("selection.view_review")
def vacancies(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    manages = may(request, "selection.fill_vacancy", found)
    confirmed = found.state == RoundState.CONFIRMED
    return page(
        request,
        "vacancies",
        found,
        tab="decisions",
        free=officer.vacancies(found),
        unplaced=list(unplaced(found)[:SHOWN]),
        placements=list(
            officer.on_notice(found).order_by("participant__student__person__name_sort", "id")[
                :SHOWN
            ]
        )
        if manages and confirmed
        else [],
        may_fill=manages and confirmed,
        may_supplement=manages and confirmed and may(request, "selection.manage_round", found),
        supplement=found.supplements_of.order_by("-id").first(),
    )


@requires("selection.fill_vacancy")
def fill(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a free place to a student without one."""
    found = round_or_404(request, public_id, "selection.fill_vacancy")
    students = {str(p.public_id): p for p in unplaced(found)[:SHOWN]}
    offers = {str(v.offer.public_id): v.offer for v in officer.vacancies(found)}
    form = FillForm(
        request.POST or None,
        participants={key: p.student.display_name for key, p in students.items()},
        offers={key: f"{mentors_of(o)}: {o.title}" for key, o in offers.items()},
        initial={
            "participant": request.GET.get("participant", ""),
            "offer": request.GET.get("offer", ""),
        },
    )
    if request.method == "POST" and form.is_valid():
        participant = students[form.cleaned_data["participant"]]
        try:
            services.fill_vacancy(
                participant, offers[form.cleaned_data["offer"]], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("%(name)s has a place now.") % {"name": participant.student.display_name}
            )
            return redirect("selection:vacancies", found.public_id)
    return render(
        request,
        "selection/officer/round_form.html",
        {
            "form": form,
            "round": found,
            "title": _("Fill a free place"),
            "submit_label": _("Place the student"),
            "cancel_url": reverse("selection:vacancies", args=[found.public_id]),
        },
    )


@requires("selection.fill_vacancy")
def vacate(request: HttpRequest, public_id: UUID, placement: UUID) -> HttpResponse:
    """Free the place of somebody who does not come; the reason is kept."""
    found = round_or_404(request, public_id, "selection.fill_vacancy")
    rows = found.placements.select_related("participant__student__person", "offer")
    held = get_object_or_404(rows, public_id=placement)
    form = NoteForm(
        request.POST or None,
        help_text=_(
            "For example: did not arrive, entry deferred. The student and the mentor read it."
        ),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.vacate_placement(
                held, reason=form.cleaned_data["note"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("The place is free again."))
            return redirect("selection:vacancies", found.public_id)
    name = held.participant.student.display_name
    return render(
        request,
        "selection/officer/ask.html",
        {
            "round": found,
            "form": form,
            "title": _("Free the place of %(name)s") % {"name": name},
            "says": _("The student loses the place; nobody else is moved."),
            "changes": [
                {"icon": "mail", "text": _("Student and mentor are told"), "count": "2"},
                {
                    "icon": "arrow-back-up",
                    "text": _("The pair with the first mentor ends")
                    if found.stage == Stage.SECOND
                    else _("Place returned to the mentor's account"),
                    "count": "1",
                },
            ],
            "button": _("Free this place"),
            "cancel_url": reverse("selection:vacancies", args=[found.public_id]),
        },
    )


# ---------------------------------------------------------------- supplementary round


@requires("selection.manage_round")
def supplement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.manage_round")
    figures = officer.figures_of(found)
    free = sum(v.free for v in officer.vacancies(found))
    form = SupplementForm(
        request.POST or None,
        initial={
            "name_zh": f"{found.name_zh}（补选）",
            "name_en": f"{found.name_en} (supplementary)" if found.name_en else "",
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_supplement(
                found,
                name_zh=form.cleaned_data["name_zh"],
                name_en=form.cleaned_data["name_en"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Supplementary round prepared. Set its days next."))
            return redirect("selection:round-edit", made.public_id)
    button = ngettext(
        "Prepare a supplementary round for %(n)s student",
        "Prepare a supplementary round for %(n)s students",
        figures.unplaced,
    )
    return render(
        request,
        "selection/officer/ask.html",
        {
            "round": found,
            "form": form,
            "title": _("Supplementary round"),
            "says": _("A round of its own with the same rules. Confirmed pairs stay as they are."),
            "changes": [
                {
                    "icon": "users",
                    "text": _("Students without a place take part"),
                    "count": f"{figures.unplaced:,}",
                },
                {"icon": "door", "text": _("Free places are offered again"), "count": f"{free:,}"},
            ],
            "button": button % {"n": figures.unplaced},
            "cancel_url": reverse("selection:vacancies", args=[found.public_id]),
        },
    )
