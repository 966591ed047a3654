"""What the log holds of one person, and what it holds in the name of an institution."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import SIGNED_IN, requires, why_not
from cotutelle.ledger.actions import label
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Entry, Leaf, Trace
from cotutelle.ledger.queries.log import authority, issuer_name
from cotutelle.ledger.queries.overview import (
    institutions_read_by,
    issued_by,
    months_of,
    with_institutions,
)
from cotutelle.ledger.queries.record import Event, events, record_of
from cotutelle.people.models import Person
from cotutelle.people.views.common import actor_of
from cotutelle.ui.downloads import FORMATS, download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort


@requires(SIGNED_IN)
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    return _record(request, actor_of(request))


@requires("ledger.view_trace")
@require_safe
def of_person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    person = get_object_or_404(Person, public_id=public_id)
    if why_not(request.user, "ledger.view_trace", person) is not None:
        raise Http404
    return _record(request, person)


@requires(SIGNED_IN)
@require_safe
def proves(request: HttpRequest) -> HttpResponse:
    """Say what a record in the log proves, to the person and to others."""
    return render(request, "ledger/record_proves.html")


def _record(request: HttpRequest, person: Person) -> HttpResponse:
    listing = _listing(request, person)
    fmt = request.GET.get("format")
    if fmt in FORMATS:
        table = Table(pgettext("log", "Record"), _columns(), events(listing.all_rows))
        return download(request, table, fmt, watermark=True)
    context = {
        "listing": listing,
        "events": events(listing.rows),
        "shown": person,
        "is_own": person == actor_of(request),
        "trace": Trace.objects.filter(person=person).first(),
    }
    return render(request, "ledger/record.html", context)


def _listing(request: HttpRequest, person: Person) -> Listing[Entry]:
    rows = record_of(person, reader=actor_of(request))
    years = sorted({d.year for d in rows.order_by().dates("at", "year")}, reverse=True)
    return Listing(
        request.GET,
        rows,
        sorts=[
            Sort("newest", _("newest first"), ["-id"]),
            Sort("oldest", _("oldest first"), ["id"]),
        ],
        choices=[
            Choice("kind", _("Kind"), LogKind.choices, apply=_of_kind),
            Choice("year", _("Year"), [(str(y), str(y)) for y in years], lookup="at__year"),
        ],
        search=Search((), _("What happened"), apply=_by_words),
    )


def _of_kind(rows: Any, value: str) -> Any:
    return rows.filter(Q(leaf__kind=value) | Q(pending__kind=value))


def _by_words(rows: Any, text: str) -> Any:
    """Find by the words people read, which are not stored."""
    actions = set(rows.order_by().values_list("action", flat=True))
    for word in text.casefold().split():
        actions = {action for action in actions if word in label(action).casefold()}
    return rows.filter(action__in=actions)


def _columns() -> list[Out]:
    return [
        Out(_("No. in the record"), lambda event: event.seq, "number"),
        Out(_("Day"), lambda event: event.when, "datetime"),
        Out(_("What happened"), lambda event: event.words),
        Out(
            _("Institution"),
            lambda event: event.institution.display_name if event.institution else "",
        ),
        Out(_("Changes"), _changes),
        Out(_("State"), lambda event: event.place.label),
        Out(_("Origin"), lambda event: event.leaf.shard.origin if event.leaf else ""),
        Out(_("No. in the log"), lambda event: event.leaf.index if event.leaf else None, "number"),
        Out(_("Commitment"), lambda event: event.leaf.commitment if event.leaf else ""),
    ]


def _changes(event: Event) -> str:
    if event.is_erased:
        return _("Erased")
    return "\n".join(f"{c.label}: {c.old} → {c.new}" for c in event.changes)


# ---------------------------------------------------------------- in the name of an institution


@requires("ledger.view_issued")
@require_safe
def issued(request: HttpRequest) -> HttpResponse:
    units = institutions_read_by(actor_of(request))
    host = authority()
    names = {issuer_name(unit, host): unit for unit in units}
    rows = issued_by(list(names))
    listing = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("newest", _("newest first"), ["-id"]),
            Sort("oldest", _("oldest first"), ["id"]),
        ],
        choices=[
            Choice(
                "institution",
                _("Institution"),
                [(issuer, unit.display_name) for issuer, unit in names.items()],
                lookup="issuer",
            ),
            Choice("kind", _("Kind"), LogKind.choices, lookup="kind"),
        ],
    )
    fmt = request.GET.get("format")
    if fmt in FORMATS:
        table = Table(_("Entries in our name"), _issued_columns(), listing.all_rows.iterator())
        return download(request, table, fmt)
    context = {
        "listing": listing,
        "lines": with_institutions(listing.rows),
        "chart": months_of(listing.all_rows),
        "units": units,
    }
    return render(request, "ledger/issued.html", context)


def _issued_columns() -> list[Out]:
    return [
        Out(_("Origin"), lambda leaf: leaf.shard.origin),
        Out(_("No. in the log"), lambda leaf: leaf.index, "number"),
        Out(_("Day"), lambda leaf: leaf.day, "date"),
        Out(_("In the name of"), lambda leaf: leaf.issuer),
        Out(_("Kind"), _kind_of),
        Out(_("Commitment"), lambda leaf: leaf.commitment),
    ]


def _kind_of(leaf: Leaf) -> str:
    return str(LogKind(leaf.kind).label)
