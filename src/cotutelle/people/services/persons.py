"""Creating, changing and closing people."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.people.services._checks import (
    authorise,
    check_not_erased,
    check_own_values,
    check_unit,
    clean,
    reject_unknown,
    save,
)

FIELDS = (
    "unit", "username", "number", "name_zh", "name_en", "email", "phone", "gender",
    "identity_number", "wecom_id", "language", "time_zone",
)  # fmt: skip
OWN_FIELDS = ("email", "phone", "wecom_id", "language", "time_zone")
# Their values never enter the history, only that they changed.
HIDDEN_FIELDS = frozenset({"identity_number"})
_HIDDEN = "•••"


@transaction.atomic
def create_person(
    *, unit: Unit, actor: Person | None, password: str | None = None, **fields: Any
) -> Person:
    """
    Create a person of ``unit``; without ``username`` the number and the unit make one.

    Refuses: ``person.no_name``, ``person.username_taken``, ``person.number_taken``,
    ``person.language``, ``person.time_zone``, ``unit.archived``.
    """
    reject_unknown(fields, FIELDS)
    authorise(actor, "people.change_person", unit)
    check_unit(unit)
    person = Person(unit=unit, **{k: clean(v) for k, v in fields.items()})
    person.username = person.username or _free_username(person, unit)
    person.set_password(password)
    save(person)
    facts = {k: v for k, v in _facts(person).items() if v}
    facts |= {k: _HIDDEN for k in facts if k in HIDDEN_FIELDS}
    record("people.person.created", actor=actor, subject=person, unit=unit, after=facts)
    return person


@transaction.atomic
def change_person(person: Person, *, actor: Person | None, **changes: Any) -> Person:
    """
    Change fields of ``person`` (``FIELDS``); a move needs the permission on both units.

    Refuses as `create_person`, and ``person.erased``.
    """
    reject_unknown(changes, FIELDS)
    authorise(actor, "people.change_person", person)
    if (unit := changes.get("unit")) is not None and unit.pk != person.unit_id:
        authorise(actor, "people.change_person", unit)
        check_unit(unit)
    return _change(person, changes, actor)


@transaction.atomic
def change_own_profile(person: Person, *, actor: Person, **changes: Any) -> Person:
    """Let people change how they are reached and addressed (``OWN_FIELDS``) themselves."""
    reject_unknown(changes, OWN_FIELDS)
    if actor.pk != person.pk:
        raise Refused(_("Everybody keeps their own profile."))
    return _change(person, changes, actor)


def _change(person: Person, changes: dict[str, Any], actor: Person | None) -> Person:
    person = Person.objects.select_for_update(of=("self",)).select_related("unit").get(pk=person.pk)
    check_not_erased(person)
    before = _facts(person)
    for name, value in changes.items():
        setattr(person, name, clean(value))
    check_own_values(person)
    changed = {k: v for k, v in _facts(person).items() if before[k] != v}
    if not changed:
        return person
    save(person)
    if "email" in changed:
        _forget_addresses(person)
    record(
        "people.person.changed",
        actor=actor,
        subject=person,
        unit=person.unit,
        before={k: before[k] for k in changed if k not in HIDDEN_FIELDS},
        after={k: _HIDDEN if k in HIDDEN_FIELDS else v for k, v in changed.items()},
    )
    return person


@transaction.atomic
def deactivate_people(people: Iterable[Person], *, actor: Person | None) -> int:
    """
    Close sign-in for ``people``; return for how many it was open.

    Refuses: ``person.self`` (nobody locks themselves out), or all when one is out of reach.
    """
    return _set_active(people, actor=actor, active=False)


@transaction.atomic
def reactivate_people(people: Iterable[Person], *, actor: Person | None) -> int:
    """Open sign-in again; return for how many it was closed. Refuses: ``person.erased``."""
    return _set_active(people, actor=actor, active=True)


def _set_active(people: Iterable[Person], *, actor: Person | None, active: bool) -> int:
    people = list(people)
    for person in people:
        authorise(actor, "people.change_person", person)
        if actor is not None and person.pk == actor.pk:
            raise RuleViolation("person.self", _("Nobody closes or opens their own sign-in."))
        check_not_erased(person)
    done = 0
    for person in people:
        changed = Person.objects.filter(pk=person.pk, is_active=not active)
        if changed.update(is_active=active):
            done += 1
            record(
                f"people.person.{'reactivated' if active else 'deactivated'}",
                actor=actor,
                subject=person,
                unit=person.unit,
            )
    return done


def _free_username(person: Person, unit: Unit) -> str:
    """Return the number, or the pinyin, with the unit's code where it is taken."""
    from cotutelle.people.validators import sort_key  # noqa: PLC0415

    stem = person.number or sort_key(person.name_zh, person.name_en).replace(" ", "") or "person"
    names = [stem, f"{stem}@{unit.code.lower()}"]
    for name in names:
        if not Person.objects.filter(username__iexact=name).exists():
            return name
    return f"{stem}-{secrets.token_hex(4)}"


def _forget_addresses(person: Person) -> None:
    """Drop what sign-in remembers of former addresses: a reset goes to the present one."""
    from allauth.account.models import EmailAddress  # noqa: PLC0415

    EmailAddress.objects.filter(user=person).delete()


def _facts(person: Person) -> dict[str, Any]:
    facts = {name: getattr(person, name) for name in FIELDS}
    facts["unit"] = person.unit.name_zh if person.unit else ""
    return facts
