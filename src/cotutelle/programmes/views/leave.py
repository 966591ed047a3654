"""Pages about leave: asking, deciding, returning, who is away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import hooks, services
from cotutelle.programmes.enums import EnrolmentState, LeaveKind, LeaveState, LeaveStep
from cotutelle.programmes.forms.leave import (
    ConfirmReturnForm,
    DecisionForm,
    LeaveForm,
    ReturnForm,
)
from cotutelle.programmes.models import Leave
from cotutelle.programmes.queries import enrolments
from cotutelle.programmes.queries import leave as reads
from cotutelle.programmes.services.slips import issue_leave_slip
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation
from cotutelle.workflow.models import Approval
from cotutelle.workflow.queries import principal_of, principals_by_approval
from cotutelle.workflow.services import decide_approval

STATE_KINDS = {
    LeaveState.ASKED: "due",
    LeaveState.APPROVED: "ok",
    LeaveState.REFUSED: "late",
    LeaveState.WITHDRAWN: "wait",
    LeaveState.RETURNED: "ok",
}


def kind_of_state(leave: Leave) -> str:
    """Return how the state of ``leave`` is marked: overdue returns stand out."""
    if leave.state == LeaveState.APPROVED and leave.ends_on < today():
        return "late"
    return STATE_KINDS[LeaveState(leave.state)]


def _find_by(rows: QuerySet[Leave], text: str) -> QuerySet[Leave]:
    people = search(Person.objects.all(), text)
    return rows.filter(enrolment__student__person__in=people)


@requires("programmes.view_leaves")
def leave_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    own = enrolments.enrolment_of(actor)
    day = today()
    listing: Listing[Leave] = Listing(
        request.GET,
        reads.leaves_visible_to(actor),
        sorts=[
            Sort("new", _("newest first"), ["-starts_on", "-id"]),
            Sort("name", _("name"), ["enrolment__student__person__name_sort", "-starts_on", "id"]),
        ],
        choices=[
            Choice("state", _("State"), LeaveState.choices, "state"),
            Choice("kind", _("Kind of leave"), LeaveKind.choices, "kind"),
        ],
        toggles=[
            Toggle(
                "away",
                _("Away today"),
                lambda rows: rows.filter(
                    state=LeaveState.APPROVED, starts_on__lte=day, ends_on__gte=day
                ),
            ),
            Toggle(
                "overdue",
                _("Return overdue"),
                lambda rows: rows.filter(state=LeaveState.APPROVED, ends_on__lt=day),
            ),
            Toggle(
                "unconfirmed",
                _("Return to be confirmed"),
                lambda rows: rows.filter(
                    state=LeaveState.RETURNED, return_confirmed_by__isnull=True
                ),
            ),
        ],
        search=Search((), _("Name, pinyin or number"), apply=_find_by),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt, watermark=True)
    for row in listing.rows:
        row.mark = kind_of_state(row)  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "listing": listing,
        "tab_items": leave_tabs(request, "list"),
        "may_ask": own is not None and own.state == EnrolmentState.ENROLLED,
        "is_staff": own is None,
    }
    if own is not None:
        rule = reads.extension_rule_for(own.owning_unit)
        mine = own.leaves.filter(state__in=reads.COUNTED)
        context |= {
            "years": sorted(reads.days_by_year(mine).items(), reverse=True),
            "away": reads.away_of(own, rule),
            "rule": rule,
        }
    return render(request, "programmes/leave_list.html", context)


def leave_tabs(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """Return the tabs of the leave pages that the reader may open."""
    actor = actor_of(request)
    tabs = [("list", _("List of leave"), reverse("programmes:leaves"))]
    if enrolments.enrolment_of(actor) is None:
        tabs.append(("calendar", _("Who is away"), reverse("programmes:leave-calendar")))
    if why_not(actor, "programmes.manage_leave_rules") is None:
        tabs.append(("rules", _("Rules on leave"), reverse("programmes:leave-rules")))
    if len(tabs) == 1:
        return []
    return [{"label": label, "url": url, "current": key == current} for key, label, url in tabs]


def _table(listing: Listing[Leave]) -> Table:
    return Table(
        _("Leave"),
        [
            Out(_("Student number"), lambda x: x.enrolment.student.person.number),
            Out(_("Name"), lambda x: x.enrolment.student.display_name),
            Out(_("Unit"), lambda x: x.enrolment.student.unit.display_name),
            Out(_("Unit of the ward"), lambda x: x.ward.display_name),
            Out(_("Kind of leave"), lambda x: LeaveKind(x.kind).label),
            Out(_("First day away"), lambda x: x.starts_on, "date"),
            Out(_("Last day away"), lambda x: x.ends_on, "date"),
            Out(_("Days"), lambda x: x.days, "number"),
            Out(_("State"), lambda x: LeaveState(x.state).label),
            Out(_("First day back"), lambda x: x.returned_on, "date"),
        ],
        listing.all_rows,
    )


@requires("programmes.ask_leave")
def leave_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    own = enrolments.enrolment_of(actor)
    if own is None:
        return render(request, "programmes/my_programme_none.html", {"student": None})
    form = LeaveForm(
        request.POST or None, request.FILES or None, initial={"kind": LeaveKind.PERSONAL.value}
    )
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        upload = typed.pop("evidence")
        typed["kind"] = LeaveKind(typed["kind"])
        try:
            made = services.ask_leave(
                own,
                **typed,
                evidence=upload.read() if upload else None,
                evidence_name=upload.name if upload else "",
                actor=actor,
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Leave asked for. You are told at every step."))
            return redirect("programmes:leave", made.public_id)
    context = {
        "form": form,
        "title": _("Ask for leave"),
        "submit_label": _("Ask for leave"),
        "cancel_url": reverse("programmes:leaves"),
        "rules": _rules_in_words(own),
    }
    return render(request, "programmes/leave_form.html", context)


def _rules_in_words(own: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": LeaveKind(rule.kind).label if rule.kind else _("All other kinds"),
            "days": rule.up_to_days,
            "steps": [LeaveStep(step).label for step in rule.steps],
            "needs_evidence": rule.needs_evidence,
        }
        for rule in reads.leave_rules_for(own.owning_unit, hooks.ward_unit_of(own.student, today()))
    ]


def _find(request: HttpRequest, public_id: UUID) -> Leave:
    rows = reads.leaves_visible_to(actor_of(request))
    found: Leave = get_object_or_404(rows, public_id=public_id)
    return found


@requires("programmes.view_leaves")
def leave(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The page of a leave; who is asked decides here."""
    found = _find(request, public_id)
    actor = actor_of(request)
    approvals = reads.approvals_on(found)
    mine = reads.to_decide(actor, approvals)
    form = DecisionForm(request.POST or None)
    if request.method == "POST":
        if mine is None:
            raise Http404
        if form.is_valid() and _decide(request, mine, form):
            return redirect("programmes:leave", found.public_id)
    is_own = found.enrolment.student.person_id == actor.pk
    tab = request.GET.get("tab", "overview")
    tabs = [("overview", _("Overview")), ("history", _("History"))]
    may_return = is_own and found.state == LeaveState.APPROVED and found.starts_on <= today()
    early = found.state == LeaveState.APPROVED and found.starts_on > today()
    context = {
        "leave": found,
        "student": found.enrolment.student,
        "mark": kind_of_state(found),
        "is_overdue": found.state == LeaveState.APPROVED and found.ends_on < today(),
        "steps": _steps(found, approvals),
        "form": form,
        "may_decide": mine is not None,
        "principal": principal_of(actor, mine) if mine is not None else None,
        "reads_reason": reads.reads_reason(actor, found, approvals),
        "is_own": is_own,
        "may_list": why_not(actor, "programmes.view_leaves") is None,
        "may_withdraw": is_own and (found.state == LeaveState.ASKED or early),
        "may_return": may_return,
        "may_confirm": not is_own
        and found.state == LeaveState.RETURNED
        and found.return_confirmed_by_id is None
        and why_not(actor, "programmes.confirm_return", found) is None,
        "has_slip": found.state in reads.COUNTED,
        "tab": tab,
        "tab_items": [
            {"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in tabs
        ],
        "entries": history_of(found) if tab == "history" else [],
    }
    return render(request, "programmes/leave.html", context)


def _decide(request: HttpRequest, mine: Approval, form: DecisionForm) -> bool:
    approve = request.POST.get("answer") == "agree"
    try:
        decide_approval(mine, approve, actor=actor_of(request), note=form.cleaned_data["note"])
    except RuleViolation as violation:
        show_violation(form, violation)
        return False
    messages.success(request, _("Agreed.") if approve else _("Refused; the student is told why."))
    return True


_STEP_MARKS = {"pending": "due", "approved": "ok", "refused": "late", "withdrawn": "wait"}


def _steps(found: Leave, approvals: list[Approval]) -> list[dict[str, Any]]:
    """Return every step with what became of it; those nobody was asked for yet lie ahead."""
    rows: list[dict[str, Any]] = []
    principals = principals_by_approval(approvals)
    for step in found.steps:
        asked = [one for one in approvals if one.params.get("step") == step]
        rows += [
            {
                "label": LeaveStep(step).label,
                "approval": one,
                "kind": _STEP_MARKS[one.state],
                "state": one.get_state_display(),
                "principal": principals.get(one.pk),
            }
            for one in asked
        ] or [{"label": LeaveStep(step).label, "kind": "wait", "state": _("Lies ahead")}]
    return rows


@requires("programmes.ask_leave")
@require_POST
def leave_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    check(actor_of(request), "programmes.ask_leave", found)
    services.withdraw_leave(found, actor=actor_of(request))
    messages.success(request, _("Leave withdrawn."))
    return redirect("programmes:leave", found.public_id)


@requires("programmes.ask_leave")
def leave_return(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    check(actor_of(request), "programmes.ask_leave", found)
    form = ReturnForm(request.POST or None, initial={"returned_on": today()})
    if request.method == "POST" and form.is_valid():
        try:
            services.report_return(
                found, returned_on=form.cleaned_data["returned_on"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Return reported. The ward confirms it."))
            return redirect("programmes:leave", found.public_id)
    return _form(request, form, found, _("Report your return"), _("Report return"))


@requires("programmes.confirm_return")
def leave_confirm(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    check(actor_of(request), "programmes.confirm_return", found)
    form = ConfirmReturnForm(request.POST or None, initial={"returned_on": found.returned_on})
    if request.method == "POST" and form.is_valid():
        try:
            services.confirm_return(
                found, returned_on=form.cleaned_data["returned_on"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Return confirmed."))
            return redirect("programmes:leave", found.public_id)
    title = _("Confirm the return of %(name)s") % {"name": found.enrolment.student.display_name}
    return _form(request, form, found, title, _("Confirm return"))


def _form(
    request: HttpRequest, form: ReturnForm, found: Leave, title: str, submit_label: str
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "lead": str(found),
        "submit_label": submit_label,
        "cancel_url": reverse("programmes:leave", args=[found.public_id]),
    }
    return render(request, "programmes/form.html", context)


@requires("programmes.view_leaves")
@require_POST
def leave_slip(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make the slip, or show the one there is."""
    document = issue_leave_slip(_find(request, public_id), actor=actor_of(request))
    return redirect("documents:document", document.public_id)
