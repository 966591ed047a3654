"""Changes of mentor, for the student, both mentors and the college."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.mentorship import queries, services
from cotutelle.mentorship.enums import ChangeState
from cotutelle.mentorship.forms import ChangeForm, NoteForm, WindowForm
from cotutelle.mentorship.models import ChangeWindow, MentorChange
from cotutelle.mentorship.views.common import show_form, tabs
from cotutelle.people.views.common import actor_of, may
from cotutelle.programmes.queries import student_of
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

KINDS = {
    ChangeState.DRAFT: "wait",
    ChangeState.ASKED_NEW: "run",
    ChangeState.ASKED_OLD: "run",
    ChangeState.ASKED_COLLEGE: "due",
    ChangeState.APPROVED: "ok",
    ChangeState.REFUSED: "late",
    ChangeState.WITHDRAWN: "wait",
}


@requires("mentorship.view_changes")
def change_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    listing: Listing[MentorChange] = Listing(
        request.GET,
        queries.changes_visible_to(actor),
        sorts=[Sort("new", _("newest first"), ["-requested_at", "id"])],
        choices=[Choice("state", _("State"), ChangeState.choices, "state")],
        search=Search(
            ("mentorship__student__person__search_text", "to_mentor__person__search_text"),
            _("Name of the student or of the receiving mentor"),
        ),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Student"), lambda c: c.mentorship.student.display_name),
            Out(_("Present mentor"), lambda c: c.mentorship.mentor.display_name),
            Out(_("Receiving mentor"), lambda c: c.to_mentor.display_name),
            Out(_("State"), lambda c: ChangeState(c.state).label),
            Out(_("Asked on"), lambda c: c.requested_at, "datetime"),
        ]
        return download(request, Table(_("Mentor changes"), columns, listing.all_rows), fmt)
    for row in listing.rows:
        row.kind = KINDS[ChangeState(row.state)]  # type: ignore[attr-defined]
    student = student_of(actor)
    pair = queries.pair_to_change(student) if student else None
    context = {
        "listing": listing,
        "student": student,
        "pair": pair,
        "window": queries.open_window_for(student.unit) if student else None,
        "may_manage": may(request, "mentorship.manage_windows"),
    }
    return render(request, "mentorship/change_list.html", context)


@requires("mentorship.ask_change")
def change_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    student = student_of(actor)
    pair = queries.pair_to_change(student) if student else None
    if pair is None or queries.open_window_for(pair.owning_unit) is None:
        return redirect("mentorship:changes")
    form = ChangeForm(
        request.POST or None, request.FILES or None, mentors=queries.receiving_mentors(pair)
    )
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        upload = typed.pop("file")
        try:
            made = services.ask_change(
                pair, actor=actor, **typed,
                evidence=upload.read() if upload else None,
                evidence_name=upload.name if upload else "",
            )  # fmt: skip
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("Request sent to %(name)s.") % {"name": made.to_mentor.display_name}
            )
            return redirect("mentorship:change", made.public_id)
    return show_form(
        request, form, title=_("Ask for another mentor"), submit_label=_("Send request"),
        lead=_("Your present mentor is %(name)s.") % {"name": pair.mentor.display_name},
        cancel_url=reverse("mentorship:changes"), template="mentorship/change_new.html",
    )  # fmt: skip


def _step(request: HttpRequest, found: MentorChange) -> str:
    """Tell which answer is the reader's to give now."""
    if found.state == ChangeState.ASKED_NEW and may(
        request, "mentorship.answer_as_receiving", found
    ):
        return "receiving"
    if found.state == ChangeState.ASKED_OLD and may(request, "mentorship.answer_as_present", found):
        return "present"
    parties = {found.mentorship.mentor.person_id, found.to_mentor.person_id}
    if (
        found.state == ChangeState.ASKED_COLLEGE
        and request.user.pk not in parties
        and may(request, "mentorship.decide_change", found)
    ):
        return "college"
    return ""


