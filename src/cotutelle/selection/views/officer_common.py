"""What the pages of a round share: finding it, its tabs, the words of its states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check, why_not
from cotutelle.people.models import Person
from cotutelle.selection import queries
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    NoticeState,
    ObjectionState,
    OfferState,
    OverrideState,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Round

STATE_KINDS: Mapping[str, str] = {
    RoundState.DRAFT: "wait",
    RoundState.RANKING: "run",
    RoundState.ANSWERING: "run",
    RoundState.CLOSED: "due",
    RoundState.MATCHED: "due",
    RoundState.PUBLISHED: "run",
    RoundState.CONFIRMED: "ok",
    RoundState.CANCELLED: "wait",
}
OFFER_KINDS: Mapping[str, str] = {
    OfferState.DRAFT: "wait",
    OfferState.OPEN: "ok",
    OfferState.WITHDRAWN: "late",
}
LIST_KINDS: Mapping[str, str] = {
    ListState.DRAFT: "due",
    ListState.SUBMITTED: "ok",
    ListState.WITHDRAWN: "wait",
}
ANSWER_KINDS: Mapping[str, str] = {AnswerState.OPEN: "due", AnswerState.SUBMITTED: "ok"}
OVERRIDE_KINDS: Mapping[str, str] = {
    OverrideState.PENDING: "due",
    OverrideState.APPROVED: "ok",
    OverrideState.REFUSED: "late",
    OverrideState.WITHDRAWN: "wait",
}
OBJECTION_KINDS: Mapping[str, str] = {
    ObjectionState.OPEN: "due",
    ObjectionState.UPHELD: "ok",
    ObjectionState.REJECTED: "wait",
}
NOTICE_KINDS: Mapping[str, str] = {
    NoticeState.RUNNING: "run",
    NoticeState.ENDED: "ok",
    NoticeState.RECALLED: "late",
}
PLACEMENT_KINDS: Mapping[str, str] = {
    PlacementState.PROPOSED: "wait",
    PlacementState.PUBLISHED: "run",
    PlacementState.CONFIRMED: "ok",
    PlacementState.VACATED: "late",
}

TABS = (
    ("overview", "selection:round", "selection.view_round"),
    ("people", "selection:participants", "selection.view_participants"),
    ("offers", "selection:offers", "selection.view_participants"),
    ("caps", "selection:caps", "selection.view_participants"),
    ("answers", "selection:answers", "selection.view_participants"),
    ("documents", "selection:papers", "selection.view_review"),
    ("decisions", "selection:decisions", "selection.view_review"),
    ("history", "selection:round-history", "selection.view_review"),
)


def actor_of(request: HttpRequest) -> Person:
    """Return the signed-in person; every page here names a permission."""
    assert isinstance(request.user, Person)  # noqa: S101  @requires sees to it
    return request.user


def round_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Round:
    """Return the round if the reader may see it, and check ``permission`` on it."""
    actor = actor_of(request)
    rows = queries.rounds_visible_to(actor).select_related("unit", "cohort", "policy")
    found = get_object_or_404(rows, public_id=public_id)
    check(actor, permission, found)
    return found


def may(request: HttpRequest, permission: str, obj: object = None) -> bool:
    """Tell whether the reader holds ``permission`` on ``obj``."""
    return why_not(request.user, permission, obj) is None


def tabs_of(request: HttpRequest, round_: Round, current: str) -> list[dict[str, Any]]:
    """Return the tabs of a round that the reader may open."""
    labels = {
        "overview": _("Overview"),
        "people": _("Students"),
        "offers": _("Offers"),
        "caps": _("Places of units"),
        "answers": _("Answers"),
        "documents": _("Documents"),
        "decisions": _("Decisions"),
        "history": _("History"),
    }
    return [
        {
            "label": labels[key],
            "url": reverse(name, args=[round_.public_id]),
            "current": key == current,
        }
        for key, name, permission in TABS
        if may(request, permission, round_)
    ]


def page(
    request: HttpRequest,
    template: str,
    round_: Round,
    *,
    tab: str = "",
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render a page of a round inside its frame."""
    base = {
        "round": round_,
        "state_kind": STATE_KINDS[round_.state],
        "tab_items": tabs_of(request, round_, tab) if tab else (),
    }
    return render(request, f"selection/officer/{template}.html", base | context, status=status)


def kinds(rows: Any, table: Mapping[str, str], name: str = "state") -> Any:
    """Give each row the kind of its state badge as ``kind``."""
    for row in rows:
        row.kind = table[getattr(row, name)]
    return rows
