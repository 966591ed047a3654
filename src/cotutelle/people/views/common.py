"""What the views of people share."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import why_not
from cotutelle.people import queries
from cotutelle.people.models import Person
from cotutelle.ui.listing import Listing


def actor_of(request: HttpRequest) -> Person:
    """Return who is signed in; only views behind ``requires`` ask."""
    return cast("Person", request.user)


def visible_person(request: HttpRequest, public_id: UUID) -> Person:
    """Return a person the reader may see; others do not exist."""
    return get_object_or_404(queries.visible_to(actor_of(request)), public_id=public_id)


def may(request: HttpRequest, permission: str, obj: Any = None) -> bool:
    """Tell whether a button makes sense for the reader."""
    return why_not(request.user, permission, obj) is None


def saved_view_context(request: HttpRequest, listing: Listing[Any]) -> dict[str, Any]:
    """Return what the list template needs to offer saved views."""
    return {
        "saved_views": queries.saved_views(actor_of(request), request.path, listing.query_string),
        "save_view_url": reverse("people:view-save"),
    }


def person_tabs(person: Person, current: str, *, roles: int | None = None) -> list[dict[str, Any]]:
    """Return the tabs of a person's page."""
    tabs = [
        ("overview", _("Overview"), "people:person", None),
        ("roles", _("Roles"), "people:person-roles", roles),
        ("history", _("History"), "people:person-history", None),
    ]
    return [
        {
            "label": label,
            "url": reverse(name, args=[person.public_id]),
            "current": key == current,
            "count": count,
        }
        for key, label, name, count in tabs
    ]
