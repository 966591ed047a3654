"""Who is planned in a cycle, with what wishes and constraints."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import WishKind
from cotutelle.rotations.forms.planning import AddPeopleForm, ParticipantForm, WishForm
from cotutelle.rotations.models import Curriculum, Cycle, Participant, StayPin, Wish
from cotutelle.rotations.queries import planning as queries
from cotutelle.rotations.queries.planning_months import first_day, period_text, span_text
from cotutelle.rotations.queries.planning_sheet import line_of, span_words, with_constraints
from cotutelle.rotations.services import planning_cycles, planning_wishes
from cotutelle.rotations.views.planning_common import (
    cycle_or_404,
    cycle_page,
    participant_or_404,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

TRAINEES = "trainees"
BINDING = [WishKind.FORBID_WARD, WishKind.FORBID_HOSPITAL, WishKind.AWAY, WishKind.RESEARCH]


def _by_name(rows: QuerySet[Participant], text: str) -> QuerySet[Participant]:
    return rows.filter(student__person__in=search(Person.objects.all(), text))


def _listing(request: HttpRequest, cycle: Cycle) -> Listing[Participant]:
    rows = (
        queries.participants_visible_to(actor_of(request))
        .filter(cycle=cycle)
        .annotate(
            wish_count=Count("wishes", distinct=True),
            bound_count=Count("wishes", filter=Q(wishes__kind__in=BINDING), distinct=True),
            pin_count=Count("pins", distinct=True),
        )
    )
    curricula = Curriculum.objects.filter(participants__cycle=cycle).distinct()
    return Listing(
        request.GET,
        rows,
        sorts=[
            Sort("name", _("name"), ["student__person__name_sort", "id"]),
            Sort("wishes", _("number of wishes"), ["-wish_count", "id"]),
        ],
        choices=[
            Choice(
                "curriculum",
                _("Curriculum"),
                [(str(c.public_id), str(c)) for c in curricula.order_by("specialty_code")],
                "curriculum__public_id",
            )
        ],
        toggles=[
            Toggle("bound", _("With constraints"), lambda q: q.filter(bound_count__gt=0)),
            Toggle("held", _("With stays held"), lambda q: q.filter(pin_count__gt=0)),
        ],
        search=Search([], _("Name or number"), apply=_by_name),
    )


@requires("rotations.view_board")
@require_safe
def people(request: HttpRequest, public_id: UUID) -> HttpResponse:
    cycle = cycle_or_404(request, public_id, "rotations.view_board")
    listing = _listing(request, cycle)
    if fmt := request.GET.get("format"):
        make = _trainee_table if request.GET.get("sheet") == TRAINEES else _wish_table
        return download(request, make(cycle, listing.all_rows), fmt, watermark=True)
    for row in listing.rows:
        row.from_month = period_text(cycle, row.first)  # type: ignore[attr-defined]
    return cycle_page(
        request,
        "people",
        cycle,
        "people",
        listing=listing,
        bulk_url="",
        trainees_url=f"{listing.xlsx_url}&sheet={TRAINEES}",
        may_import=may(request, "rotations.import_wishes"),
    )


def _trainee_table(_cycle: Cycle, rows: Any) -> Table:
    """Return the trainees with what binds them as the importer reads them."""
    keys = [row.pk for row in rows]
    places = with_constraints(Participant.objects.filter(pk__in=keys)).in_bulk()
    lines = [(places[key], line_of(places[key])) for key in keys]
    columns = [
        Out(_("Student number"), lambda line: line[0].student.person.number),
        Out(_("Name"), lambda line: line[0].student.display_name),
        Out(_("Curriculum"), lambda line: str(line[0].curriculum)),
        Out(_("From month"), lambda line: f"{line[1].first:%Y-%m}"),
        Out(_("To month"), lambda line: f"{line[1].last:%Y-%m}" if line[1].last else ""),
        Out(_("Not in these hospitals"), lambda line: "; ".join(line[1].forbidden)),
        Out(
            _("Protected research months"),
            lambda line: "; ".join(map(span_words, line[1].research)),
        ),
        Out(_("Stays held"), lambda line: "; ".join(map(str, line[1].pins))),
    ]
    return Table(_("Trainees with constraints"), columns, lines)


def _wish_table(cycle: Cycle, rows: Any) -> Table:
    """Return the wishes and constraints as the importer reads them; who has none is listed too."""
    people = list(rows)
    wishes: dict[int, list[Wish | None]] = {row.pk: [] for row in people}
    for wish in Wish.objects.filter(participant__in=people).select_related(
        "ward__hospital", "hospital"
    ):
        wishes[wish.participant_id].append(wish)
    lines = [(row, wish) for row in people for wish in (wishes[row.pk] or [None])]

    def month(period: int | None) -> str:
        return "" if period is None else f"{first_day(cycle, period):%Y-%m}"

    columns = [
        Out(_("Student number"), lambda line: line[0].student.person.number),
        Out(_("Name"), lambda line: line[0].student.display_name),
        Out(_("Curriculum"), lambda line: str(line[0].curriculum)),
        Out(_("Kind"), lambda line: WishKind(line[1].kind).label if line[1] else ""),
        Out(_("Ward"), lambda line: _code(line[1])),
        Out(
            _("Hospital"),
            lambda line: line[1].hospital.code if line[1] and line[1].hospital else "",
        ),
        Out(_("From month"), lambda line: month(line[1].first) if line[1] else ""),
        Out(_("To month"), lambda line: month(line[1].last) if line[1] else ""),
        Out(_("Weight"), lambda line: line[1].weight if line[1] else None, "number"),
        Out(_("Reason"), lambda line: line[1].reason if line[1] else ""),
    ]
    return Table(_("Wishes and constraints"), columns, lines)


def _code(wish: Wish | None) -> str:
    if wish is None or wish.ward is None:
        return ""
    return f"{wish.ward.hospital.code}/{wish.ward.code}"


@requires("rotations.plan_cycle")
@require_http_methods(["GET", "HEAD", "POST"])
def people_add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    cycle = cycle_or_404(request, public_id, "rotations.plan_cycle")
    actor = actor_of(request)
    form = AddPeopleForm(request.POST or None, cycle=cycle, actor=actor)
    if request.method == "POST" and form.is_valid():
        students = queries.plannable_students(actor).filter(cohort__in=form.cleaned_data["cohorts"])
        try:
            made = planning_cycles.add_participants(
                cycle,
                students,
                default=form.cleaned_data["curriculum"],
                by_specialty=queries.curricula_in_force(cycle.unit),
                first=form.cleaned_data["first"],
                actor=actor,
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            says = ngettext("%(n)d trainee added.", "%(n)d trainees added.", made)
            messages.success(request, says % {"n": made})
            return redirect("rotations:people", cycle.public_id)
    return cycle_page(
        request, "people_add", cycle, "people", form=form, submit_label=_("Add the trainees")
    )


@requires("rotations.view_board")
@require_http_methods(["GET", "HEAD", "POST"])
def participant(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = participant_or_404(request, public_id, "rotations.view_board")
    cycle, actor = found.cycle, actor_of(request)
    asked = request.POST.get("form", "")
    form = ParticipantForm(request.POST if asked == "months" else None, participant=found)
    wish_form = WishForm(request.POST if asked == "wish" else None, cycle=cycle)
    if request.method == "POST":
        check(actor, "rotations.plan_cycle", found)
        current: ParticipantForm | WishForm = form if asked == "months" else wish_form
        if current.is_valid() and _save(found, current, actor):
            messages.success(request, _("Saved. The next computation takes it into account."))
            return redirect("rotations:participant", found.public_id)
    wishes = list(found.wishes.select_related("ward__hospital", "hospital").order_by("id"))
    for wish in wishes:
        wish.says = _wish_text(cycle, wish)  # type: ignore[attr-defined]
    pins = list(found.pins.select_related("ward__hospital", "block__department"))
    for pin in pins:
        pin.when = period_text(cycle, pin.start)  # type: ignore[attr-defined]
    return cycle_page(
        request,
        "participant",
        cycle,
        "people",
        participant=found,
        form=form,
        wish_form=wish_form,
        wishes=wishes,
        pins=pins,
        is_published=found.stays.exists(),
    )


def _save(found: Participant, form: ParticipantForm | WishForm, actor: Person) -> bool:
    try:
        if isinstance(form, ParticipantForm):
            planning_cycles.change_participant(found, **form.cleaned_data, actor=actor)
        else:
            planning_wishes.add_wish(found, form.wish, actor=actor)
    except RuleViolation as violation:
        show_violation(form, violation)
        return False
    return True


def _wish_text(cycle: Cycle, wish: Wish) -> str:
    place = ""
    if wish.ward is not None:
        place = f"{wish.ward.hospital.short_name} {wish.ward.display_name}"
    elif wish.hospital is not None:
        place = wish.hospital.display_name
    elif wish.first is not None:
        place = span_text(cycle, wish.first, wish.last if wish.last is not None else wish.first)
    return _("%(kind)s: %(what)s") % {"kind": WishKind(wish.kind).label, "what": place}


@requires("rotations.plan_cycle")
@require_POST
def participant_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = participant_or_404(request, public_id, "rotations.plan_cycle")
    cycle = found.cycle
    try:
        planning_cycles.remove_participant(found, actor=actor_of(request))
        messages.success(request, _("Trainee taken out of the plan."))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("rotations:participant", public_id)
    return redirect("rotations:people", cycle.public_id)


@requires("rotations.plan_cycle")
@require_POST
def wish_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    rows = Wish.objects.filter(participant__in=queries.participants_visible_to(actor_of(request)))
    wish = get_object_or_404(rows.select_related("participant__cycle__unit"), public_id=public_id)
    planning_wishes.remove_wish(wish, actor=actor_of(request))
    messages.success(request, _("Wish removed."))
    return redirect("rotations:participant", wish.participant.public_id)


@requires("rotations.plan_cycle")
@require_POST
def pin_remove(request: HttpRequest, public_id: UUID, key: int) -> HttpResponse:
    found = participant_or_404(request, public_id, "rotations.plan_cycle")
    pin = get_object_or_404(
        StayPin.objects.select_related("participant__cycle__unit", "block", "ward"),
        participant=found,
        pk=key,
    )
    planning_wishes.remove_pin(pin, actor=actor_of(request))
    messages.success(request, _("The stay is no longer held."))
    return redirect("rotations:participant", found.public_id)
