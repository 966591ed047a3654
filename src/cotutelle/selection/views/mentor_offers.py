"""A mentor's offers: list, writing, opening and withdrawing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.models import Mentor, QuotaAccount, Team
from cotutelle.mentorship.views.common import not_entered
from cotutelle.people.views.common import actor_of
from cotutelle.selection.enums import OfferState, RoundState, Stage
from cotutelle.selection.forms.mentor import OfferForm
from cotutelle.selection.models import Offer, Round
from cotutelle.selection.queries.visibility import own_offers, rounds_visible_to
from cotutelle.selection.services import offers as services
from cotutelle.selection.views.mentor_common import (
    person_of,
    principal_among,
    proxy_query,
    subject_mentor,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

OFFER_KINDS = {OfferState.DRAFT: "wait", OfferState.OPEN: "ok", OfferState.WITHDRAWN: "late"}
WRITABLE = (RoundState.DRAFT, RoundState.RANKING)


def _rows(mentor: Mentor) -> QuerySet[Offer]:
    mine = Q(mentor=mentor) | Q(team__first=mentor) | Q(team__second=mentor)
    return Offer.objects.filter(mine).select_related(
        "round", "mentor__person", "team__first__person", "team__second__person"
    )


@requires(SIGNED_IN)
def my_offers(request: HttpRequest) -> HttpResponse:
    mentor, principal = subject_mentor(request)
    if mentor is None:
        return not_entered(request)
    rounds = Round.objects.filter(offers__in=_rows(mentor)).distinct().order_by("-created_at")
    listing: Listing[Offer] = Listing(
        request.GET,
        _rows(mentor),
        sorts=[
            Sort("new", _("newest round"), ["-round__created_at", "number", "id"]),
            Sort("number", _("offer number"), ["number", "id"]),
        ],
        choices=[
            Choice(
                "round",
                _("Round"),
                [(str(r.public_id), r.display_name) for r in rounds],
                "round__public_id",
            ),
            Choice("state", _("State"), OfferState.choices, "state"),
        ],
        search=Search(("title_zh", "title_en", "number"), _("Title or number")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    for row in listing.rows:
        row.kind_of_state = OFFER_KINDS[OfferState(row.state)]  # type: ignore[attr-defined]
        row.is_writable = row.round.state in WRITABLE  # type: ignore[attr-defined]
    years = {r.quota_year for r in _open_rounds(request)} or {r.quota_year for r in rounds[:1]}
    context = {
        "listing": listing,
        "mentor": mentor,
        "principal": principal,
        "query": proxy_query(principal),
        "open_rounds": _open_rounds(request),
        "accounts": QuotaAccount.objects.filter(mentor=mentor, year__in=years).order_by("-year"),
    }
    return render(request, "selection/mentor/offer_list.html", context)


def _table(listing: Listing[Offer]) -> Table:
    columns = [
        Out(_("Number"), lambda o: o.number),
        Out(_("Title"), lambda o: o.title),
        Out(_("Round"), lambda o: o.round.display_name),
        Out(_("Places"), lambda o: o.places, "number"),
        Out(_("State"), lambda o: OfferState(o.state).label),
    ]
    return Table(_("My offers"), columns, listing.all_rows)


def _open_rounds(request: HttpRequest) -> list[Round]:
    """Rounds into which offers can be written now, newest first."""
    rounds = rounds_visible_to(actor_of(request)).filter(state__in=WRITABLE)
    return list(rounds.order_by("-created_at"))


@requires(SIGNED_IN)
def offer_new(request: HttpRequest) -> HttpResponse:
    """Write an offer of one's own, or of a team with ``?team=``; ``?copy=`` starts from another."""
    mentor, principal = subject_mentor(request)
    if mentor is None:
        return not_entered(request)
    rounds = _open_rounds(request)
    round_ = _chosen(request, rounds)
    back = reverse("selection:my-offers") + proxy_query(principal)
    if round_ is None:
        messages.error(request, _("No round takes offers now."))
        return redirect(back)
    teams = list(
        Team.objects.filter(Q(first=mentor) | Q(second=mentor), is_archived=False)
        .select_related("first__person", "second__person", "unit")
        .order_by("id")
    )
    if round_.stage == Stage.SECOND:
        teams = []
    team = next((t for t in teams if str(t.public_id) == request.GET.get("team")), None)
    form = OfferForm(request.POST or None, initial=_initial(request, mentor))
    if request.method == "POST" and form.is_valid():
        try:
            offer = services.save_offer(
                round_, form.data_of_offer(), actor=actor_of(request),
                mentor=None if team else mentor, team=team, on_behalf_of=person_of(principal),
            )  # fmt: skip
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("Offer saved as a draft. Open it so that students can choose it.")
            )
            return redirect(
                reverse("selection:offer-move", args=[offer.public_id])
                + proxy_query(principal, to="open")
            )
    context = {
        "form": form,
        "title": _("New offer"),
        "submit_label": _("Save offer as a draft"),
        "cancel_url": back,
        "round": round_,
        "rounds": rounds,
        "teams": teams,
        "team": team,
        "principal": principal,
        "query": proxy_query(principal),
    }
    return render(request, "selection/mentor/offer_form.html", context)


