"""Pairs of mentors: the list, the page they share with the student, who answers for what."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import institution_of
from cotutelle.ledger.queries import history_of
from cotutelle.mentorship.enums import PairRecordKind, PairRole, PairState, Signer
from cotutelle.mentorship.forms import DutiesForm, ReasonForm, RecordForm
from cotutelle.mentorship.models import ConflictOfInterest, Pair, PairRecord
from cotutelle.mentorship.queries import pairs as queries
from cotutelle.mentorship.services import conflicts, pair_records
from cotutelle.mentorship.services.pairs import Duties, change_duties
from cotutelle.mentorship.views.common import show_form, tabs
from cotutelle.people.views.common import actor_of, may
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation


@requires("mentorship.view_pair")
def pair_list(request: HttpRequest) -> HttpResponse:
    rows = queries.with_open_counts(queries.pairs_visible_to(actor_of(request)))
    listing: Listing[Pair] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("name", _("student"), ["student__person__name_sort", "-id"]),
            Sort("new", _("newest first"), ["-starts_on", "-id"]),
            Sort("first", _("first mentor"), ["first__mentor__person__name_sort", "id"]),
            Sort("second", _("second mentor"), ["second__mentor__person__name_sort", "id"]),
        ],
        choices=[Choice("state", _("State"), PairState.choices, "state")],
        toggles=[
            Toggle("agreement", _("Under an agreement"), lambda r: r.exclude(agreement=None)),
            Toggle(
                "second_responsible",
                _("Co-supervisor first responsible"),
                lambda r: r.filter(second__is_first_responsible=True),
            ),
        ],
        search=Search((), _("Name of the student or of a mentor"), apply=queries.search_pairs),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    return render(request, "mentorship/pair_list.html", {"listing": listing})


def _table(listing: Listing[Pair]) -> Table:
    columns = [
        Out(_("Student"), lambda p: p.student.display_name),
        Out(_("Cohort"), lambda p: p.student.cohort.display_name),
        Out(_("First mentor"), lambda p: p.first.mentor.display_name),
        Out(_("Unit of the first mentor"), lambda p: p.first.mentor.unit.display_name),
        Out(_("Second mentor"), lambda p: p.second.mentor.display_name),
        Out(_("Unit of the second mentor"), lambda p: p.second.mentor.unit.display_name),
        Out(_("First responsible"), lambda p: responsible_of(p).display_name),
        Out(_("Signs leave"), lambda p: Signer(p.signs_leave).label),
        Out(_("Signs claims"), lambda p: Signer(p.signs_claims).label),
        Out(_("Signs the thesis"), lambda p: Signer(p.signs_thesis).label),
        Out(_("Agreement"), lambda p: p.agreement.display_name if p.agreement else ""),
        Out(_("Since"), lambda p: p.starts_on, "date"),
        Out(_("State"), lambda p: PairState(p.state).label),
    ]
    return Table(_("Pairs of mentors"), columns, listing.all_rows)


def responsible_of(pair: Pair) -> Any:
    """Return the mentor who answers for the student."""
    return (pair.second if pair.second.is_first_responsible else pair.first).mentor


def _find(request: HttpRequest, public_id: UUID) -> Pair:
    rows = queries.pairs_visible_to(actor_of(request))
    found: Pair = get_object_or_404(rows, public_id=public_id)
    check(request.user, "mentorship.view_pair", found)
    return found


@requires("mentorship.view_pair")
def pair(request: HttpRequest, public_id: UUID) -> HttpResponse:
    actor, found = actor_of(request), _find(request, public_id)
    tab = request.GET.get("tab", "overview")
    is_party = actor in queries.parties_of(found)
    active = found.state == PairState.ACTIVE
    context: dict[str, Any] = {
        "pair": found,
        "is_party": is_party,
        "may_write": is_party and active,
        "may_change": active and not is_party and may(request, "mentorship.change_duties", found),
        "tab": tab,
        "tab_items": tabs(tab, ("overview", _("Overview")), ("history", _("History"))),
    }
    if tab == "history":
        context["entries"] = history_of(found)
        return render(request, "mentorship/pair.html", context)
    context |= {
        "mentors": _mentors(found),
        "signatures": _signatures(found),
        "plan": queries.records_of(found, PairRecordKind.PLAN),
        "arrangements": [
            {"one": one, "asks_me": one.waits_for(actor) and active}
            for one in queries.arrangements_of(found)
        ],
        "notes": queries.records_of(found, PairRecordKind.NOTE) if is_party else [],
        "earlier": queries.earlier_pairs(found, actor),
    }
    return render(request, "mentorship/pair.html", context)


def _mentors(pair: Pair) -> list[dict[str, Any]]:
    return [
        {
            "mentor": half.mentor,
            "role": PairRole(half.role).label,
            "half": half,
            "institution": institution_of(half.mentor.unit),
        }
        for half in (pair.first, pair.second)
    ]


def _signatures(pair: Pair) -> list[dict[str, str]]:
    names = {
        Signer.FIRST: pair.first.mentor.display_name,
        Signer.SECOND: pair.second.mentor.display_name,
        Signer.BOTH: _("Both supervisors"),
    }
    labels = (
        (_("Signs leave"), pair.signs_leave),
        (_("Signs claims"), pair.signs_claims),
        (_("Signs the thesis"), pair.signs_thesis),
    )
    return [{"label": label, "name": names[Signer(who)]} for label, who in labels]


@requires("mentorship.write_pair")
def pair_add(request: HttpRequest, public_id: UUID, record_kind: str) -> HttpResponse:
    found = _find(request, public_id)
    check(request.user, "mentorship.write_pair", found)
    titles = {
        PairRecordKind.PLAN: (_("Add to the plan"), _("Add item")),
        PairRecordKind.NOTE: (_("Write a note"), _("Save note")),
        PairRecordKind.ARRANGEMENT: (_("Propose an arrangement"), _("Propose arrangement")),
    }
    if record_kind not in PairRecordKind.values:
        raise Http404
    chosen = PairRecordKind(record_kind)
    form = RecordForm(request.POST or None, request.FILES or None, kind=chosen)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        upload = typed.pop("file")
        try:
            pair_records.add_record(
                found, chosen, actor=actor_of(request), **typed,
                attachment=upload.read() if upload else None,
                attachment_name=upload.name if upload else "",
            )  # fmt: skip
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Saved. The others have been told."))
            return redirect("mentorship:pair", found.public_id)
    leads = {
        PairRecordKind.PLAN: _("What is to be done, and by when."),
        PairRecordKind.NOTE: _("Only the two mentors and the student read notes."),
        PairRecordKind.ARRANGEMENT: _("It holds once both mentors and the student have agreed."),
    }
    title, label = titles[chosen]
    return show_form(
        request, form, title=title, submit_label=label, lead=leads[chosen],
        cancel_url=reverse("mentorship:pair", args=[found.public_id]),
    )  # fmt: skip


@requires("mentorship.write_pair")
@require_POST
def pair_record(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Tick off, agree to, or take back one record: the pressed button says what."""
    actor = actor_of(request)
    rows = PairRecord.objects.filter(pair__in=queries.pairs_visible_to(actor)).select_related(
        "author", "pair__student__person", "pair__student__unit",
        "pair__first__mentor__person", "pair__second__mentor__person",
    )  # fmt: skip
    found = get_object_or_404(rows, public_id=public_id)
    step = request.POST.get("step", "")
    try:
        if step in {"done", "open"}:
            pair_records.set_done(found, step == "done", actor=actor)
            words = _("Saved.")
        elif step == "agree":
            holds = pair_records.agree(found, actor=actor)
            words = _("Everybody has agreed: it holds now.") if holds else _("You have agreed.")
        elif step == "withdraw":
            pair_records.withdraw_record(found, actor=actor)
            words = _("Taken back.")
        else:
            raise Http404
    except RuleViolation as violation:
        if violation.status == 403:  # noqa: PLR2004
            raise
        messages.error(request, str(violation))
    else:
        messages.success(request, words)
    return redirect("mentorship:pair", found.pair.public_id)


