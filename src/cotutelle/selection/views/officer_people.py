"""Students, offers and answers of a round, as the offices see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import Track
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.programmes.enums import Route
from cotutelle.programmes.queries import score_paths
from cotutelle.selection import queries, services
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    OfferState,
    ParticipantState,
    RoundState,
)
from cotutelle.selection.forms.officer import LateParticipantForm
from cotutelle.selection.models import Answer, Offer, Participant, Round
from cotutelle.selection.queries import officer
from cotutelle.selection.views.officer_common import (
    ANSWER_KINDS,
    LIST_KINDS,
    OFFER_KINDS,
    actor_of,
    kinds,
    may,
    page,
    round_or_404,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.models import Task
from cotutelle.workflow.services import remind

LATE_SHOWN = 500
REFUSED_SHOWN = 10


# ---------------------------------------------------------------- students


def _by_student(rows: QuerySet[Participant], text: str) -> QuerySet[Participant]:
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(student__person__in=people) | Q(student__candidate_number__contains=text.strip())
    )


@requires("selection.view_participants")
def participants(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_participants")
    rows = queries.participants_visible_to(actor_of(request)).filter(round=found)
    listing = Listing(
        request.GET,
        officer.participant_rows(rows),
        sorts=[
            Sort("name", _("name"), ["student__person__name_sort", "id"]),
            Sort("number", _("candidate number"), ["student__candidate_number", "id"]),
            Sort(
                "list", _("list first missing"), ["list_state", "student__person__name_sort", "id"]
            ),
        ],
        choices=[
            Choice("route", _("Admission route"), Route.choices, "student__route"),
            Choice("list", _("List"), ListState.choices, "list_state"),
            Choice("part", _("Taking part"), ParticipantState.choices, "state"),
        ],
        toggles=[Toggle("late", _("Late admissions"), lambda r: r.filter(student__is_late=True))],
        search=Search((), _("Name, pinyin or number"), apply=_by_student),
    )
    paths = score_paths(actor_of(request))
    if fmt := request.GET.get("format"):
        return download(request, _participants_table(listing, paths), fmt, watermark=bool(paths))
    kinds(listing.rows, LIST_KINDS, "list_state")
    return page(
        request,
        "participants",
        found,
        tab="people",
        listing=listing,
        may_manage=may(request, "selection.manage_round", found),
        may_add=found.state
        not in (RoundState.CONFIRMED, RoundState.CANCELLED, RoundState.PUBLISHED),
        bulk_url=reverse("selection:answers-remind", args=[found.public_id]),
        to_add=officer.students_to_add(found).filter(cohort=found.cohort).count(),
    )


def _participants_table(listing: Listing[Any], paths: tuple[str, ...]) -> Table:
    columns = [
        Out(_("Candidate number"), lambda p: p.student.candidate_number),
        Out(_("Name"), lambda p: p.student.display_name),
        Out(_("Unit"), lambda p: p.student.unit.display_name),
        Out(_("Admission route"), lambda p: Route(p.student.route).label),
        Out(_("Discipline"), lambda p: p.student.discipline),
        Out(_("List"), lambda p: ListState(p.list_state).label),
        Out(_("Choices"), lambda p: p.choices, "number"),
    ]
    if paths:
        columns.append(
            Out(
                _("Admission score"),
                lambda p: (
                    p.student.admission_score if p.student.unit.path.startswith(paths) else None
                ),
                "number",
            )
        )
    return Table(_("Students of the round"), columns, listing.all_rows)


@requires("selection.manage_round")
@require_POST
def add_cohort(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.manage_round")
    students = officer.students_to_add(found).filter(cohort=found.cohort)
    try:
        added = services.add_participants(found, list(students), actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        text = ngettext("%(n)s student added.", "%(n)s students added.", added)
        messages.success(request, text % {"n": added})
    return redirect("selection:participants", found.public_id)


@requires("selection.manage_round")
def add_late(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.manage_round")
    rows = officer.students_to_add(found)
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(
            Q(person__in=search(Person.objects.all(), text)) | Q(candidate_number__contains=text)
        )
    students = {str(s.public_id): s for s in rows.order_by("person__name_sort", "id")[:LATE_SHOWN]}
    form = LateParticipantForm(
        request.POST or None,
        students={
            key: f"{s.display_name} ({s.candidate_number or s.person.number})"
            for key, s in students.items()
        },
    )
    if request.method == "POST" and form.is_valid():
        student = students[form.cleaned_data["student"]]
        try:
            services.add_participants(found, [student], actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("%(name)s takes part now.") % {"name": student.display_name}
            )
            return redirect("selection:participants", found.public_id)
    return render(
        request,
        "selection/officer/participant_late.html",
        {
            "form": form,
            "round": found,
            "title": _("Add a student to the round"),
            "submit_label": _("Add student"),
            "search_value": text,
            "cancel_url": reverse("selection:participants", args=[found.public_id]),
        },
    )


# ---------------------------------------------------------------- offers


def _by_mentor(rows: QuerySet[Offer], text: str) -> QuerySet[Offer]:
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(title_zh__icontains=text)
        | Q(title_en__icontains=text)
        | Q(number__icontains=text)
        | Q(mentor__person__in=people)
        | Q(team__first__person__in=people)
        | Q(team__second__person__in=people)
    )


def _offer_listing(
    request: HttpRequest, rows: QuerySet[Offer], units: Iterable[Unit]
) -> Listing[Offer]:
    return Listing(
        request.GET,
        officer.offer_list(rows),
        sorts=[
            Sort("number", _("offer number"), ["number", "id"]),
            Sort("applicants", _("most applicants"), ["-applicants", "number", "id"]),
            Sort("unit", _("unit"), ["unit__name_sort", "number", "id"]),
        ],
        choices=[
            Choice("state", _("State"), OfferState.choices, "state"),
            Choice(
                "unit",
                _("Unit"),
                [(str(unit.public_id), unit.short_name) for unit in units],
                "unit__public_id",
            ),
            Choice("track", _("Track"), Track.choices, "track"),
        ],
        toggles=[
            Toggle("nobody", _("Nobody listed it"), lambda r: r.filter(applicants=0)),
            Toggle("team", _("Teams"), lambda r: r.filter(team__isnull=False)),
        ],
        search=Search((), _("Title, number or mentor"), apply=_by_mentor),
    )


@requires("selection.view_participants")
def offers(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_participants")
    manages = may(request, "selection.manage_round", found)
    # Whoever manages the round sees every offer of it: no need to ask for each.
    seen = Offer.objects.all() if manages else queries.offers_visible_to(actor_of(request))
    rows = seen.filter(round=found)
    units = officer.units_of_offers(rows)
    listing = _offer_listing(request, rows, units.values())
    if fmt := request.GET.get("format"):
        return download(request, _offers_table(listing), fmt)
    tracks = {value: str(label) for value, label in Track.choices}
    states = {value: str(label) for value, label in OfferState.choices}
    for row in kinds(listing.rows, OFFER_KINDS):
        row.names, row.unit_name = mentors_of(row), units[row.unit_id].short_name
        row.track_label, row.state_label = tracks[row.track], states[row.state]
    return page(
        request,
        "offers",
        found,
        tab="offers",
        listing=listing,
        may_manage=manages,
        bulk_url=reverse("selection:offers-bulk", args=[found.public_id]),
    )


def mentors_of(offer: Offer) -> str:
    """Return the names behind an offer."""
    return _(", ").join(m.display_name for m in offer.supervisors)


def _offers_table(listing: Listing[Offer]) -> Table:
    columns = [
        Out(_("Number"), lambda o: o.number),
        Out(_("Title"), lambda o: o.title),
        Out(_("Mentor"), mentors_of),
        Out(_("Unit"), lambda o: o.unit.display_name),
        Out(_("Track"), lambda o: Track(o.track).label),
        Out(_("Places"), lambda o: o.places, "number"),
        Out(_("Students who listed it"), lambda o: o.applicants, "number"),
        Out(_("With a place"), lambda o: o.placed, "number"),
        Out(_("State"), lambda o: OfferState(o.state).label),
    ]
    return Table(_("Offers"), columns, listing.all_rows.select_related("unit"))


@requires("selection.manage_round")
@require_POST
def offers_bulk(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open or withdraw the picked offers; those that cannot are named with their reason."""
    found = round_or_404(request, public_id, "selection.manage_round")
    rows = queries.offers_visible_to(actor_of(request)).filter(round=found)
    if not request.POST.get("all"):
        rows = rows.filter(public_id__in=uuids(request.POST.getlist("pick")))
    to = OfferState.WITHDRAWN if request.POST.get("to") == OfferState.WITHDRAWN else OfferState.OPEN
    before = OfferState.DRAFT if to == OfferState.OPEN else OfferState.OPEN
    picked = list(rows.filter(state=before))
    act = services.open_offers if to == OfferState.OPEN else services.withdraw_offers
    outcome = act(picked, actor=actor_of(request))
    done = outcome.done
    text = (
        ngettext("%(n)s offer opened.", "%(n)s offers opened.", done)
        if to == OfferState.OPEN
        else ngettext("%(n)s offer withdrawn.", "%(n)s offers withdrawn.", done)
    )
    messages.success(request, text % {"n": done})
    for offer, reason in outcome.refused[:REFUSED_SHOWN]:
        messages.warning(request, f"{offer.number} {offer.title}: {reason}")
    return redirect("selection:offers", found.public_id)


