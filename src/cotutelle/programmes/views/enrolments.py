"""Pages about enrolments, for the offices and for the student."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import queries, services
from cotutelle.programmes.enums import (
    ENROLMENT_TRANSITIONS,
    DegreeType,
    EnrolmentState,
    PhaseKind,
    Route,
)
from cotutelle.programmes.forms.enrolments import (
    AssignForm,
    EnrolForm,
    MilestoneForm,
    MoveForm,
    PreEntryForm,
)
from cotutelle.programmes.models import Enrolment
from cotutelle.programmes.queries import enrolments as reads
from cotutelle.programmes.queries.leave import away_of, extension_rule_for
from cotutelle.programmes.queries.templates import timeline_of
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

STATE_KINDS = {
    EnrolmentState.PRE_ENTRY: "wait",
    EnrolmentState.ENROLLED: "ok",
    EnrolmentState.SUSPENDED: "due",
    EnrolmentState.GRADUATED: "ok",
    EnrolmentState.LEFT: "late",
}


def find_enrolment(request: HttpRequest, public_id: UUID, permission: str) -> Enrolment:
    """Return an enrolment the reader may see and on which they hold ``permission``."""
    rows = reads.enrolments_visible_to(actor_of(request))
    found: Enrolment = get_object_or_404(rows, public_id=public_id)
    check(actor_of(request), permission, found)
    return found


def search_enrolments(rows: QuerySet[Enrolment], text: str) -> QuerySet[Enrolment]:
    """Narrow to students called so, or with such a number."""
    people = search(Person.objects.all(), text)
    return rows.filter(student__person__in=people) | rows.filter(
        student__candidate_number__contains=text.strip()
    )


def cohort_choice(actor: Person) -> Choice:
    """Return the filter by cohort."""
    cohorts = queries.cohorts_visible_to(actor)
    return Choice(
        "cohort",
        _("Cohort"),
        [(str(c.public_id), c.display_name) for c in cohorts],
        "student__cohort__public_id",
    )


@requires("programmes.view_enrolments")
def enrolment_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    listing: Listing[Enrolment] = Listing(
        request.GET,
        reads.enrolment_list(actor),
        sorts=[
            Sort("name", _("name"), ["student__person__name_sort", "id"]),
            Sort("end", _("last day of training"), ["ends_on", "id"]),
        ],
        choices=[
            cohort_choice(actor),
            Choice("state", _("State"), EnrolmentState.choices, "state"),
            Choice("track", _("Degree track"), DegreeType.choices, "track"),
            Choice("route", _("Admission route"), Route.choices, "student__route"),
        ],
        search=Search((), _("Name, pinyin or number"), apply=search_enrolments),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt, watermark=True)
    for row in listing.rows:
        row.kind = STATE_KINDS[EnrolmentState(row.state)]  # type: ignore[attr-defined]
    return render(request, "programmes/enrolment_list.html", {"listing": listing})


def _table(listing: Listing[Enrolment]) -> Table:
    return Table(
        _("Enrolments"),
        [
            Out(_("Candidate number"), lambda e: e.student.candidate_number),
            Out(_("Student number"), lambda e: e.student.person.number),
            Out(_("Name"), lambda e: e.student.display_name),
            Out(_("Cohort"), lambda e: e.student.cohort.display_name),
            Out(_("Unit"), lambda e: e.student.unit.display_name),
            Out(_("Programme"), lambda e: e.template.display_name),
            Out(_("Edition"), lambda e: e.template.edition, "number"),
            Out(_("Degree track"), lambda e: DegreeType(e.track).label),
            Out(_("State"), lambda e: EnrolmentState(e.state).label),
            Out(_("First day before enrolment"), lambda e: e.pre_entry_on, "date"),
            Out(_("First day"), lambda e: e.starts_on, "date"),
            Out(_("Last day"), lambda e: e.ends_on, "date"),
            Out(_("Days of extension"), lambda e: e.extended_days, "number"),
        ],
        listing.all_rows,
    )


def _programme(found: Enrolment, actor: Person) -> dict[str, Any]:
    """Return what the page of an enrolment and the student's own show alike."""
    day = today()
    rows = found.attainments.order_by("id")
    return {
        "enrolment": found,
        "student": found.student,
        "state_kind": STATE_KINDS[EnrolmentState(found.state)],
        "timeline": timeline_of(found.template),
        "certificates": [(one, reads.risk_of(one, day)) for one in rows],
        "milestones": [
            (one, "ok" if one.done_on else "late" if one.due_on < day else "wait")
            for one in found.milestones.all()
        ],
        "choice": reads.open_choice(found),
        "away": away_of(found, rule := extension_rule_for(found.owning_unit)),
        "rule": rule,
        "extensions": list(found.extensions.select_related("rule")[:5]),
        "may_leaves": why_not(actor, "programmes.view_leaves") is None,
    }


