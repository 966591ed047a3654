"""The whole history of a unit, and that of one thing."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.clock import now
from cotutelle.institutions.enums import INSTITUTION_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.ledger import queries
from cotutelle.ledger.access import may_read_history
from cotutelle.ledger.actions import known
from cotutelle.ledger.models import Entry
from cotutelle.people.models import Person
from cotutelle.people.validators import fold
from cotutelle.ui.downloads import FORMATS, download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle


def _by_unit(rows: Any, value: str) -> Any:
    unit = Unit.objects.filter(public_id=value).first()
    return rows.filter(below(unit)) if unit else rows.none()


def _since(rows: Any, value: str) -> Any:
    return rows.filter(at__gte=now() - dt.timedelta(days=int(value)))


def _by_actor(rows: Any, text: str) -> Any:
    for word in fold(text).split():
        rows = rows.filter(
            Q(actor__search_text__contains=word) | Q(on_behalf_of__search_text__contains=word)
        )
    return rows


def _listing(request: HttpRequest) -> Listing[Entry]:
    reader = cast("Person", request.user)
    institutions = queries.units_read_by(reader).filter(kind__in=INSTITUTION_KINDS).order_by("path")
    days = [("1", pgettext("span", "last day")), ("7", _("last 7 days")), ("30", _("last 30 days"))]
    return Listing(
        request.GET,
        queries.visible_to(reader),
        sorts=[
            Sort("newest", _("newest first"), ["-id"]),
            Sort("oldest", _("oldest first"), ["id"]),
        ],
        choices=[
            Choice("action", _("What"), list(known().items()), lookup="action"),
            Choice(
                "unit",
                _("Institution"),
                [(str(u.public_id), u.display_name) for u in institutions],
                apply=_by_unit,
            ),
            Choice("since", _("When"), [*days, ("365", _("last year"))], apply=_since),
        ],
        toggles=[
            Toggle("proxy", _("By proxy"), lambda rows: rows.exclude(on_behalf_of=None)),
            Toggle("system", _("By the system"), lambda rows: rows.filter(actor=None)),
        ],
        search=Search((), _("Who did it"), apply=_by_actor),
    )


@requires("ledger.view_history")
def entries(request: HttpRequest) -> HttpResponse:
    listing = _listing(request)
    fmt = request.GET.get("format")
    if fmt in FORMATS:
        rows = (queries.describe(entry) for entry in listing.all_rows.iterator(chunk_size=500))
        return download(request, Table(_("History"), _columns(), rows), fmt)
    context = {"listing": listing, "lines": queries.lines(listing.rows)}
    return render(request, "ledger/entry_list.html", context)


def _columns() -> list[Out]:
    return [
        Out(_("When"), lambda line: line.when, "datetime"),
        Out(_("Who"), lambda line: line.who),
        Out(_("What"), lambda line: line.text),
        Out(_("Unit"), lambda line: str(line.entry.unit or "")),
        Out(_("By proxy"), lambda line: _("Yes") if line.proxy else _("No")),
        Out(
            _("Changes"),
            lambda line: "\n".join(f"{c.label}: {c.old} → {c.new}" for c in line.changes),
        ),
    ]


@requires(SIGNED_IN)
def history(request: HttpRequest, subject_type: str, public_id: UUID) -> HttpResponse:
    """Show what happened to one thing, if its room lets the reader read it."""
    try:
        model = apps.get_model(subject_type)
        model._meta.get_field("public_id")
    except (LookupError, ValueError, FieldDoesNotExist):
        raise Http404 from None
    subject = get_object_or_404(model._default_manager.all(), public_id=public_id)  # noqa: SLF001
    if not may_read_history(request.user, subject):
        raise Http404
    context = {"subject": subject, "entries": queries.history_of(subject, limit=500)}
    return render(request, "ledger/subject_history.html", context)
