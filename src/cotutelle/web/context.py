"""What the frame of every page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from cotutelle.core.i18n import localized
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.web.navigation import address, leading_role, places_of

PHONE_ENTRIES = 4
NAME_SECONDS = 60


@dataclass(frozen=True, slots=True)
class FramePerson:
    """The reader, as the frame shows them."""

    display_name: str
    role_line: str


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: brand, navigation, counts, languages. Three queries at most."""
    shown: dict[str, Any] = {
        "is_demo": settings.COTUTELLE_DEMO,
        "organisation_name": SimpleLazyObject(_organisation_name),
        "languages": _languages(),
    }
    person = getattr(request, "user", None)
    if isinstance(person, Person):
        shown |= _signed_in(request, person)
    return shown


def _signed_in(request: HttpRequest, person: Person) -> dict[str, Any]:
    from cotutelle.notices.queries import unread_count  # noqa: PLC0415
    from cotutelle.workflow.queries import open_count  # noqa: PLC0415

    tasks, overdue = open_count(person)
    nav = []
    for place in places_of(person.roles):
        url = address(place)
        current = request.path == url or (url != "/" and request.path.startswith(url))
        count = tasks if place.key in {"home", "tasks"} else 0
        nav.append(
            {
                "icon": place.icon,
                "label": place.label,
                "url": url,
                "count": count if place.key == "home" else 0,
                "hot": bool(overdue),
                "current": current,
            }
        )
    role = leading_role(person.roles)
    return {
        "nav": nav,
        "phone_nav": nav[:PHONE_ENTRIES],
        "inbox_count": unread_count(person),
        "person": FramePerson(person.display_name, str(Role(role).label) if role else ""),
    }


def _languages() -> list[tuple[str, str, bool]]:
    active = translation.get_language() or "zh-hans"
    return [("zh-hans", "中文", active.startswith("zh")), ("en", "EN", not active.startswith("zh"))]


def _organisation_name() -> str:
    """The consortium's leading university, else the consortium; remembered for a minute."""
    names = cache.get("web.organisation")
    if names is None:
        unit = (
            Unit.objects.filter(kind=UnitKind.UNIVERSITY).order_by("id").first()
            or Unit.objects.filter(kind=UnitKind.CONSORTIUM).first()
        )
        names = (unit.name_zh, unit.name_en) if unit else ("", "")
        cache.set("web.organisation", names, NAME_SECONDS)
    return localized(*names)
