"""Pages about students, for the staff of their units."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.ledger.queries import history_of
from cotutelle.mentorship.queries.pairs import pairs_visible_to
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of, saved_view_context
from cotutelle.programmes import queries, services
from cotutelle.programmes.enums import ADMISSION_TRANSITIONS, AdmissionState, DegreeType, Route
from cotutelle.programmes.forms import AdmissionForm, LateAdmissionForm, StudentForm
from cotutelle.programmes.models import Student
from cotutelle.programmes.queries.enrolments import enrolments_visible_to
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

STATE_KINDS = {
    AdmissionState.PROVISIONAL: "wait",
    AdmissionState.CONFIRMED: "ok",
    AdmissionState.DEFERRED: "due",
    AdmissionState.NO_SHOW: "late",
    AdmissionState.WITHDRAWN: "late",
}


def _find(rows: QuerySet[Student], text: str) -> QuerySet[Student]:
    people = search(Person.objects.all(), text)
    return rows.filter(person__in=people) | rows.filter(candidate_number__contains=text.strip())


def _listing(request: HttpRequest, rows: QuerySet[Student]) -> Listing[Student]:
    cohorts = queries.cohorts_visible_to(actor_of(request))
    return Listing(
        request.GET,
        rows,
        sorts=[
            Sort("name", _("name"), ["person__name_sort", "id"]),
            Sort("number", _("candidate number"), ["candidate_number", "id"]),
            Sort("cohort", _("newest cohort"), ["-cohort__year", "person__name_sort", "id"]),
        ],
        choices=[
            Choice(
                "cohort",
                _("Cohort"),
                [(str(c.public_id), c.display_name) for c in cohorts],
                "cohort__public_id",
            ),
            Choice("route", _("Admission route"), Route.choices, "route"),
            Choice("degree", _("Degree type"), DegreeType.choices, "degree_type"),
            Choice("state", _("Admission"), AdmissionState.choices, "state"),
        ],
        toggles=[Toggle("late", _("Late admissions"), lambda found: found.filter(is_late=True))],
        search=Search((), _("Name, pinyin or number"), apply=_find),
    )


@requires("programmes.view_students")
def student_list(request: HttpRequest) -> HttpResponse:
    listing = _listing(request, queries.staff_list(actor_of(request)))
    paths = queries.score_paths(actor_of(request))
    if fmt := request.GET.get("format"):
        return download(request, _table(listing, paths), fmt, watermark=bool(paths))
    for row in listing.rows:
        row.shows_score = row.unit.path.startswith(paths) if paths else False  # type: ignore[attr-defined]
        row.kind = STATE_KINDS[AdmissionState(row.state)]  # type: ignore[attr-defined]
    return render(
        request,
        "programmes/student_list.html",
        {
            "listing": listing,
            **saved_view_context(request, listing),
            "tab_items": _tabs(actor_of(request)),
            "shows_scores": bool(paths),
            "may_import": why_not(actor_of(request), "programmes.import_students") is None,
            "may_admit": why_not(actor_of(request), "programmes.change_admission") is None,
        },
    )


def _tabs(actor: Person) -> list[dict[str, Any]]:
    """Return what else there is about students, as far as the reader may open it."""
    pages = [
        ("programmes:students", _("Students"), "programmes.view_students"),
        ("programmes:cohorts", _("Cohorts"), "programmes.view_students"),
        ("programmes:enrolments", _("Enrolments"), "programmes.view_enrolments"),
        ("programmes:four-certificates", _("Four certificates"), "programmes.view_certificates"),
        ("programmes:leaves", _("Leave"), "programmes.view_leaves"),
        ("programmes:templates", _("Programmes"), "programmes.view_templates"),
    ]
    return [
        {"label": label, "url": reverse(name), "current": name == "programmes:students"}
        for name, label, permission in pages
        if why_not(actor, permission) is None
    ]


def _table(listing: Listing[Student], paths: tuple[str, ...]) -> Table:
    def score(student: Student) -> Any:
        return student.admission_score if paths and student.unit.path.startswith(paths) else None

    columns = [
        Out(_("Candidate number"), lambda s: s.candidate_number),
        Out(_("Student number"), lambda s: s.person.number),
        Out(_("Name"), lambda s: s.display_name),
        Out(_("Cohort"), lambda s: s.cohort.display_name),
        Out(_("Unit"), lambda s: s.unit.display_name),
        Out(_("Admission route"), lambda s: Route(s.route).label),
        Out(_("Degree type"), lambda s: DegreeType(s.degree_type).label),
        Out(_("Discipline"), lambda s: s.discipline),
        Out(_("Admission"), lambda s: AdmissionState(s.state).label),
    ]
    if paths:
        columns.append(Out(_("Admission score"), score, "number"))
    return Table(_("Students"), columns, listing.all_rows)


@requires("programmes.change_admission")
@require_POST
def confirm_admissions(request: HttpRequest) -> HttpResponse:
    """Confirm the picked provisional admissions; the others are left as they are."""
    picked = queries.staff_list(actor_of(request)).filter(
        public_id__in=uuids(request.POST.getlist("pick")), state=AdmissionState.PROVISIONAL
    )
    done = 0
    for student in picked:
        try:
            services.change_admission(
                student, AdmissionState.CONFIRMED, reason="", actor=actor_of(request)
            )
        except RuleViolation as violation:
            messages.error(request, f"{student.display_name}: {violation}")
        else:
            done += 1
    text = ngettext("%(n)d admission confirmed.", "%(n)d admissions confirmed.", done)
    messages.success(request, text % {"n": done})
    return redirect("programmes:students")


@requires("programmes.view_student")
def student(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.students_visible_to(actor_of(request)), public_id=public_id)
    check(actor_of(request), "programmes.view_student", found)
    tab = request.GET.get("tab", "overview")
    reads_profile = why_not(actor_of(request), "programmes.view_profile", found) is None
    tabs = [("overview", _("Overview")), ("history", _("History"))]
    if reads_profile:
        tabs.insert(1, ("profile", _("Profile")))
    return render(
        request,
        "programmes/student.html",
        {
            "student": found,
            "tab": tab,
            "tab_items": [
                {"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in tabs
            ],
            "state_kind": STATE_KINDS[AdmissionState(found.state)],
            "sees_scores": queries.sees_scores(actor_of(request), found),
            "reads_profile": reads_profile,
            "may_change": why_not(actor_of(request), "programmes.change_student", found) is None,
            "reads_record": why_not(actor_of(request), "ledger.view_trace", found.person) is None,
            "may_admit": why_not(actor_of(request), "programmes.change_admission", found) is None
            and bool(ADMISSION_TRANSITIONS[AdmissionState(found.state)]),
            "attachments": queries.attachments_of(found)
            if tab == "profile" and reads_profile
            else [],
            "mentorships": found.mentorships.select_related(
                "mentor__person", "mentor__unit"
            ).order_by("-state", "role")
            if tab == "overview"
            else [],
            "pair": pairs_visible_to(actor_of(request))
            .filter(student=found, state="active")
            .first()
            if tab == "overview"
            else None,
            "entries": history_of(found) if tab == "history" else [],
            "enrolment": enrolments_visible_to(actor_of(request)).filter(student=found).first(),
        },
    )


@requires("programmes.change_student")
def student_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.staff_list(actor_of(request)), public_id=public_id)
    check(actor_of(request), "programmes.change_student", found)
    form = StudentForm(request.POST or None, initial=StudentForm.values_of(found))
    if request.method == "POST" and form.is_valid():
        changes = dict(form.cleaned_data)
        score = changes.pop("admission_score")
        try:
            services.change_student(found, changes, actor=actor_of(request))
            services.set_score(found, score, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Student record saved."))
            return redirect("programmes:student", found.public_id)
    return render(
        request,
        "programmes/form.html",
        {
            "form": form,
            "title": _("Edit the record of %(name)s") % {"name": found.display_name},
            "submit_label": _("Save student record"),
            "cancel_url": reverse("programmes:student", args=[found.public_id]),
        },
    )


@requires("programmes.change_admission")
def admission(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.staff_list(actor_of(request)), public_id=public_id)
    check(actor_of(request), "programmes.change_admission", found)
    form = AdmissionForm(request.POST or None, state=AdmissionState(found.state))
    if request.method == "POST" and form.is_valid():
        to = AdmissionState(form.cleaned_data["state"])
        try:
            services.change_admission(
                found, to, reason=form.cleaned_data["reason"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Admission is now: %(state)s.") % {"state": to.label})
            return redirect("programmes:student", found.public_id)
    return render(
        request,
        "programmes/admission.html",
        {
            "form": form,
            "student": found,
            "title": _("Change the admission of %(name)s") % {"name": found.display_name},
            "submit_label": _("Change admission"),
            "cancel_url": reverse("programmes:student", args=[found.public_id]),
        },
    )


@requires("programmes.change_admission")
def late_admission(request: HttpRequest) -> HttpResponse:
    form = LateAdmissionForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            found = services.admit_late(
                typed["cohort"],
                typed["unit"],
                form.data_of_student(),
                reason=typed["reason"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("%(name)s has been admitted late.") % {"name": found.display_name}
            )
            return redirect("programmes:student", found.public_id)
    return render(
        request,
        "programmes/form.html",
        {
            "form": form,
            "title": _("Admit a student late"),
            "lead": _(
                "For students who come after the cohort was closed. They join a round that is under way or its supplementary round."
            ),
            "submit_label": _("Admit student late"),
            "cancel_url": reverse("programmes:students"),
        },
    )