# ---------------------------------------------------------------- answers: who owes what


def _by_answering(rows: QuerySet[Answer], text: str) -> QuerySet[Answer]:
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(mentor__person__in=people)
        | Q(team__first__person__in=people)
        | Q(team__second__person__in=people)
    )


@requires("selection.view_participants")
def answers(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_participants")
    rows = queries.answers_visible_to(actor_of(request)).filter(round=found)
    listing = Listing(
        request.GET,
        officer.answer_rows(rows),
        sorts=[
            Sort("owing", _("not answered first"), ["state", "id"]),
            Sort("applicants", _("most applicants"), ["-words", "id"]),
        ],
        choices=[Choice("state", _("Answer"), AnswerState.choices, "state")],
        toggles=[Toggle("proxy", _("Answered by proxy"), lambda r: r.filter(by_proxy=True))],
        search=Search((), _("Name of the mentor"), apply=_by_answering),
    )
    if fmt := request.GET.get("format"):
        return download(request, _answers_table(listing), fmt)
    kinds(listing.rows, ANSWER_KINDS)
    figures = officer.figures_of(found)
    return page(
        request,
        "answers",
        found,
        tab="answers",
        listing=listing,
        figures=figures,
        may_manage=may(request, "selection.manage_round", found),
        bulk_url=reverse("selection:answers-remind", args=[found.public_id]),
        students_asked=found.state == RoundState.RANKING,
        mentors_asked=found.state == RoundState.ANSWERING,
        board_url=reverse("workflow:board"),
    )


def _answers_table(listing: Listing[Answer]) -> Table:
    columns = [
        Out(_("Mentor"), str),
        Out(_("Unit"), lambda a: a.owning_unit.display_name),
        Out(_("Places"), lambda a: a.places, "number"),
        Out(_("Applicants judged"), lambda a: a.words, "number"),
        Out(_("Answer"), lambda a: AnswerState(a.state).label),
        Out(_("Handed in"), lambda a: a.submitted_at, "datetime"),
    ]
    return Table(_("Answers"), columns, listing.all_rows)


@requires("selection.manage_round")
@require_POST
def remind_owing(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Remind the picked people, or all who owe the round a list or an answer."""
    found = round_or_404(request, public_id, "selection.manage_round")
    actor = actor_of(request)
    tasks = Task.objects.filter(state=TaskState.OPEN).filter(
        Q(subject_type=Answer._meta.label_lower, subject_id__in=found.answers.values("id"))
        | Q(
            subject_type=Participant._meta.label_lower,
            subject_id__in=found.participants.values("id"),
        )
        | Q(subject_type=Round._meta.label_lower, subject_id=found.pk)
    )
    picked = uuids(request.POST.getlist("pick"))
    if picked:
        people = Person.objects.filter(
            Q(student__participations__public_id__in=picked)
            | Q(mentor__answers__public_id__in=picked)
            | Q(mentor__teams_led__answers__public_id__in=picked)
        )
        tasks = tasks.filter(assignee__in=people)
    try:
        reminded = remind(tasks, actor=actor)
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        text = ngettext("%(n)s person reminded.", "%(n)s people reminded.", reminded.people) % {
            "n": reminded.people
        }
        if reminded.too_soon:
            text = _("%(text)s Passed over, reminded within 12 hours: %(n)s.") % {
                "text": text,
                "n": reminded.too_soon,
            }
        messages.success(request, text)
    back = request.POST.get("back", "")
    name = "selection:participants" if back == "people" else "selection:answers"
    return redirect(name, found.public_id)
