"""The public notice (公示) and the objections against it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check, requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.selection import queries, services
from cotutelle.selection.enums import NoticeState, ObjectionState, PlacementSource
from cotutelle.selection.forms.officer import NoteForm
from cotutelle.selection.models import Placement, PublicNotice
from cotutelle.selection.queries import officer
from cotutelle.selection.views.officer_common import (
    NOTICE_KINDS,
    OBJECTION_KINDS,
    actor_of,
    kinds,
    may,
    page,
    round_or_404,
)
from cotutelle.selection.views.officer_people import mentors_of
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


def _latest(request: HttpRequest, public_id: UUID) -> PublicNotice:
    rows = queries.notices_visible_to(actor_of(request)).select_related("round__unit", "document")
    found = rows.filter(round__public_id=public_id).order_by("-id").first()
    if found is None:
        raise Http404
    return found


def _by_name(rows: QuerySet[Placement], text: str) -> QuerySet[Placement]:
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(participant__student__person__in=people)
        | Q(offer__mentor__person__in=people)
        | Q(offer__title_zh__icontains=text)
        | Q(offer__title_en__icontains=text)
    )


@requires("selection.view_notice")
def notice(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show who goes where: names, offers, mentors, units; never scores or id numbers."""
    found = _latest(request, public_id)
    shows = found.state != NoticeState.RECALLED
    rows = officer.on_notice(found.round) if shows else Placement.objects.none()
    units = officer.units_on_notice(found.round) if shows else []
    listing = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("name", _("student"), ["participant__student__person__name_sort", "id"]),
            Sort("unit", _("unit"), ["offer__unit__name_sort", "offer__number", "id"]),
        ],
        choices=[
            Choice(
                "unit",
                _("Unit"),
                [(str(u.public_id), u.short_name) for u in units],
                "offer__unit__public_id",
            ),
            Choice("source", _("How it came about"), PlacementSource.choices, "source"),
        ],
        search=Search((), _("Student, mentor or offer"), apply=_by_name),
    )
    if fmt := request.GET.get("format"):
        return download(request, _notice_table(listing), fmt)
    manages = may(request, "selection.answer_objection", found)
    return render(
        request,
        "selection/officer/notice.html",
        {
            "notice": found,
            "round": found.round,
            "listing": listing,
            "shows": shows,
            "state_kind": NOTICE_KINDS[found.state],
            "running": found.state == NoticeState.RUNNING and found.ends_at > now(),
            "may_object": may(request, "selection.raise_objection"),
            "manages": manages,
            "objections_open": found.objections.filter(state=ObjectionState.OPEN).count()
            if manages
            else 0,
            "objections_all": found.objections.count() if manages else 0,
            "object_url": reverse("selection:object", args=[found.round.public_id]),
        },
    )


def _notice_table(listing: Listing[Any]) -> Table:
    columns = [
        Out(_("Student"), lambda p: p.participant.student.display_name),
        Out(_("Unit of the student"), lambda p: p.participant.student.unit.display_name),
        Out(_("Offer"), lambda p: p.offer.title),
        Out(_("Mentor"), lambda p: mentors_of(p.offer)),
        Out(_("Unit"), lambda p: p.offer.unit.display_name),
        Out(_("How it came about"), lambda p: PlacementSource(p.source).label),
    ]
    return Table(_("Public notice"), columns, listing.all_rows)


@requires("selection.answer_objection")
def objections(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.answer_objection")
    rows = queries.objections_visible_to(actor_of(request)).filter(notice__round=found)
    listing = Listing(
        request.GET,
        rows.select_related("raised_by__unit", "answered_by", "notice"),
        sorts=[
            Sort("open", _("open first"), ["answered_at", "raised_at", "id"]),
            Sort("newest", _("newest first"), ["-raised_at", "-id"]),
        ],
        choices=[Choice("state", _("State"), ObjectionState.choices, "state")],
        search=Search(["text", "raised_by__name_zh", "raised_by__name_en"], _("Words or name")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _objections_table(listing), fmt)
    kinds(listing.rows, OBJECTION_KINDS)
    return page(request, "objections", found, tab="decisions", listing=listing)


def _objections_table(listing: Listing[Any]) -> Table:
    columns = [
        Out(_("Raised by"), lambda o: o.raised_by.display_name),
        Out(_("Raised at"), lambda o: o.raised_at, "datetime"),
        Out(_("Objection"), lambda o: o.text),
        Out(_("State"), lambda o: ObjectionState(o.state).label),
        Out(_("Answer"), lambda o: o.answer),
    ]
    return Table(_("Objections"), columns, listing.all_rows)


@requires("selection.answer_objection")
def objection(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Read an objection and answer it: upheld or rejected, with words."""
    rows = queries.objections_visible_to(actor_of(request)).select_related(
        "notice__round__unit", "raised_by__unit", "answered_by", "evidence"
    )
    found = get_object_or_404(rows, public_id=public_id)
    check(actor_of(request), "selection.answer_objection", found)
    form = NoteForm(request.POST or None, label=_("Answer"), help_text=_("Who objected reads it."))
    if request.method == "POST" and form.is_valid():
        upheld = request.POST.get("verdict") == ObjectionState.UPHELD
        try:
            services.answer_objection(
                found, upheld=upheld, answer=form.cleaned_data["note"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request,
                _("Objection upheld. Recall the notice to correct the result.")
                if upheld
                else _("Objection answered."),
            )
            return redirect("selection:objections", found.notice.round.public_id)
    return render(
        request,
        "selection/officer/objection.html",
        {
            "objection": found,
            "round": found.notice.round,
            "form": form,
            "state_kind": OBJECTION_KINDS[found.state],
            "is_open": found.state == ObjectionState.OPEN,
            "cancel_url": reverse("selection:objections", args=[found.notice.round.public_id]),
        },
    )
