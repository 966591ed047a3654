"""Accounts of places, caps by title, and the yearly review."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.ledger.queries import history_of
from cotutelle.mentorship import queries, services
from cotutelle.mentorship.enums import EligibilityState, MentorCategory, MentorTitle
from cotutelle.mentorship.forms import CapForm, PlacesForm, ReviewForm
from cotutelle.mentorship.models import Mentor, QuotaAccount, QuotaCap
from cotutelle.mentorship.services.quota import account_of
from cotutelle.mentorship.views.common import own_mentor, tabs
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of, may
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

YEARS_BACK = 3
KINDS = {
    EligibilityState.PENDING: "wait",
    EligibilityState.ELIGIBLE: "ok",
    EligibilityState.SUSPENDED: "late",
}


def _years() -> list[tuple[str, str]]:
    this = today().year
    return [(str(y), str(y)) for y in range(this + 1, this - YEARS_BACK, -1)]


def _find_accounts(rows: QuerySet[QuotaAccount], text: str) -> QuerySet[QuotaAccount]:
    return rows.filter(mentor__person__in=search(Person.objects.all(), text))


@requires("mentorship.view_accounts")
def account_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[QuotaAccount] = Listing(
        request.GET,
        queries.accounts_visible_to(actor_of(request)),
        sorts=[
            Sort("name", _("name"), ["-year", "mentor__person__name_sort", "id"]),
            Sort("free", _("most free places"), [(F("held") + F("seated") - F("granted")), "id"]),  # type: ignore[list-item]
        ],
        choices=[
            Choice("year", _("Year"), _years(), "year"),
            Choice("title", _("Professional title"), MentorTitle.choices, "mentor__title"),
        ],
        toggles=[
            Toggle(
                "free",
                _("With free places"),
                lambda rows: rows.filter(granted__gt=F("held") + F("seated")),
            )
        ],
        search=Search((), _("Name of the mentor"), apply=_find_accounts),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Mentor"), lambda a: a.mentor.display_name),
            Out(_("Unit"), lambda a: a.mentor.unit.display_name),
            Out(_("Professional title"), lambda a: MentorTitle(a.mentor.title).label),
            Out(_("Year"), lambda a: a.year, "number"),
            Out(_("Granted"), lambda a: a.granted, "number"),
            Out(_("On hold"), lambda a: a.held, "number"),
            Out(_("Seated"), lambda a: a.seated, "number"),
            Out(_("Free places"), lambda a: a.free, "number"),
        ]
        return download(request, Table(_("Quota accounts"), columns, listing.all_rows), fmt)
    context = {"listing": listing, "may_cap": may(request, "mentorship.manage_caps")}
    return render(request, "mentorship/account_list.html", context)


@requires("mentorship.view_account")
def account(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.accounts_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, "mentorship.view_account", found)
    may_change = may(request, "mentorship.change_quota", found)
    form = PlacesForm(request.POST or None)
    if request.method == "POST":
        check(request.user, "mentorship.change_quota", found)
        if form.is_valid() and (done := _moved(request, found, form)):
            return done
    tab = request.GET.get("tab", "overview")
    context = {
        "account": found,
        "form": form,
        "lines": queries.lines_of(found),
        "cap": queries.cap_of(found.mentor, found.year),
        "review": queries.eligibility_of(found.mentor, found.year),
        "may_change": may_change,
        "tab": tab,
        "tab_items": tabs(tab, ("overview", _("Overview")), ("history", _("History"))),
        "entries": history_of(found) if tab == "history" else [],
    }
    return render(request, "mentorship/account.html", context)


def _moved(request: HttpRequest, found: QuotaAccount, form: PlacesForm) -> HttpResponse | None:
    """Grant or reduce as the pressed button says; ``None`` when the rules refuse."""
    move = services.reduce_places if "reduce" in request.POST else services.grant_places
    try:
        move(found.mentor, found.year, actor=actor_of(request), **form.cleaned_data)
    except RuleViolation as violation:
        show_violation(form, violation)
        return None
    words = _("Places reduced.") if "reduce" in request.POST else _("Places granted.")
    messages.success(request, words)
    return redirect("mentorship:account", found.public_id)


@requires("mentorship.write_own_profile")
def my_quota(request: HttpRequest) -> HttpResponse:
    """Lead a mentor to the newest of their accounts."""
    mentor = own_mentor(request)
    newest = mentor.quota_accounts.order_by("-year").first() or account_of(mentor, today().year)
    return redirect("mentorship:account", newest.public_id)


@requires("mentorship.view_accounts")
def caps(request: HttpRequest) -> HttpResponse:
    may_set = may(request, "mentorship.manage_caps")
    form = CapForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST":
        check(request.user, "mentorship.manage_caps")
        if form.is_valid():
            try:
                services.set_cap(actor=actor_of(request), **form.cleaned_data)
            except RuleViolation as violation:
                show_violation(form, violation)
            else:
                messages.success(request, _("Most places saved."))
                return redirect("mentorship:caps")
    listing: Listing[QuotaCap] = Listing(
        request.GET,
        queries.caps_visible_to(actor_of(request)),
        sorts=[Sort("year", _("newest first"), ["-year", "unit__path", "category", "title", "id"])],
        choices=[
            Choice("year", _("Year"), _years(), "year"),
            Choice("category", _("Category"), MentorCategory.choices, "category"),
        ],
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Year"), lambda c: c.year, "number"),
            Out(_("Unit"), lambda c: c.unit.display_name),
            Out(_("Category"), lambda c: MentorCategory(c.category).label),
            Out(_("Professional title"), lambda c: MentorTitle(c.title).label),
            Out(_("Most places"), lambda c: c.places, "number"),
        ]
        return download(request, Table(_("Most places by title"), columns, listing.all_rows), fmt)
    return render(
        request, "mentorship/caps.html", {"listing": listing, "form": form, "may_set": may_set}
    )


@requires("mentorship.manage_caps")
@require_POST
def cap_remove(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(queries.caps_visible_to(actor_of(request)), pk=pk)
    services.remove_cap(found, actor=actor_of(request))
    messages.success(request, _("Removed. The limit of the unit above counts again."))
    return redirect("mentorship:caps")


def _year_of(request: HttpRequest) -> int:
    value = request.POST.get("year") or request.GET.get("year", "")
    known = {v for v, _label in _years()}
    return int(value) if value in known else today().year


def _find_mentors(rows: QuerySet[Mentor], text: str) -> QuerySet[Mentor]:
    return queries.search_mentors(rows, text)


@requires("mentorship.view_eligibility")
def eligibility(request: HttpRequest) -> HttpResponse:
    year = _year_of(request)
    states = [(v, str(label)) for v, label in EligibilityState.choices]

    def narrow(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == EligibilityState.PENDING:
            return rows.filter(review_state__isnull=True) | rows.filter(review_state=value)
        return rows.filter(review_state=value)

    listing: Listing[Mentor] = Listing(
        request.GET,
        queries.review_rows(actor_of(request), year),
        sorts=[
            Sort("name", _("name"), ["person__name_sort", "id"]),
            Sort("unit", _("unit"), ["unit__path", "person__name_sort", "id"]),
        ],
        choices=[
            Choice("year", _("Year"), _years(), apply=lambda rows, _value: rows),
            Choice("state", _("Yearly review"), states, apply=narrow),
            Choice("title", _("Professional title"), MentorTitle.choices, "title"),
        ],
        search=Search((), _("Name, pinyin or unit"), apply=_find_mentors),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Mentor"), lambda m: m.display_name),
            Out(_("Unit"), lambda m: m.unit.display_name),
            Out(_("Professional title"), lambda m: MentorTitle(m.title).label),
            Out(_("Yearly review"), lambda m: EligibilityState(m.review_state or "pending").label),
            Out(_("Reason"), lambda m: m.review_reason or ""),
            Out(_("Granted"), lambda m: m.granted or 0, "number"),
        ]
        table = Table(_("Yearly review %(year)s") % {"year": year}, columns, listing.all_rows)
        return download(request, table, fmt)
    for row in listing.rows:
        review = EligibilityState(row.review_state or EligibilityState.PENDING)  # type: ignore[attr-defined]
        row.review, row.kind = review, KINDS[review]  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "year": year,
        "may_review": may(request, "mentorship.review_eligibility"),
        "may_grant": may(request, "mentorship.change_quota"),
    }
    return render(request, "mentorship/eligibility.html", context)


def _picked(request: HttpRequest) -> list[Mentor]:
    rows = queries.mentors_staffed_by(actor_of(request))
    return list(rows.filter(public_id__in=uuids(request.POST.getlist("pick"))))


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('mentorship:eligibility')}?year={_year_of(request)}")


@requires("mentorship.review_eligibility")
@require_POST
def eligibility_decide(request: HttpRequest) -> HttpResponse:
    form = ReviewForm(request.POST)
    picked = _picked(request)
    if not form.is_valid() or not picked:
        messages.error(request, _("Select mentors and a decision first."))
        return _back(request)
    state = EligibilityState(form.cleaned_data["state"])
    try:
        done = services.review_mentors(
            picked, year=_year_of(request), state=state, reason=form.cleaned_data["reason"],
            actor=actor_of(request),
        )  # fmt: skip
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return _back(request)
    words = ngettext("Decision saved for %(n)d mentor.", "Decision saved for %(n)d mentors.", done)
    messages.success(request, words % {"n": done})
    return _back(request)


@requires("mentorship.change_quota")
@require_POST
def bulk_grant(request: HttpRequest) -> HttpResponse:
    """Grant the same number of places to the selected mentors; each refusal is named."""
    form = PlacesForm(request.POST)
    picked = _picked(request)
    if not form.is_valid() or not picked:
        messages.error(request, _("Select mentors, and give a number of places and a reason."))
        return _back(request)
    done = 0
    for mentor in picked:
        try:
            services.grant_places(
                mentor, _year_of(request), actor=actor_of(request), **form.cleaned_data
            )
        except RuleViolation as violation:
            messages.error(request, f"{mentor.display_name}: {violation}")
        else:
            done += 1
    words = ngettext("Places granted to %(n)d mentor.", "Places granted to %(n)d mentors.", done)
    messages.success(request, words % {"n": done})
    return _back(request)
