"""The list of mentors, their pages and their profiles."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check, requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.queries import history_of
from cotutelle.mentorship import hooks, queries, services
from cotutelle.mentorship.enums import EligibilityState, MentorCategory, MentorTitle, Track
from cotutelle.mentorship.forms import AppointmentForm, NewMentorForm, ProfileForm
from cotutelle.mentorship.models import Eligibility, Mentor
from cotutelle.mentorship.queries.pairs import conflicts_of_mentor
from cotutelle.mentorship.services.mentors import PROFILE_FIELDS
from cotutelle.mentorship.views.common import not_entered, show_form, tabs
from cotutelle.people.models import Person
from cotutelle.people.services import create_person
from cotutelle.people.views.common import actor_of, may, saved_view_context
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation


def _listing(request: HttpRequest) -> Listing[Mentor]:
    year = today().year
    units = Unit.objects.filter(mentors__isnull=False).distinct().order_by("path")
    suspended = Eligibility.objects.filter(year=year, state=EligibilityState.SUSPENDED)
    return Listing(
        request.GET,
        queries.mentors_visible_to(actor_of(request)),
        sorts=[
            Sort("name", _("name"), ["person__name_sort", "id"]),
            Sort("unit", _("unit"), ["unit__path", "person__name_sort", "id"]),
        ],
        choices=[
            Choice(
                "unit",
                _("Unit"),
                [(str(u.public_id), u.display_name) for u in units],
                "unit__public_id",
            ),
            Choice("track", _("Track"), Track.choices, "track"),
            Choice("title", _("Professional title"), MentorTitle.choices, "title"),
            Choice("category", _("Category"), MentorCategory.choices, "category"),
        ],
        toggles=[
            Toggle(
                "eligible",
                _("May take students this year"),
                lambda rows: rows.filter(is_archived=False).exclude(
                    pk__in=suspended.values("mentor_id")
                ),
            ),
            Toggle(
                "retiring",
                _("Retires within three years"),
                lambda rows: rows.filter(
                    retires_on__lt=today().replace(day=1, month=1, year=year + 3)
                ),
            ),
        ],
        search=Search((), _("Name, pinyin, interest or unit"), apply=queries.search_mentors),
    )


@requires("mentorship.view_mentors")
def mentor_list(request: HttpRequest) -> HttpResponse:
    listing = _listing(request)
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Name"), lambda m: m.display_name),
            Out(_("Unit"), lambda m: m.unit.display_name),
            Out(_("Professional title"), lambda m: MentorTitle(m.title).label),
            Out(_("Category"), lambda m: MentorCategory(m.category).label),
            Out(_("Track"), lambda m: Track(m.track).label),
            Out(_("Discipline"), lambda m: m.discipline),
            Out(_("Interests"), lambda m: m.interests),
        ]
        return download(request, Table(_("Mentors"), columns, listing.all_rows), fmt)
    context = {
        "listing": listing,
        "may_appoint": may(request, "mentorship.appoint_mentor"),
        "may_review": may(request, "mentorship.view_eligibility"),
        "may_see_accounts": may(request, "mentorship.view_accounts"),
        **saved_view_context(request, listing),
    }
    return render(request, "mentorship/mentor_list.html", context)


@requires("mentorship.view_mentors")
def mentor(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.mentors_visible_to(actor_of(request)), public_id=public_id)
    tab = request.GET.get("tab", "overview")
    may_change = may(request, "mentorship.change_mentor", found)
    sees_account = (
        may(request, "mentorship.view_accounts", found) or found.person_id == request.user.pk
    )
    items = [("overview", _("Overview")), ("publications", _("Publications"))]
    if may_change:
        items.append(("history", _("History")))
    context = {
        "mentor": found,
        "tab": tab,
        "tab_items": tabs(tab, *items),
        "may_change": may_change,
        "may_appoint": may(request, "mentorship.appoint_mentor", found),
        "is_own": found.person_id == request.user.pk,
        "review": queries.eligibility_of(found, today().year),
        "account": found.quota_accounts.filter(year=today().year).first() if sees_account else None,
        "pairs": queries.pairs_of(found) if sees_account and tab == "overview" else [],
        "other_units": found.other_units.all(),
        "publications": found.publications.all()[: 200 if tab == "publications" else 5],
        "offers": hooks.offers_of(actor_of(request), found) if tab == "overview" else [],
        "entries": history_of(found) if tab == "history" and may_change else [],
        "conflicts": conflicts_of_mentor(found, actor_of(request)) if tab == "overview" else [],
    }
    return render(request, "mentorship/mentor.html", context)


def _profile(request: HttpRequest, found: Mentor, *, is_own: bool) -> HttpResponse:
    form = ProfileForm(request.POST or None, initial={n: getattr(found, n) for n in PROFILE_FIELDS})
    here = "mentorship:my-profile" if is_own else "mentorship:mentor"
    if request.method == "POST":
        if form.is_valid():
            try:
                services.edit_profile(found, form.cleaned_data, actor=actor_of(request))
            except RuleViolation as violation:
                show_violation(form, violation)
        if request.headers.get("X-Autosave"):
            if form.is_valid():
                return JsonResponse({"saved": True})
            words = " ".join(str(e) for errors in form.errors.values() for e in errors)
            return JsonResponse({"detail": words}, status=422)
        if form.is_valid():
            messages.success(request, _("Profile saved."))
            return redirect(here) if is_own else redirect(here, found.public_id)
    return show_form(
        request, form, template="mentorship/my_profile.html", mentor=found, is_own=is_own, autosave=True,
        title=_("My mentor profile") if is_own else _("Profile of %(name)s") % {"name": found.display_name},
        submit_label=_("Save profile"), publication_count=found.publications.count(),
    )  # fmt: skip


@requires("mentorship.write_own_profile")
def my_profile(request: HttpRequest) -> HttpResponse:
    mentor = queries.mentor_of(actor_of(request))
    return _profile(request, mentor, is_own=True) if mentor else not_entered(request)


@requires("mentorship.change_mentor")
def profile_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.mentors_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, "mentorship.change_mentor", found)
    return _profile(request, found, is_own=False)


@requires("mentorship.appoint_mentor")
def mentor_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.mentors_staffed_by(actor_of(request)), public_id=public_id)
    check(request.user, "mentorship.appoint_mentor", found)
    names = ("category", "title", "track", "retires_on", "is_archived")
    initial = {n: getattr(found, n) for n in names} | {
        "unit": found.unit.public_id,
        "other_units": [u.public_id for u in found.other_units.all()],
    }
    form = AppointmentForm(request.POST or None, actor=actor_of(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        others = typed.pop("other_units")
        try:
            services.edit_appointment(found, typed, other_units=others, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Appointment saved."))
            return redirect("mentorship:mentor", found.public_id)
    return show_form(
        request, form, title=_("Appointment of %(name)s") % {"name": found.display_name},
        submit_label=_("Save appointment"),
        cancel_url=reverse("mentorship:mentor", args=[found.public_id]),
    )  # fmt: skip


@requires("mentorship.appoint_mentor")
def mentor_new(request: HttpRequest) -> HttpResponse:
    form = NewMentorForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        who = {n: typed.pop(n) for n in ("number", "name_zh", "name_en", "email")}
        unit = typed.pop("unit")
        try:
            person = Person.objects.filter(unit=unit, number=who["number"]).first()
            if person is None:
                person = create_person(unit=unit, actor=actor_of(request), **who)
            made = services.appoint_mentor(person, unit, actor=actor_of(request), **typed)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("%(name)s is a mentor now.") % {"name": made.display_name})
            return redirect("mentorship:mentor", made.public_id)
    return show_form(
        request, form, title=_("Appoint a mentor"), submit_label=_("Appoint mentor"),
        cancel_url=reverse("mentorship:mentors"),
    )  # fmt: skip
