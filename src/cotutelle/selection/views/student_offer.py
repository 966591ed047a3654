"""The page of one offer, and the pages that explain affinity and honest ranking."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.i18n import localized
from cotutelle.engines.affinity.problem import ENOUGH_ITEMS
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import OfferKind, OfferState
from cotutelle.selection.models import Offer, Participant
from cotutelle.selection.queries import affinity, market, student
from cotutelle.selection.queries.affinity_reasons import marked, side_by_side
from cotutelle.selection.queries.affinity_texts import PAPERS
from cotutelle.selection.queries.visibility import offers_visible_to
from cotutelle.selection.services.affinity import KEPT, refresh_affinity
from cotutelle.selection.views.student import card_of, list_context, names_of

STATE_KINDS = {OfferState.DRAFT: "wait", OfferState.OPEN: "ok", OfferState.WITHDRAWN: "late"}
PAPERS_SHOWN = 5
_UNITS = ("mentor__unit", "team__first__unit", "team__second__unit")


@requires("selection.view_round")
@require_safe
def offer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    person: Person = request.user  # type: ignore[assignment]
    rows = offers_visible_to(person).select_related("unit", *_UNITS)
    found = get_object_or_404(rows, public_id=public_id)
    tab = request.GET.get("tab", "overview")
    context: dict[str, Any] = {
        "offer": found,
        "names": names_of(found),
        "state_kind": STATE_KINDS[OfferState(found.state)],
        "kind_label": OfferKind(found.kind).label,
        "routes": _(", ").join(str(Route(r).label) for r in found.routes),
        "degrees": _(", ").join(str(DegreeType(d).label) for d in found.degree_types),
        "tab": tab,
        "tab_items": [
            {"label": _("Overview"), "url": "?tab=overview", "current": tab != "history"},
            {"label": _("History"), "url": "?tab=history", "current": tab == "history"},
        ],
        "entries": history_of(found) if tab == "history" else [],
        **_for_student(found, person),
    }
    context["mentors"] = [
        {
            "mentor": mentor,
            "interests": marked(mentor.interests, context["terms"]),
            "papers": list(mentor.publications.all()[:PAPERS_SHOWN]),
        }
        for mentor in found.supervisors
    ]
    context["description"] = marked(_text(found, "description"), context["terms"])
    context["requirements"] = _text(found, "requirements")
    return render(request, "selection/student/offer.html", context)


def _for_student(found: Offer, person: Person) -> dict[str, Any]:
    """What only a participant sees: affinity, the place on the list, what may be done."""
    participant = student.participations_of(person).filter(round=found.round_id).first()
    if participant is None:
        return {"mine": None, "card": None, "terms": (), "sides": []}
    mine = student.my_list(participant)
    near = affinity.affinities(participant, [found]).get(found.pk)
    card = card_of(found, mine, near, market.conflicts_of(participant.student))
    terms = card.affinity.terms if card.affinity else ()
    sides = side_by_side(participant, found) if card.affinity and card.affinity.nearest else []
    return {"mine": mine, "card": card, "terms": terms, "sides": sides, **list_context(mine)}


def _text(found: Offer, name: str) -> str:
    return localized(getattr(found, f"{name}_zh"), getattr(found, f"{name}_en"))


@requires("selection.choose_offers")
@require_POST
def affinity_refresh(request: HttpRequest) -> HttpResponse:
    person: Person = request.user  # type: ignore[assignment]
    rows: list[Participant] = list(student.participations_of(person))
    participant = student.pick(rows, request.POST.get("round", ""))
    if participant is None:
        return redirect("selection:find")
    job = refresh_affinity(participant.round, actor=person, participant=participant)
    return redirect("jobs:job", job.public_id)


@requires(SIGNED_IN)
@require_safe
def how_affinity(request: HttpRequest) -> HttpResponse:
    context = {
        "kept": KEPT,
        "papers": PAPERS,
        "enough": ENOUGH_ITEMS,
        "words_alone": affinity.last_compared_words_alone(),
    }
    return render(request, "selection/student/how_affinity.html", context)


@requires(SIGNED_IN)
@require_safe
def honest(request: HttpRequest) -> HttpResponse:
    return render(request, "selection/student/honest.html")
