"""Reading people, their roles, saved views and tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet

from cotutelle.core.clock import now, today
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below, below
from cotutelle.people.enums import Role
from cotutelle.people.models import ApiToken, Person, RoleGrant, SavedView
from cotutelle.people.rules import GRANTING_ROLES, KEEPING_ROLES, VIEWING_ROLES
from cotutelle.people.validators import fold


def visible_to(actor: Person) -> QuerySet[Person]:
    """Return people of the units ``actor`` works for (and below), and the actor."""
    units = [g.unit for g in actor.active_grants if g.role in VIEWING_ROLES]
    return Person.objects.filter(below(units) | Q(pk=actor.pk)).select_related("unit")


def units_seen_by(actor: Person) -> QuerySet[Unit]:
    """Return the units whose people ``actor`` sees."""
    return at_or_below([g.unit for g in actor.active_grants if g.role in VIEWING_ROLES])


def search(people: QuerySet[Person], text: str) -> QuerySet[Person]:
    """Narrow ``people`` to those whose name, pinyin, number or e-mail holds every word."""
    for word in fold(text).split():
        people = people.filter(search_text__contains=word)
    return people


def holding(people: QuerySet[Person], role: str) -> QuerySet[Person]:
    """Narrow ``people`` to those who hold ``role`` today."""
    grants = active(RoleGrant.objects.filter(role=role))
    return people.filter(pk__in=grants.values("person"))


def active(grants: QuerySet[RoleGrant]) -> QuerySet[RoleGrant]:
    """Narrow ``grants`` to those of today."""
    day = today()
    return grants.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)


def with_roles(people: QuerySet[Person]) -> QuerySet[Person]:
    """Add ``person.grants_today``, so that a list asks once for all rows."""
    grants = active(RoleGrant.objects.select_related("unit")).order_by("role", "id")
    return people.prefetch_related(Prefetch("grants", queryset=grants, to_attr="grants_today"))


def holders(unit: Unit, *roles: Role) -> QuerySet[Person]:
    """Return active people who hold one of ``roles`` on ``unit`` or above it."""
    keys = [int(key) for key in unit.path.split("/") if key]
    grants = active(RoleGrant.objects.filter(role__in=roles, unit__in=keys))
    return Person.objects.filter(is_active=True, pk__in=grants.values("person"))


def grantable_units(actor: Person) -> QuerySet[Unit]:
    """Return the active units on which ``actor`` may give roles."""
    units = [g.unit for g in actor.active_grants if g.role in GRANTING_ROLES]
    return at_or_below(units).filter(state="active").order_by("path")


def staffed_units(actor: Person) -> QuerySet[Unit]:
    """Return the active units whose people ``actor`` keeps."""
    units = [g.unit for g in actor.active_grants if g.role in KEEPING_ROLES]
    return at_or_below(units).filter(state="active").order_by("path")


def grants_visible_to(actor: Person) -> QuerySet[RoleGrant]:
    """Return role grants on the units on which ``actor`` gives roles."""
    units = [g.unit for g in actor.active_grants if g.role in GRANTING_ROLES]
    return RoleGrant.objects.filter(below(units)).select_related("person", "unit", "granted_by")


def grants_of(person: Person) -> list[RoleGrant]:
    """Return all roles ``person`` has ever held, those of today first."""
    found = person.grants.select_related("unit", "granted_by").order_by("-starts_on", "-id")
    day = today()
    return sorted(found, key=lambda g: not g.is_active_on(day))


def saved_views(person: Person, page: str, query: str) -> list[dict[str, Any]]:
    """Return what ``person`` saved of ``page``, as the list template shows it."""
    from django.urls import reverse  # noqa: PLC0415

    return [
        {
            "name": view.name,
            "url": reverse("people:saved-view", args=[view.public_id]),
            "current": view.query == query,
        }
        for view in SavedView.objects.filter(person=person, page=page).order_by("name", "id")
    ]


def person_of_token(raw: str) -> Person | None:
    """Return who a program with the token ``raw`` acts for; ``None`` for a dead token."""
    moment = now()
    token = (
        ApiToken.objects.select_related("person")
        .filter(sha256=hashlib.sha256(raw.encode()).hexdigest(), revoked_at__isnull=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=moment), person__is_active=True)
        .first()
    )
    if token is None:
        return None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=moment)
    return token.person


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an identity provider says somebody is."""

    claims: Mapping[str, Any]

    def value(self, name: str) -> str:
        """Return one claim as text: the first value where there are several."""
        found = self.claims.get(name)
        if isinstance(found, list | tuple):
            found = found[0] if found else None
        return str(found).strip() if found is not None else ""


def person_of_identity(identity: Identity) -> Person | None:
    """
    Return the one active person whom ``identity`` names, by the settings of the seam.

    ``COTUTELLE_IDENTITY_CLAIM`` is compared with ``COTUTELLE_IDENTITY_FIELD`` (``number``,
    ``email`` or ``username``). Two people with one e-mail are nobody; an unverified e-mail is
    nobody's.
    """
    value = identity.value(settings.COTUTELLE_IDENTITY_CLAIM)
    field = settings.COTUTELLE_IDENTITY_FIELD
    if not value:
        return None
    if field == "email" and identity.claims.get("email_verified") in {False, "false"}:
        return None
    people = Person.objects.filter(is_active=True, erased_at__isnull=True)
    if field == "number":
        people = people.filter(number=value)
        if settings.COTUTELLE_IDENTITY_UNIT:
            people = people.filter(unit__code=settings.COTUTELLE_IDENTITY_UNIT)
    else:
        people = people.filter(**{f"{field}__iexact": value})
    found = list(people[:2])
    return found[0] if len(found) == 1 else None
