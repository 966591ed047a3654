"""Assignments by the school (指定): asked with a ground and minutes, decided by another unit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.selection import queries, services
from cotutelle.selection.enums import (
    Algorithm,
    OverrideState,
    ParticipantState,
    Regime,
    RoundState,
)
from cotutelle.selection.forms.officer import NoteForm, OverrideForm
from cotutelle.selection.models import Offer, Override, Participant, Round
from cotutelle.selection.queries import officer
from cotutelle.selection.views.officer_common import (
    OVERRIDE_KINDS,
    actor_of,
    kinds,
    may,
    page,
    round_or_404,
)
from cotutelle.selection.views.officer_people import mentors_of
from cotutelle.selection.views.officer_steps import rules_of
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

SHOWN = 200
ALLOWED = (RoundState.RANKING, RoundState.ANSWERING, RoundState.CLOSED, RoundState.MATCHED)


def _cap(round_: Round) -> dict[str, int]:
    """Return how many students may be assigned by the school, and how many are."""
    used, most = services.cap_of_overrides(round_)
    return {
        "used": used,
        "most": most,
        "percent": rules_of(round_).override_share_percent,
        "students": round_.participants.filter(state=ParticipantState.ACTIVE).count(),
    }


@requires("selection.view_overrides")
def overrides(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_round")
    rows = queries.overrides_visible_to(actor_of(request)).filter(round=found)
    listing = Listing(
        request.GET,
        rows.select_related(
            "offer__mentor__person", "offer__team__first__person", "offer__team__second__person"
        ),
        sorts=[Sort("newest", _("newest first"), ["-id"])],
        choices=[Choice("state", _("State"), OverrideState.choices, "state")],
        search=Search(
            ["participant__student__person__name_zh", "participant__student__person__name_en"],
            _("Name of the student"),
        ),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    kinds(listing.rows, OVERRIDE_KINDS)
    return page(
        request,
        "overrides",
        found,
        tab="decisions",
        listing=listing,
        cap=_cap(found),
        may_request=found.state in ALLOWED
        and rules_of(found).regime == Regime.DEFERRED_ACCEPTANCE
        and may(request, "selection.request_override", found),
    )


def _table(listing: Listing[Any]) -> Table:
    columns = [
        Out(_("Student"), lambda o: o.participant.student.display_name),
        Out(_("Offer"), lambda o: o.offer.title),
        Out(_("Mentor"), lambda o: mentors_of(o.offer)),
        Out(_("State"), lambda o: OverrideState(o.state).label),
        Out(_("Requested by"), lambda o: o.requested_by.display_name),
        Out(_("Requested at"), lambda o: o.requested_at, "datetime"),
        Out(_("Decided by"), lambda o: o.decided_by.display_name if o.decided_by else ""),
        Out(_("Decided at"), lambda o: o.decided_at, "datetime"),
    ]
    return Table(_("Assigned by the school"), columns, listing.all_rows)


def _find_students(request: HttpRequest, round_: Round) -> list[Participant]:
    rows = (
        queries.participants_visible_to(actor_of(request))
        .filter(round=round_, state=ParticipantState.ACTIVE)
        .order_by("student__person__name_sort", "id")
    )
    if text := request.GET.get("student_q", "").strip():
        rows = rows.filter(
            Q(student__person__in=search(Person.objects.all(), text))
            | Q(student__candidate_number__contains=text)
        )
    return list(rows[:SHOWN])


def _find_offers(request: HttpRequest, round_: Round) -> list[Offer]:
    rows = officer.open_offers(round_)
    if text := request.GET.get("offer_q", "").strip():
        people = search(Person.objects.all(), text)
        rows = rows.filter(
            Q(title_zh__icontains=text)
            | Q(title_en__icontains=text)
            | Q(number__icontains=text)
            | Q(mentor__person__in=people)
            | Q(team__first__person__in=people)
            | Q(team__second__person__in=people)
        )
    return list(rows[:SHOWN])


@requires("selection.request_override")
def override_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Pick student and offer, see whom it displaces, then give ground and minutes."""
    found = round_or_404(request, public_id, "selection.request_override")
    actor = actor_of(request)
    pair = _pair(request, found)
    if pair is None:
        return page(
            request,
            "override_pick",
            found,
            students=_find_students(request, found),
            offers=_find_offers(request, found),
            chosen_student=request.GET.get("participant", ""),
            chosen_offer=request.GET.get("offer", ""),
            student_q=request.GET.get("student_q", ""),
            offer_q=request.GET.get("offer_q", ""),
            cap=_cap(found),
        )
    participant, offer = pair
    form = OverrideForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.request_override(
                participant,
                offer,
                ground=form.cleaned_data["ground"],
                minutes=form.cleaned_data["minutes"],
                actor=actor,
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("Sent to the second approver. It counts only after approval.")
            )
            return redirect("selection:override", made.public_id)
    displaced, hindrance = None, ""
    try:
        preview = services.preview_override(participant, offer, actor=actor)
        displaced = [
            {"name": d.participant.student.display_name, **_moved(d.before, d.after)}
            for d in preview.moved
        ]
    except RuleViolation as violation:
        hindrance = str(violation)
    return page(
        request,
        "override_form",
        found,
        form=form,
        participant=participant,
        offer=offer,
        mentors=mentors_of(offer),
        displaced=displaced,
        rough=_is_rough(found),
        hindrance=hindrance,
        cap=_cap(found),
        submit_label=_("Ask the second approver"),
        cancel_url=reverse("selection:override-new", args=[found.public_id]),
        form_action=f"?participant={participant.public_id}&offer={offer.public_id}",
    )


