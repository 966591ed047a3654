"""Checks that several services of this room share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import time_zones
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.enums import UnitState
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person


def authorise(actor: Person | None, permission: str, obj: Any) -> None:
    """Ask the rules; the system needs nobody's leave."""
    if actor is not None:
        check(actor, permission, obj)


def reject_unknown(fields: Iterable[str], known: tuple[str, ...]) -> None:
    if unknown := set(fields) - set(known):
        raise ValueError(f"fields: {sorted(unknown)} cannot be set here")


def clean(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def check_unit(unit: Unit) -> None:
    if unit.state != UnitState.ACTIVE:
        raise RuleViolation("unit.archived", _("The unit is archived."), field="unit")


def check_not_erased(person: Person) -> None:
    if person.erased_at is not None:
        raise RuleViolation("person.erased", _("The data of this person were erased."))


def check_own_values(person: Person) -> None:
    if not person.name_zh and not person.name_en:
        raise RuleViolation("person.no_name", _("A person needs a name."), field="name_zh")
    if person.language not in dict(settings.LANGUAGES):
        raise RuleViolation("person.language", _("There is no such language."), field="language")
    if person.time_zone not in time_zones():
        raise RuleViolation("person.time_zone", _("There is no such time zone."), field="time_zone")


def save(person: Person) -> None:
    """Save; what the database refuses is said in words."""
    check_own_values(person)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if name == "person_number_in_unit":
            raise RuleViolation(
                "person.number_taken", _("Somebody in this unit has this number."), field="number"
            ) from error
        if "username" in name:
            raise RuleViolation(
                "person.username_taken", _("Somebody has this sign-in name."), field="username"
            ) from error
        raise