def _answer(request: HttpRequest, found: MentorChange, note: str) -> str:
    """Do what the pressed button says and return what to tell the reader."""
    actor = actor_of(request)
    answer = request.POST.get("answer", "")
    if answer in {"accept", "decline"}:
        services.answer_as_receiving(found, accepts=answer == "accept", note=note, actor=actor)
    elif answer in {"agree", "disagree"}:
        services.answer_as_present(found, agrees=answer == "agree", note=note, actor=actor)
    elif answer in {"approve", "refuse"}:
        services.decide_change(found, approve=answer == "approve", note=note, actor=actor)
    elif answer == "withdraw":
        services.withdraw_change(found, actor=actor)
    return _("Saved. The request is now: %(state)s.") % {"state": ChangeState(found.state).label}


@requires("mentorship.view_changes")
def change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.changes_visible_to(actor_of(request)), public_id=public_id)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            words = _answer(request, found, form.cleaned_data["note"])
        except RuleViolation as violation:
            if violation.status == 403:  # noqa: PLR2004
                raise
            show_violation(form, violation)
            found.refresh_from_db(fields=["state"])
        else:
            messages.success(request, words)
            return redirect("mentorship:change", found.public_id)
    return render(request, "mentorship/change.html", _context(request, found, form))


def _context(request: HttpRequest, found: MentorChange, form: NoteForm) -> dict[str, Any]:
    tab = request.GET.get("tab", "overview")
    is_student = found.mentorship.student.person_id == request.user.pk
    decides = (
        may(request, "mentorship.decide_change", found)
        and request.user.pk != found.mentorship.mentor.person_id
    )
    return {
        "change": found,
        "kind": KINDS[ChangeState(found.state)],
        "form": form,
        "step": _step(request, found),
        "is_student": is_student,
        "may_withdraw": is_student
        and found.state
        in {ChangeState.ASKED_NEW, ChangeState.ASKED_OLD, ChangeState.ASKED_COLLEGE},
        "sees_reason": is_student
        or decides
        or found.to_mentor.person_id == request.user.pk
        or not found.is_confidential,
        "sees_evidence": (is_student or decides) and found.evidence is not None,
        "sees_notes": is_student or decides,
        "steps": _steps(found),
        "tab": tab,
        "tab_items": tabs(tab, ("overview", _("Overview")), ("history", _("History"))),
        "entries": history_of(found) if tab == "history" else [],
    }


def _steps(found: MentorChange) -> list[dict[str, str]]:
    """The season line of a request."""
    names = [
        (ChangeState.ASKED_NEW, _("Receiving mentor")),
        (ChangeState.ASKED_OLD, _("Present mentor")),
        (ChangeState.ASKED_COLLEGE, _("College")),
        (ChangeState.APPROVED, _("Decision")),
    ]
    if found.is_confidential:
        names.pop(1)
    order = [state for state, _label in names]
    here = order.index(ChangeState(found.state)) if found.state in order else len(order) - 1
    done = found.state in {ChangeState.APPROVED, ChangeState.REFUSED, ChangeState.WITHDRAWN}
    return [
        {
            "phase": "done"
            if place < here or (done and place == here)
            else "now"
            if place == here
            else "next",
            "label": label,
            "detail": str(ChangeState(found.state).label) if place == here else "",
        }
        for place, (_state, label) in enumerate(names)
    ]


@requires("mentorship.manage_windows")
def windows(request: HttpRequest) -> HttpResponse:
    form = WindowForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.open_window(actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Days opened."))
            return redirect("mentorship:windows")
    return show_form(
        request, form, title=_("Days for changes of mentor"), submit_label=_("Open these days"),
        lead=_("Students of the unit and of those below it may ask for another mentor on these days."),
        cancel_url=reverse("mentorship:changes"), template="mentorship/windows.html",
        windows=queries.windows_visible_to(actor_of(request)),
    )  # fmt: skip


@requires("mentorship.manage_windows")
@require_POST
def window_remove(request: HttpRequest, pk: int) -> HttpResponse:
    found: ChangeWindow = get_object_or_404(queries.windows_visible_to(actor_of(request)), pk=pk)
    services.close_window(found, actor=actor_of(request))
    messages.success(request, _("Days removed."))
    return redirect("mentorship:windows")