@requires("programmes.view_enrolment")
def enrolment(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.view_enrolment")
    actor = actor_of(request)
    if found.student.person_id == actor.pk:
        return redirect("programmes:my-programme")
    tab = request.GET.get("tab", "overview")
    tabs = [("overview", _("Overview")), ("history", _("History"))]
    manages = why_not(actor, "programmes.manage_enrolment", found) is None
    state = EnrolmentState(found.state)
    has_half_year = found.student.route in found.template.pre_entry_routes
    context = _programme(found, actor) | {
        "tab": tab,
        "tab_items": [
            {"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in tabs
        ],
        "may_manage": manages,
        "may_grant": manages and state == EnrolmentState.PRE_ENTRY and has_half_year,
        "may_enrol": manages and state == EnrolmentState.PRE_ENTRY,
        "may_move": manages and bool(ENROLMENT_TRANSITIONS[state]),
        "may_enter": why_not(actor, "programmes.change_attainment", found) is None,
        "may_ask": why_not(actor, "programmes.ask_track_choice", found) is None,
        "entries": history_of(found) if tab == "history" else [],
    }
    return render(request, "programmes/enrolment.html", context)


@requires("programmes.view_own_programme")
def my_programme(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    found = reads.enrolment_of(actor)
    if found is None:
        student = queries.student_of(actor)
        return render(request, "programmes/my_programme_none.html", {"student": student})
    context = _programme(found, actor)
    context["is_before"] = found.state == EnrolmentState.PRE_ENTRY
    return render(request, "programmes/my_programme.html", context)


@requires("programmes.manage_enrolment")
def assign(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Put students of a cohort on a programme; those it does not take are listed with reasons."""
    actor = actor_of(request)
    cohort = get_object_or_404(queries.cohorts_visible_to(actor), public_id=public_id)
    waiting = reads.students_to_assign(cohort, actor)
    form = AssignForm(request.POST or None, cohort=cohort)
    refused: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        picked = waiting.filter(public_id__in=uuids(request.POST.getlist("pick")))
        if not picked:
            form.add_error(None, _("Choose at least one student."))
        else:
            done = services.assign_template(
                list(picked), form.cleaned_data["template"], actor=actor
            )
            refused = [{"student": student, "reason": reason} for student, reason in done.refused]
            n = len(done.done)
            text = ngettext(
                "%(n)d student put on the programme.", "%(n)d students put on the programme.", n
            )
            if n:
                messages.success(request, text % {"n": n})
            if not refused:
                return redirect("programmes:cohort", cohort.public_id)
    context = {
        "cohort": cohort,
        "form": form,
        "students": waiting.all(),
        "refused": refused,
        "picked": set(request.POST.getlist("pick")),
    }
    return render(request, "programmes/assign.html", context)


@requires("programmes.manage_enrolment")
def pre_entry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.manage_enrolment")
    phase = found.template.phases.filter(kind=PhaseKind.PRE_ENTRY).first()
    form = PreEntryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["agreement"]
        try:
            services.grant_pre_entry(
                found,
                starts_on=form.cleaned_data["starts_on"],
                insured_until=form.cleaned_data["insured_until"],
                agreement=upload.read() if upload else None,
                agreement_name=upload.name if upload else "",
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Half-year before enrolment granted."))
            return redirect("programmes:enrolment", found.public_id)
    lead = _("Nobody has clinical authority before enrolment.") if phase else ""
    title = _("Half-year before enrolment: %(name)s") % {"name": found.student.display_name}
    return form_page(request, form, found, title, _("Grant half-year before enrolment"), lead)


@requires("programmes.manage_enrolment")
def enrol(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.manage_enrolment")
    form = EnrolForm(request.POST or None, initial={"number": found.student.person.number})
    if request.method == "POST" and form.is_valid():
        try:
            services.enrol(found, number=form.cleaned_data["number"], actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Student enrolled."))
            return redirect("programmes:enrolment", found.public_id)
    title = _("Enrol %(name)s") % {"name": found.student.display_name}
    lead = _("Candidate number %(number)s") % {"number": found.student.candidate_number or "–"}
    return form_page(request, form, found, title, _("Enrol student"), lead)


@requires("programmes.manage_enrolment")
def move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.manage_enrolment")
    state = EnrolmentState(found.state)
    if not ENROLMENT_TRANSITIONS[state]:
        raise Http404
    form = MoveForm(request.POST or None, state=state)
    if request.method == "POST" and form.is_valid():
        to = EnrolmentState(form.cleaned_data["state"])
        reason = form.cleaned_data["reason"]
        try:
            services.move_enrolment(found, to, reason=reason, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("The enrolment is now: %(state)s.") % {"state": to.label})
            return redirect("programmes:enrolment", found.public_id)
    title = _("Change the enrolment of %(name)s") % {"name": found.student.display_name}
    return form_page(request, form, found, title, _("Change enrolment"))


@requires("programmes.change_attainment")
def milestone(request: HttpRequest, public_id: UUID, milestone: str) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.change_attainment")
    one = get_object_or_404(found.milestones, kind=milestone)
    form = MilestoneForm(request.POST or None, initial={"done_on": one.done_on})
    if request.method == "POST" and form.is_valid():
        try:
            services.reach_milestone(
                one, done_on=form.cleaned_data["done_on"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Milestone saved."))
            return redirect("programmes:enrolment", found.public_id)
    title = _("%(milestone)s of %(name)s") % {
        "milestone": one.get_kind_display(),
        "name": found.student.display_name,
    }
    return form_page(request, form, found, title, _("Save milestone"))


def form_page(  # noqa: PLR0917  as the page reads
    request: HttpRequest,
    form: Form,
    found: Enrolment,
    title: str,
    submit_label: str,
    lead: str = "",
) -> HttpResponse:
    """Show one form about an enrolment."""
    context = {
        "form": form,
        "title": title,
        "lead": lead,
        "submit_label": submit_label,
        "cancel_url": reverse("programmes:enrolment", args=[found.public_id]),
    }
    return render(request, "programmes/form.html", context)