def _chosen(request: HttpRequest, rounds: list[Round]) -> Round | None:
    wanted = request.GET.get("round")
    found = next((r for r in rounds if str(r.public_id) == wanted), None)
    return found or (rounds[0] if rounds else None)


def _initial(request: HttpRequest, mentor: Mentor) -> dict[str, Any]:
    copied = (
        _rows(mentor).filter(public_id=request.GET["copy"]).first()
        if _is_uuid(request.GET.get("copy"))
        else None
    )
    if copied is not None:
        return OfferForm.values_of(copied)
    return {"track": mentor.track, "discipline": mentor.discipline, "kind": "direction"}


def _is_uuid(text: str | None) -> bool:
    try:
        UUID(text or "")
    except ValueError:
        return False
    return True


@requires(SIGNED_IN)
def offer_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    offer = _own(request, public_id)
    principal = principal_among(request, offer.supervisors)
    form = OfferForm(request.POST or None, initial=OfferForm.values_of(offer))
    back = reverse("selection:my-offers") + proxy_query(principal)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_offer(
                offer.round, form.data_of_offer(), actor=actor_of(request), offer=offer,
                on_behalf_of=person_of(principal),
            )  # fmt: skip
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Offer saved."))
            return redirect(back)
    context = {
        "form": form,
        "title": _("Edit offer %(number)s") % {"number": offer.number},
        "submit_label": _("Save offer"),
        "cancel_url": back,
        "round": offer.round,
        "offer": offer,
        "team": offer.team,
        "principal": principal,
        "chosen_by": offer.preferences.count() if offer.state == OfferState.OPEN else 0,
    }
    return render(request, "selection/mentor/offer_form.html", context)


def _own(request: HttpRequest, public_id: UUID) -> Offer:
    rows = own_offers(actor_of(request)).select_related(
        "round__policy", "round__cohort", "round__unit", "unit", "mentor__person", "mentor__unit",
        "team__first__person", "team__second__person", "team__unit",
    )  # fmt: skip
    return get_object_or_404(rows, public_id=public_id)


@requires(SIGNED_IN)
def offer_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open an offer, make it a draft again or withdraw it, after saying what that means."""
    offer = _own(request, public_id)
    principal = principal_among(request, offer.supervisors)
    to = request.GET.get("to", "")
    steps = {
        "open": services.open_offer,
        "draft": services.close_offer,
        "withdraw": services.withdraw_offer,
    }
    if to not in steps:
        raise Http404
    back = reverse("selection:my-offers") + proxy_query(principal)
    if request.method == "POST":
        try:
            steps[to](offer, actor=actor_of(request), on_behalf_of=person_of(principal))
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(
                request,
                _("Offer %(number)s is now: %(state)s.")
                % {"number": offer.number, "state": OfferState(offer.state).label},
            )
        return redirect(back)
    context = {
        **_consequence(offer, to),
        "cancel_url": back,
        "offer": offer,
        "principal": principal,
    }
    return render(request, "selection/mentor/offer_move.html", context)


def _consequence(offer: Offer, to: str) -> dict[str, Any]:
    """Say what a step does, before it is done."""
    named = {"title": offer.title, "number": offer.number}
    if to == "open":
        says = ngettext(
            "Students can choose it, and up to %(n)d place is held on the quota account.",
            "Students can choose it, and up to %(n)d places are held on the quota account.",
            offer.places,
        ) % {"n": offer.places}
        return {
            "title": _("Open offer %(number)s: %(title)s") % named,
            "says": says,
            "button": _("Open offer"),
            "warnings": services.offer_warnings(offer),
            "undo": _("You can make it a draft again while students choose."),
        }
    chosen = offer.preferences.count()
    says = ngettext(
        "%(n)d student has it on a list now and is told. The held places return to the account.",
        "%(n)d students have it on their lists now and are told. The held places return to the account.",
        chosen,
    ) % {"n": chosen}
    if to == "draft":
        return {
            "title": _("Make offer %(number)s a draft again: %(title)s") % named,
            "says": says,
            "button": _("Make it a draft"),
        }
    return {
        "title": _("Withdraw offer %(number)s: %(title)s") % named,
        "says": says,
        "button": _("Withdraw offer"),
    }
