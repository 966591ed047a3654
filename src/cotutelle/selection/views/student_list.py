"""Writing a student's list: every button is a form post, with or without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.selection.enums import ListState
from cotutelle.selection.models import Participant
from cotutelle.selection.queries import student
from cotutelle.selection.services import lists
from cotutelle.selection.views.student import find_page, names_of

STALE = "list.stale"
_WORDS = {"yes": True, "no": False}


@requires("selection.choose_offers")
@require_http_methods(["GET", "POST"])
def my_list(request: HttpRequest) -> HttpResponse:
    """Save the order of the page, with the one move or removal that was pressed."""
    if request.method == "GET":
        return redirect(f"{reverse('selection:find')}#list")
    participant = _participant(request)
    order = _moved(_order(request), request.POST)
    quiet = request.headers.get("X-Autosave") == "1"
    try:
        _save(participant, order, request)
    except RuleViolation as violation:
        if quiet:
            return JsonResponse({"detail": _said(violation), "code": violation.code}, status=409)
        return _refused(request, participant, violation, order)
    if quiet:
        return JsonResponse({"fields": {"version": participant.list_version}})
    if not {"move", "remove"} & set(request.POST):
        messages.success(request, _("Your list is saved."))
    return _back(participant)


@requires("selection.choose_offers")
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    participant = _participant(request)
    rows = student.offers_for(participant, closed=True)
    chosen = get_object_or_404(rows, public_id=_uuid(request.POST.get("offer", "")))
    try:
        lists.add_choice(
            participant,
            chosen,
            expected_version=participant.list_version,
            actor=_person(request),
        )
    except RuleViolation as violation:
        messages.error(request, _said(violation))
    else:
        place = participant.preferences.count()
        words = {"name": names_of(chosen), "n": place}
        messages.success(request, _("%(name)s is now your choice %(n)s.") % words)
    if request.POST.get("to_offer"):
        return redirect("selection:offer", chosen.public_id)
    query = QueryDict(request.POST.get("back", "")[:500], mutable=True)
    query["round"] = str(participant.round.public_id)
    return redirect(f"{reverse('selection:find')}?{query.urlencode()}#o-{chosen.public_id}")


@requires("selection.choose_offers")
@require_POST
def submit(request: HttpRequest) -> HttpResponse:
    """Save what stands on the page, then let it count: both or neither."""
    participant = _participant(request)
    order = _order(request)
    try:
        with transaction.atomic():
            if not _is_as_saved(participant, order, request):
                _save(participant, order, request)
            if participant.accepts_adjustment is None:
                raise RuleViolation(
                    "list.adjustment",
                    _("Say first whether you accept being placed by the school."),
                )
            lists.submit_list(
                participant, expected_version=participant.list_version, actor=_person(request)
            )
    except RuleViolation as violation:
        return _refused(request, _participant(request), violation, order)
    text = ngettext(
        "Your list of %(n)d choice is submitted.",
        "Your list of %(n)d choices is submitted.",
        len(order),
    )
    messages.success(request, text % {"n": len(order)})
    return _back(participant)


@requires("selection.choose_offers")
@require_POST
def reopen(request: HttpRequest) -> HttpResponse:
    return _step(
        request,
        lists.reopen_list,
        _("You can change your list now. It does not count until you submit it again."),
    )


@requires("selection.choose_offers")
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    return _step(
        request,
        lists.withdraw_list,
        _("Your list is withdrawn. You take no part unless you submit it again before the end."),
    )


def _step(request: HttpRequest, service: Any, done: str) -> HttpResponse:
    participant = _participant(request)
    try:
        service(participant, expected_version=_version(request), actor=_person(request))
    except RuleViolation as violation:
        return _refused(request, _participant(request), violation, ())
    messages.success(request, done)
    return _back(participant)


def _is_as_saved(participant: Participant, order: Sequence[UUID], request: HttpRequest) -> bool:
    """Tell whether the page says what is saved already, whichever version it was opened at."""
    if participant.list_state != ListState.DRAFT:
        return False
    word = _WORDS.get(request.POST.get("adjustment", ""))
    return word in {None, participant.accepts_adjustment} and list(order) == _saved(participant)


def _saved(participant: Participant) -> list[UUID]:
    rows = participant.preferences.order_by("position")
    return list(rows.values_list("offer__public_id", flat=True))


def _save(participant: Participant, order: Sequence[UUID], request: HttpRequest) -> None:
    word = _WORDS.get(request.POST.get("adjustment", ""))
    lists.save_list(
        participant,
        order,
        expected_version=_version(request),
        actor=_person(request),
        accepts_adjustment=None if word == participant.accepts_adjustment else word,
    )


def _refused(
    request: HttpRequest,
    participant: Participant,
    violation: RuleViolation,
    order: Sequence[UUID],
) -> HttpResponse:
    """Say what happened above the page as it stands; an overtaken order is shown beside it."""
    messages.error(request, _said(violation))
    attempt = _attempt(participant, order) if violation.code == STALE else ()
    return find_page(request, participant, attempt=attempt, status=409)


def _attempt(participant: Participant, order: Sequence[UUID]) -> list[dict[str, Any]]:
    if list(order) == _saved(participant) or not order:
        return []
    found = {o.public_id: o for o in student.offers_for(participant).filter(public_id__in=order)}
    return [{"id": str(key), "name": names_of(found[key])} for key in order if key in found]


def _said(violation: RuleViolation) -> str:
    if violation.code == STALE:
        return _(
            "This list was changed in another window or on another device. "
            "What you see here is not saved; open the page again to compare."
        )
    return str(violation)


def _moved(order: list[UUID], typed: QueryDict) -> list[UUID]:
    """Apply ``move=up:ID``, ``move=down:ID`` or ``remove=ID`` to ``order``."""
    if removed := _uuid(typed.get("remove", "")):
        return [one for one in order if one != removed]
    step, _colon, raw = typed.get("move", "").partition(":")
    key = _uuid(raw)
    if key not in order:
        return order
    at = order.index(key)
    to = min(max(at + {"up": -1, "down": 1}.get(step, 0), 0), len(order) - 1)
    order.insert(to, order.pop(at))
    return order


def _person(request: HttpRequest) -> Person:
    return request.user  # type: ignore[return-value]


def _participant(request: HttpRequest) -> Participant:
    rows = list(student.participations_of(_person(request)))
    asked = request.POST.get("round", "")
    participant = student.pick(rows, asked)
    if participant is None or (asked and str(participant.round.public_id) != asked):
        raise Http404
    return participant


def _order(request: HttpRequest) -> list[UUID]:
    return [key for raw in request.POST.getlist("order") if (key := _uuid(raw))]


def _uuid(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None


def _version(request: HttpRequest) -> int:
    raw = request.POST.get("version", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else -1  # noqa: PLR2004


def _back(participant: Participant) -> HttpResponse:
    return redirect(f"{reverse('selection:find')}?round={participant.round.public_id}#list")
