"""The four certificates, and the choice of a track where the licence is missing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import services
from cotutelle.programmes.enums import (
    ATTAINMENT_TRANSITIONS,
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
)
from cotutelle.programmes.forms.enrolments import AttainmentForm, TrackForm, TrackQuestionForm
from cotutelle.programmes.models import Attainment, Enrolment, TrackChoice
from cotutelle.programmes.queries import enrolments as reads
from cotutelle.programmes.views.enrolments import (
    cohort_choice,
    find_enrolment,
    form_page,
    search_enrolments,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation


@requires("programmes.view_certificates")
def four_certificates(request: HttpRequest) -> HttpResponse:
    """Who is at risk of which of the four certificates (四证)."""
    actor = actor_of(request)
    under_way = reads.enrolment_list(actor).filter(state__in=reads.UNDER_WAY)
    listing: Listing[Enrolment] = Listing(
        request.GET,
        reads.with_attainments(under_way),
        sorts=[
            Sort("name", _("name"), ["student__person__name_sort", "id"]),
            Sort("cohort", _("oldest cohort"), ["student__cohort__year", "id"]),
        ],
        choices=[
            cohort_choice(actor),
            Choice("risk", _("At risk of"), AttainmentKind.choices, apply=reads.with_risk),
            Choice("has", _("Has a certificate"), AttainmentState.choices, apply=reads.with_state),
            Choice("track", _("Degree track"), DegreeType.choices, "track"),
        ],
        toggles=[Toggle("any", _("At risk of any"), reads.with_risk, default=True)],
        search=Search((), _("Name, pinyin or number"), apply=search_enrolments),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt, watermark=True)
    day = today()
    counts = reads.risks_by_cohort(actor)
    context = {
        "listing": listing,
        "lists_people": why_not(actor, "programmes.view_enrolments") is None,
        "rows": [(one, _cells(one, day)) for one in listing.rows],
        "kinds": list(AttainmentKind),
        "chart": reads.risk_chart(counts, _("Cohort")) if counts else None,
        "chart_says": _says(counts),
        "may_import": why_not(actor, "programmes.change_attainment") is None,
    }
    return render(request, "programmes/four_certificates.html", context)


def _says(counts: list[reads.RiskCount]) -> str:
    students = sum(one.students for one in counts)
    risks = sum(sum(one.at_risk.values()) for one in counts)
    text = ngettext(
        "%(n)d certificate is at risk, of %(students)d students under way.",
        "%(n)d certificates are at risk, of %(students)d students under way.",
        risks,
    )
    return text % {"n": risks, "students": students}


def _cells(one: Enrolment, day: Any) -> list[tuple[Attainment | None, str]]:
    """Return the four certificates of a row in their order, each with its mark."""
    of = {row.kind: row for row in one.attainments.all()}
    return [
        (of.get(kind), reads.risk_of(of[kind], day) if kind in of else "wait")
        for kind in AttainmentKind
    ]


def _table(listing: Listing[Enrolment]) -> Table:
    def of(kind: AttainmentKind) -> Any:
        def read(one: Enrolment) -> str:
            found = next((row for row in one.attainments.all() if row.kind == kind), None)
            return str(AttainmentState(found.state).label) if found else ""

        return read

    return Table(
        _("Four certificates"),
        [
            Out(_("Student number"), lambda e: e.student.person.number),
            Out(_("Candidate number"), lambda e: e.student.candidate_number),
            Out(_("Name"), lambda e: e.student.display_name),
            Out(_("Cohort"), lambda e: e.student.cohort.display_name),
            Out(_("Degree track"), lambda e: DegreeType(e.track).label),
            *(Out(str(kind.label), of(kind)) for kind in AttainmentKind),
        ],
        listing.all_rows,
    )


@requires("programmes.change_attainment")
def attainment(request: HttpRequest, public_id: UUID, certificate: str) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.change_attainment")
    one = get_object_or_404(found.attainments, kind=certificate)
    state = AttainmentState(one.state)
    if not ATTAINMENT_TRANSITIONS[state]:
        raise Http404
    form = AttainmentForm(request.POST or None, state=state)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        to = AttainmentState(typed.pop("state"))
        try:
            services.set_attainment(one, to, **typed, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Certificate saved. The student is told."))
            return redirect("programmes:enrolment", found.public_id)
    title = _("%(certificate)s of %(name)s") % {
        "certificate": one.get_kind_display(),
        "name": found.student.display_name,
    }
    lead = _("Now: %(state)s.") % {"state": state.label}
    return form_page(request, form, found, title, _("Save certificate"), lead)


@requires("programmes.ask_track_choice")
def ask_track(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.ask_track_choice")
    form = TrackQuestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_track_choice(found, **form.cleaned_data, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("The student is asked to choose."))
            return redirect("programmes:enrolment", found.public_id)
    title = _("Ask %(name)s to choose a track") % {"name": found.student.display_name}
    lead = _("The choice is made once and stands for good.")
    return form_page(request, form, found, title, _("Ask for the choice"), lead)


@requires("programmes.ask_track_choice")
@require_POST
def track_followed(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = find_enrolment(request, public_id, "programmes.ask_track_choice")
    choice = get_object_or_404(TrackChoice, enrolment=found)
    services.note_track_followed(choice, actor=actor_of(request))
    messages.success(request, _("Noted: the plans follow the choice."))
    return redirect("programmes:enrolment", found.public_id)


@requires("programmes.choose_track")
def choose_track(request: HttpRequest) -> HttpResponse:
    """Choose, read what follows, and choose again: only then it stands."""
    actor = actor_of(request)
    choice = (
        TrackChoice.objects.filter(enrolment__student__person=actor)
        .select_related("enrolment__student__person", "enrolment__student__unit")
        .first()
    )
    if choice is None or choice.enrolment.state != EnrolmentState.ENROLLED:
        raise Http404
    check(actor, "programmes.choose_track", choice)
    if choice.to_track:
        return redirect("programmes:my-programme")
    form = TrackForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {
            "form": form,
            "choice": choice,
            "title": _("Choose your track"),
            "submit_label": _("See what follows"),
            "cancel_url": reverse("programmes:my-programme"),
        }
        return render(request, "programmes/choose_track.html", context)
    to = DegreeType(form.cleaned_data["track"])
    if request.POST.get("confirm") == "1":
        services.choose_track(choice, to, actor=actor)
        messages.success(request, _("Your choice stands: %(track)s.") % {"track": to.label})
        return redirect("programmes:my-programme")
    context = {
        "title": _("Your choice: %(track)s") % {"track": to.label},
        "says": _("This cannot be changed afterwards, by you or by anybody else."),
        "changes": _what_follows(to),
        "track": to.value,
        "button": _("Choose for good: %(track)s") % {"track": to.label},
        "cancel_url": reverse("programmes:choose-track"),
    }
    return render(request, "programmes/confirm_track.html", context)


def _what_follows(to: DegreeType) -> list[dict[str, str]]:
    if to == DegreeType.ACADEMIC:
        texts = [
            _("Your degree becomes an academic one; you do research instead of the residency."),
            _("Medical licence and residency certificate are no longer needed for it."),
            _("Rotations that lie ahead are taken out of your plan."),
        ]
    else:
        texts = [
            _("You stay on the professional track, with licence and residency."),
            _("You sit the next licence examination; your licence is then due a year later."),
            _("Without it you can get neither the residency certificate nor the degree."),
        ]
    texts.append(_("The residency office and the graduate school are told today."))
    return [{"text": text} for text in texts]
