"""Agreements: the list, one agreement, its mentors, and each step of its life."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cotutelle.agreements import queries, services
from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.forms import AgreementForm, DocumentForm, ReasonForm
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.agreements.services import AgreementData
from cotutelle.core.access import check, requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.queries import history_of
from cotutelle.mentorship.models import Mentor
from cotutelle.mentorship.queries import search_mentors
from cotutelle.people.views.common import actor_of, may
from cotutelle.ui.dates import format_date
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

KINDS = {
    AgreementState.DRAFT: "wait",
    AgreementState.IN_FORCE: "ok",
    AgreementState.ENDED: "wait",
}


def _found(request: HttpRequest, public_id: UUID, permission: str) -> Agreement:
    """Return an agreement the reader may see, and check ``permission`` on it."""
    rows = queries.agreements_visible_to(actor_of(request)).select_related("document")
    found = get_object_or_404(rows, public_id=public_id)
    check(request.user, permission, found)
    return found


def _badge(agreement: Agreement) -> tuple[str, str]:
    """Return the words and the kind of the state; an agreement can be past its last day."""
    if agreement.state == AgreementState.IN_FORCE and agreement.ends_on < today():
        return _("Past its last day"), "due"
    state = AgreementState(agreement.state)
    return str(state.label), KINDS[state]


@requires("agreements.view_agreements")
def agreement_list(request: HttpRequest) -> HttpResponse:
    rows = queries.with_counts(queries.agreements_visible_to(actor_of(request)))
    partners = Unit.objects.filter(pk__in=rows.order_by().values("partner")).order_by("name_sort")
    listing: Listing[Agreement] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("newest", _("newest first"), ["-starts_on", "-id"]),
            Sort("ends", _("last day of the period"), ["ends_on", "id"]),
            Sort("partner", _("partner"), ["partner__name_sort", "id"]),
        ],
        choices=[
            Choice("state", _("State"), AgreementState.choices, "state"),
            Choice(
                "partner",
                _("Partner"),
                [(str(u.public_id), u.display_name) for u in partners],
                "partner__public_id",
            ),
        ],
        toggles=[
            Toggle(
                "now",
                _("In force today"),
                lambda found: found.filter(pk__in=queries.in_force(today()).values("pk")),
            )
        ],
        search=Search(
            ["number", "name_zh", "name_en", "partner__name_zh", "partner__name_en"],
            _("Number, name or partner"),
        ),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    for row in listing.rows:
        row.label, row.kind = _badge(row)  # type: ignore[attr-defined]
    context = {"listing": listing, "may_manage": may(request, "agreements.manage_agreement")}
    return render(request, "agreements/agreement_list.html", context)


def _table(listing: Listing[Agreement]) -> Table:
    columns = [
        Out(_("Number"), lambda a: a.number),
        Out(_("Agreement"), lambda a: a.display_name),
        Out(_("Our unit"), lambda a: a.unit.display_name),
        Out(_("Partner"), lambda a: a.partner.display_name),
        Out(_("Starts on"), lambda a: a.starts_on, "date"),
        Out(_("Ends on"), lambda a: a.ends_on, "date"),
        Out(_("State"), lambda a: AgreementState(a.state).label),
        Out(_("Fewest students a year"), lambda a: a.places_min, "number"),
        Out(_("Most students a year"), lambda a: a.places, "number"),
        Out(_("Most with a first mentor of the partner"), lambda a: a.first_mentor_most, "number"),
        Out(_("Mentors"), lambda a: a.lent, "number"),
    ]
    return Table(_("Agreements"), columns, listing.all_rows)


@requires("agreements.view_agreements")
def agreement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id, "agreements.view_agreement")
    tab = "history" if request.GET.get("tab") == "history" else "overview"
    manages = may(request, "agreements.manage_agreement", found)
    live = found.state != AgreementState.ENDED
    return _page(
        request, "agreement", found, tab,
        may_edit=manages and found.state == AgreementState.DRAFT,
        may_force=manages and found.state == AgreementState.DRAFT,
        may_end=manages and live,
        may_file=manages and live,
        lent=found.mentors.count(),
        newest=queries.lines_of(found).order_by("-added_at", "-id")[:6] if tab == "overview" else (),
        entries=history_of(found) if tab == "history" else (),
    )  # fmt: skip


def _page(
    request: HttpRequest, template: str, found: Agreement, tab: str, **context: Any
) -> HttpResponse:
    here = reverse("agreements:agreement", args=[found.public_id])
    tabs = [
        ("overview", _("Overview"), here),
        ("mentors", _("Mentors"), reverse("agreements:mentors", args=[found.public_id])),
        ("history", _("History"), f"{here}?tab=history"),
    ]
    label, kind = _badge(found)
    base = {
        "agreement": found,
        "tab": tab,
        "tab_items": [
            {"label": text, "url": url, "current": key == tab} for key, text, url in tabs
        ],
        "state_label": label,
        "state_kind": kind,
    }
    return render(request, f"agreements/{template}.html", base | context)


def _form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    return render(request, "agreements/form.html", {"form": form, **context})


@requires("agreements.manage_agreement")
def agreement_new(request: HttpRequest) -> HttpResponse:
    form = AgreementForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_agreement(
                form.cleaned_data["unit"],
                form.cleaned_data["partner"],
                form.agreement,
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Agreement drafted. Add the partner's mentors next."))
            return redirect("agreements:agreement", made.public_id)
    return _form_page(
        request, form, title=_("Draft an agreement"), submit_label=_("Save draft"),
        lead=_("A draft binds nobody. Once it is in force, it lends its mentors to rounds."),
        cancel_url=reverse("agreements:agreements"),
    )  # fmt: skip


@requires("agreements.manage_agreement")
def agreement_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id, "agreements.manage_agreement")
    initial = {name: getattr(found, name) for name in AgreementData.__dataclass_fields__}
    form = AgreementForm(
        request.POST or None, actor=actor_of(request), editing=True, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_agreement(found, form.agreement, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Agreement saved."))
            return redirect("agreements:agreement", found.public_id)
    return _form_page(
        request, form, agreement=found, submit_label=_("Save agreement"),
        title=_("Change %(name)s") % {"name": found.display_name},
        cancel_url=reverse("agreements:agreement", args=[found.public_id]),
    )  # fmt: skip


@requires("agreements.manage_agreement")
@require_http_methods(["GET", "POST"])
def agreement_document(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id, "agreements.manage_agreement")
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_document(found, form.cleaned_data["document"], actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Signed agreement filed."))
            return redirect("agreements:agreement", found.public_id)
    return _form_page(
        request, form, agreement=found, title=_("File the signed agreement"),
        submit_label=_("File agreement"),
        cancel_url=reverse("agreements:agreement", args=[found.public_id]),
    )  # fmt: skip


def _ask(
    request: HttpRequest, found: Agreement, form: ReasonForm | None, **context: Any
) -> HttpResponse:
    base = {
        "agreement": found,
        "form": form,
        "cancel_url": reverse("agreements:agreement", args=[found.public_id]),
    }
    return render(request, "agreements/ask.html", base | context)


def _lent(found: Agreement) -> dict[str, Any]:
    return {
        "icon": "users",
        "text": _("Mentors whom it lends; they are told"),
        "count": found.mentors.count(),
    }


@requires("agreements.manage_agreement")
@require_http_methods(["GET", "POST"])
def agreement_force(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then put the agreement in force."""
    found = _found(request, public_id, "agreements.manage_agreement")
    if request.method == "POST":
        try:
            services.put_in_force(found, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(request, _("The agreement is in force. The partner has been told."))
        return redirect("agreements:agreement", found.public_id)
    period = _("%(start)s to %(end)s") % {
        "start": format_date(found.starts_on),
        "end": format_date(found.ends_on),
    }
    return _ask(
        request, found, None, title=_("Put the agreement in force"),
        says=_("From then on its numbers cannot be changed, and rounds may use its places."),
        changes=[
            {"icon": "calendar", "text": _("Period of the agreement"), "count": period},
            _lent(found),
            {"icon": "file-certificate", "text": _("Signed agreement"),
             "count": _("Filed") if found.document else _("Not filed yet")},
        ],
        button=_("Put in force"), undo=_("It can be ended early, with a reason."),
    )  # fmt: skip


@requires("agreements.manage_agreement")
@require_http_methods(["GET", "POST"])
def agreement_end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the reason, then end the agreement or drop the draft."""
    found = _found(request, public_id, "agreements.manage_agreement")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_agreement(found, reason=form.cleaned_data["note"], actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(request, _("The agreement has ended."))
        return redirect("agreements:agreement", found.public_id)
    draft = found.state == AgreementState.DRAFT
    return _ask(
        request, found, form,
        title=_("Drop the draft") if draft else _("End the agreement"),
        says=_("It stays on record and cannot be opened again.") if draft
        else _("It lends no mentors to new pairs. Students who are placed keep their mentors."),
        changes=[] if draft else [_lent(found)],
        button=_("Drop the draft") if draft else _("End the agreement"),
        undo=_("This cannot be undone; draft a new agreement instead."),
    )  # fmt: skip


# ---------------------------------------------------------------- mentors


@requires("agreements.view_agreements")
def mentors(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """List the mentors an agreement lends."""
    found = _found(request, public_id, "agreements.view_agreement")
    listing: Listing[AgreementMentor] = Listing(
        request.GET,
        queries.lines_of(found),
        sorts=[
            Sort("name", _("name"), ["mentor__person__name_sort", "id"]),
            Sort("unit", _("unit"), ["mentor__unit__path", "mentor__person__name_sort", "id"]),
            Sort("newest", _("newest first"), ["-added_at", "-id"]),
        ],
        search=Search(["mentor__person__search_text"], _("Name or pinyin")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Staff number"), lambda line: line.mentor.person.number),
            Out(_("Mentor"), lambda line: line.mentor.display_name),
            Out(_("Unit"), lambda line: line.mentor.unit.display_name),
            Out(_("Track"), lambda line: line.mentor.get_track_display()),
            Out(_("Added"), lambda line: line.added_at, "datetime"),
        ]
        return download(
            request, Table(_("Mentors of the agreement"), columns, listing.all_rows), fmt
        )
    lends = found.state != AgreementState.ENDED and may(request, "agreements.lend_mentors", found)
    return _page(request, "mentors", found, "mentors", listing=listing, may_lend=lends)


@requires("agreements.lend_mentors")
def mentors_add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Choose mentors of the partner from a list that can be searched."""
    found = _found(request, public_id, "agreements.lend_mentors")
    actor = actor_of(request)
    rows = queries.lendable_mentors(found, actor)
    if request.method == "POST":
        picked = [key for key in request.POST.getlist("pick") if _is_uuid(key)]
        try:
            n = services.add_mentors(
                found, Mentor.objects.filter(public_id__in=picked), actor=actor
            )
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            text = ngettext("%(n)s mentor added.", "%(n)s mentors added.", n)
            messages.success(request, text % {"n": n})
        return redirect("agreements:mentors", found.public_id)
    units = Unit.objects.filter(pk__in=rows.order_by().values("unit")).order_by("path")
    listing: Listing[Mentor] = Listing(
        request.GET,
        rows,
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
            )
        ],
        search=Search((), _("Name, pinyin, interest or unit"), apply=search_mentors),
    )
    return _page(request, "mentors_add", found, "mentors", listing=listing)


@requires("agreements.lend_mentors")
@require_POST
def mentors_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take the picked mentors out."""
    found = _found(request, public_id, "agreements.lend_mentors")
    picked = [key for key in request.POST.getlist("pick") if _is_uuid(key)]
    lines = list(queries.lines_of(found).filter(mentor__public_id__in=picked))
    try:
        services.remove_mentors(found, lines, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        text = ngettext("%(n)s mentor taken out.", "%(n)s mentors taken out.", len(lines))
        messages.success(request, text % {"n": len(lines)})
    return redirect("agreements:mentors", found.public_id)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
