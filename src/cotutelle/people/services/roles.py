"""Giving and ending roles."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.enums import EXCLUSIVE_ROLES, Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.people.services._checks import authorise, check_not_erased, check_unit


@transaction.atomic
def grant_role(
    person: Person,
    role: str,
    unit: Unit,
    *,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
    actor: Person | None,
) -> RoleGrant:
    """
    Give ``person`` a role on ``unit`` and all below it, from today unless ``starts_on``.

    Refuses: ``grant.self``, ``grant.administrator`` (only administrators make administrators),
    ``grant.exclusive`` (an adviser is never the counsellor), ``grant.overlap``,
    ``grant.period``, ``grant.role``, ``unit.archived``, ``person.erased``, ``person.inactive``.
    """
    authorise(actor, "people.grant_role", unit)
    starts_on = starts_on or today()
    _check_grantor(actor, person, role, unit)
    person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    check_not_erased(person)
    if not person.is_active:
        raise RuleViolation("person.inactive", _("Open the person's sign-in first."))
    check_unit(unit)
    if ends_on is not None and ends_on < starts_on:
        raise RuleViolation("grant.period", _("The last day is before the first."), field="ends_on")
    _check_exclusive(person, role, starts_on, ends_on)
    try:
        with transaction.atomic():
            given = RoleGrant.objects.create(
                person=person, role=role, unit=unit, starts_on=starts_on, ends_on=ends_on,
                granted_by=actor,
            )  # fmt: skip
    except IntegrityError as error:
        raise RuleViolation(
            "grant.overlap", _("The person holds this role on this unit in that period already.")
        ) from error
    record("people.role.granted", actor=actor, subject=person, unit=unit, after=_grant_facts(given))
    return given


@transaction.atomic
def end_grant(grant: RoleGrant, *, actor: Person | None, ends_on: dt.date | None = None) -> None:
    """
    End a role with ``ends_on``; without it, at once: yesterday was the last day.

    A role that would end before it began is taken away; the history keeps it. Refuses:
    ``grant.ended``, ``grant.last_administrator``.
    """
    authorise(actor, "people.grant_role", grant.unit)
    if grant.role == Role.SYSTEM_ADMINISTRATOR and actor is not None:
        _check_grantor(actor, None, grant.role, grant.unit)
    grant = (
        RoleGrant.objects.select_for_update(of=("self",))
        .select_related("person", "unit")
        .get(pk=grant.pk)
    )
    last = ends_on or today() - dt.timedelta(days=1)
    if grant.ends_on is not None and grant.ends_on <= last:
        raise RuleViolation("grant.ended", _("This role ends by then already."))
    if grant.role == Role.SYSTEM_ADMINISTRATOR:
        _check_not_last_administrator(grant)
    before = _grant_facts(grant)
    if last < grant.starts_on:
        grant.delete()
    else:
        grant.ends_on = last
        grant.save(update_fields=["ends_on"])
    record(
        "people.role.ended",
        actor=actor,
        subject=grant.person,
        unit=grant.unit,
        before=before,
        after={**before, "ends_on": last},
    )


def _check_grantor(actor: Person | None, person: Person | None, role: str, unit: Unit) -> None:
    if role not in Role.values:
        raise RuleViolation("grant.role", _("There is no such role."), field="role")
    if actor is None:
        return
    if person is not None and actor.pk == person.pk:
        raise RuleViolation("grant.self", _("Nobody gives a role to themselves."))
    if role == Role.SYSTEM_ADMINISTRATOR and not any(
        g.role == role and unit.path.startswith(g.unit.path) for g in actor.active_grants
    ):
        raise Refused(
            _("Only a system administrator makes or unmakes one."), code="grant.administrator"
        )


def _check_exclusive(
    person: Person, role: str, starts_on: dt.date, ends_on: dt.date | None
) -> None:
    if role not in EXCLUSIVE_ROLES:
        return
    others = person.grants.filter(role__in=EXCLUSIVE_ROLES).exclude(role=role)
    others = others.exclude(ends_on__lt=starts_on)
    if ends_on is not None:
        others = others.exclude(starts_on__gt=ends_on)
    if others.exists():
        raise RuleViolation(
            "grant.exclusive",
            _("A student adviser is never the psychological counsellor, nor the reverse."),
            field="role",
        )


def _check_not_last_administrator(grant: RoleGrant) -> None:
    day = today()
    others = RoleGrant.objects.select_for_update().filter(
        role=Role.SYSTEM_ADMINISTRATOR, person__is_active=True, starts_on__lte=day
    )
    others = others.exclude(pk=grant.pk).exclude(ends_on__isnull=False)
    if not list(others[:1]):
        raise RuleViolation(
            "grant.last_administrator",
            _("This is the last system administrator. Make another one first."),
        )


def _grant_facts(grant: RoleGrant) -> dict[str, Any]:
    return {
        "role": grant.role,
        "unit": grant.unit.name_zh,
        "starts_on": grant.starts_on,
        "ends_on": grant.ends_on,
    }