def _is_rough(round_: Round) -> bool:
    """Tell whether the run itself may place people otherwise than the preview."""
    rules = rules_of(round_)
    minimum = (
        round_.offers.filter(places_min__gt=0),
        round_.answers.filter(places_min__gt=0),
        round_.caps.filter(places_min__gt=0),
    )
    return rules.algorithm != Algorithm.DEFERRED_ACCEPTANCE or any(r.exists() for r in minimum)


def _pair(request: HttpRequest, round_: Round) -> tuple[Participant, Offer] | None:
    """Return the student and the offer that were picked, if both were and may be."""
    keys = uuids([request.GET.get("participant", "")]), uuids([request.GET.get("offer", "")])
    if not (keys[0] and keys[1]):
        return None
    students = queries.participants_visible_to(actor_of(request)).filter(round=round_)
    offers = officer.open_offers(round_)
    return (
        get_object_or_404(students, public_id=keys[0][0]),
        get_object_or_404(offers, public_id=keys[1][0]),
    )


@requires("selection.view_overrides")
def override(request: HttpRequest, public_id: UUID) -> HttpResponse:
    rows = queries.overrides_visible_to(actor_of(request)).select_related(
        "offer__mentor__person", "offer__team__first__person", "offer__team__second__person"
    )
    found = get_object_or_404(rows, public_id=public_id)
    check(actor_of(request), "selection.view_overrides", found)
    may_decide = found.state == OverrideState.PENDING and may(
        request, "selection.decide_override", found
    )
    form = NoteForm(
        request.POST or None,
        label=_("Note"),
        help_text=_("A refusal needs a reason. It is kept with the decision."),
        optional=True,
    )
    manages = may_decide or may(request, "selection.view_review", found)
    if request.method == "POST" and request.POST.get("decision") == "withdraw":
        return _withdraw(request, found)
    if request.method == "POST" and found.state != OverrideState.PENDING:
        messages.warning(request, _("Somebody has decided this already; nothing was changed."))
        return redirect("selection:override", found.public_id)
    if request.method == "POST" and may_decide and form.is_valid():
        approve = request.POST.get("decision") == "approve"
        try:
            services.decide_override(
                found, approve=approve, note=form.cleaned_data["note"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("Approved. The next run keeps this place.") if approve else _("Refused.")
            )
            return redirect("selection:override", found.public_id)
    return page(
        request,
        "override",
        found.round,
        override=found,
        mentors=mentors_of(found.offer),
        override_kind=OVERRIDE_KINDS[found.state],
        form=form,
        displaced=_displaced(found) if manages else [],
        shows_displaced=manages,
        rough=_is_rough(found.round),
        may_decide=may_decide,
        may_withdraw=found.state == OverrideState.PENDING
        and found.requested_by_id == actor_of(request).pk,
        entries=history_of(found),
    )


def _moved(before: Offer | None, after: Offer | None) -> dict[str, str]:
    nowhere = _("No place")
    return {
        "before": before.title if before else nowhere,
        "after": after.title if after else nowhere,
    }


def _displaced(found: Override) -> list[dict[str, str]]:
    """Return in words whom the assignment displaced when it was asked for."""
    rows = found.displaced
    people = {
        str(p.public_id): p
        for p in found.round.participants.filter(
            public_id__in=[r["participant"] for r in rows]
        ).select_related("student__person")
    }
    keys = [r[end] for r in rows for end in ("before", "after") if r[end]]
    offers = {str(o.public_id): o for o in found.round.offers.filter(public_id__in=keys)}
    return [
        {
            "name": people[r["participant"]].student.display_name,
            **_moved(offers.get(r["before"] or ""), offers.get(r["after"] or "")),
        }
        for r in rows
        if r["participant"] in people
    ]


def _withdraw(request: HttpRequest, found: Override) -> HttpResponse:
    try:
        services.withdraw_override(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, _("Withdrawn."))
    return redirect("selection:override", found.public_id)