@requires("mentorship.change_duties")
def pair_duties(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    check(request.user, "mentorship.change_duties", found)
    now_ = Duties.of(found)
    initial = {"first_responsible": now_.first_responsible, **now_.signatures()}
    form = DutiesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        reason = typed.pop("reason")
        try:
            change_duties(found, Duties(**typed), reason=reason, actor=actor_of(request))
        except RuleViolation as violation:
            if violation.status == 403:  # noqa: PLR2004
                raise
            show_violation(form, violation)
        else:
            messages.success(request, _("Responsibilities changed. All three have been told."))
            return redirect("mentorship:pair", found.public_id)
    return show_form(
        request, form, title=_("Change responsibilities"), submit_label=_("Change responsibilities"),
        lead=_("Principal supervisor: %(first)s. Co-supervisor: %(second)s.")
        % {"first": found.first.mentor.display_name, "second": found.second.mentor.display_name},
        cancel_url=reverse("mentorship:pair", args=[found.public_id]),
    )  # fmt: skip


@requires("mentorship.lift_conflict")
def conflict_lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the reason, then let the two be matched again."""
    rows = ConflictOfInterest.objects.select_related(
        "mentor__person", "student__person", "student__unit"
    )
    found = get_object_or_404(rows, pk=pk)
    if not queries.conflicts_of_mentor(found.mentor, actor_of(request)).filter(pk=pk).exists():
        raise Http404
    form = ReasonForm(request.POST or None)
    here = reverse("mentorship:mentor", args=[found.mentor.public_id])
    if request.method == "POST" and form.is_valid():
        try:
            conflicts.lift_conflict(
                found, reason=form.cleaned_data["reason"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            if violation.status == 403:  # noqa: PLR2004
                raise
            show_violation(form, violation)
        else:
            messages.success(request, _("Conflict of interest lifted. The mentor has been told."))
            return redirect(here)
    return show_form(
        request, form, title=_("Lift a conflict of interest"), submit_label=_("Lift the conflict"),
        lead=_("%(mentor)s and %(student)s can then be matched again in lists and runs to come.")
        % {"mentor": found.mentor.display_name, "student": found.student.display_name},
        cancel_url=here,
    )  # fmt: skip
