"""Changing the tree of units and the days on which they work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Max, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import time_zones, today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.enums import DayKind, UnitKind, UnitState
from cotutelle.institutions.models import Calendar, CalendarDay, Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person, RoleGrant

FIELDS = ("kind", "code", "name_zh", "name_en", "short_zh", "short_en", "time_zone")
_PATH_LENGTH = 200
_LONGEST_RANGE_DAYS = 366

_known_by_code: list[Callable[[Unit], bool]] = []


def keep_code_where(is_known: Callable[[Unit], bool]) -> None:
    """
    Keep the code of an institution, and that it is one, where ``is_known(unit)``.

    For rooms that have given away what names it by its code.
    """
    if is_known not in _known_by_code:
        _known_by_code.append(is_known)


@transaction.atomic
def create_unit(
    *,
    parent: Unit | None,
    kind: str,
    code: str,
    name_zh: str,
    name_en: str = "",
    short_zh: str = "",
    short_en: str = "",
    time_zone: str = "",
    actor: Person | None,
) -> Unit:
    """
    Create a unit below ``parent``; without one, the consortium (system only).

    Refuses: ``unit.root`` (a second root, or a consortium below something), ``unit.code_taken``,
    ``unit.no_name``, ``unit.time_zone``, ``unit.parent_archived``, ``unit.too_deep``.
    """
    _authorise(actor, parent)
    if (parent is None) != (kind == UnitKind.CONSORTIUM):
        raise RuleViolation(
            "unit.root", _("The consortium is the one root of the tree."), field="kind"
        )
    parent = _locked(parent) if parent else None
    _check_parent(parent)
    unit = Unit(
        parent=parent,
        kind=kind,
        code=code.strip(),
        name_zh=name_zh.strip(),
        name_en=name_en.strip(),
        short_zh=short_zh.strip(),
        short_en=short_en.strip(),
        time_zone=time_zone,
    )
    _check_fields(unit)
    unit.save()
    unit.path = f"{parent.path if parent else ''}{unit.pk}/"
    if len(unit.path) > _PATH_LENGTH:
        raise _too_deep()
    unit.save(update_fields=["path"])
    record("institutions.unit.created", actor=actor, subject=unit, unit=unit, after=_facts(unit))
    return unit


@transaction.atomic
def change_unit(unit: Unit, *, actor: Person | None, **changes: Any) -> Unit:
    """
    Change names, code, kind or time zone (``FIELDS``) of ``unit``; nothing else is touched.

    Refuses: ``unit.code_taken``, ``unit.no_name``, ``unit.time_zone``, ``unit.root``, and
    ``unit.code_known`` where outsiders know an institution by its code.
    """
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"changes: {sorted(unknown)} are no fields of a unit")
    _authorise(actor, unit)
    unit = _locked(unit)
    before, was_institution = _facts(unit), unit.is_institution
    for name, value in changes.items():
        setattr(unit, name, value.strip())
    if (unit.kind == UnitKind.CONSORTIUM) != (unit.parent_id is None):
        raise RuleViolation(
            "unit.root", _("The consortium is the one root of the tree."), field="kind"
        )
    _check_fields(unit)
    if was_institution:
        _keep_code(unit, before["code"])
    changed = {k: v for k, v in _facts(unit).items() if before[k] != v}
    if changed:
        unit.save()
        record(
            "institutions.unit.changed",
            actor=actor,
            subject=unit,
            unit=unit,
            before={k: before[k] for k in changed},
            after=changed,
        )
    return unit


@transaction.atomic
def move_unit(unit: Unit, parent: Unit, *, actor: Person | None) -> Unit:
    """
    Put ``unit`` with everything below it under ``parent``.

    Needs the permission on both. Refuses: ``unit.root`` (the consortium stays), ``unit.cycle``,
    ``unit.parent_archived``, ``unit.too_deep``.
    """
    _authorise(actor, unit)
    _authorise(actor, parent)
    unit, parent = _locked(unit), _locked(parent)
    if unit.parent is None:
        raise RuleViolation(
            "unit.root", _("The consortium is the one root of the tree."), field="parent"
        )
    if parent.path.startswith(unit.path):
        raise RuleViolation("unit.cycle", _("A unit cannot be put below itself."), field="parent")
    _check_parent(parent)
    if unit.parent_id == parent.pk:
        return unit
    before, old, new = unit.parent.code, unit.path, f"{parent.path}{unit.pk}/"
    subtree = Unit.objects.filter(path__startswith=old)
    longest = subtree.aggregate(most=Max(Length("path")))["most"] or 0
    if longest - len(old) + len(new) > _PATH_LENGTH:
        raise _too_deep()
    subtree.update(path=Concat(Value(new), Substr("path", len(old) + 1)))
    unit.parent, unit.path = parent, new
    unit.save(update_fields=["parent"])
    record(
        "institutions.unit.moved",
        actor=actor,
        subject=unit,
        unit=unit,
        before={"parent": before},
        after={"parent": parent.code},
    )
    return unit


@transaction.atomic
def edit_unit(
    unit: Unit, *, parent: Unit | None = None, actor: Person | None, **changes: Any
) -> Unit:
    """Do `change_unit` and, for another ``parent``, `move_unit`: both or neither."""
    changed = change_unit(unit, actor=actor, **changes)
    if parent is None or parent.pk == changed.parent_id:
        return changed
    return move_unit(changed, parent, actor=actor)


@transaction.atomic
def archive_unit(unit: Unit, *, actor: Person | None) -> Unit:
    """
    Take ``unit`` out of use; it stays readable.

    Refuses: ``unit.root``, ``unit.has_active_units``, ``unit.has_roles``, ``unit.state``.
    """
    _authorise(actor, unit)
    unit = _locked(unit)
    if unit.parent_id is None:
        raise RuleViolation("unit.root", _("The consortium is the one root of the tree."))
    if unit.children.filter(state=UnitState.ACTIVE).exists():
        raise RuleViolation("unit.has_active_units", _("Archive the units below this one first."))
    if RoleGrant.objects.filter(unit=unit).exclude(ends_on__lt=today()).exists():
        raise RuleViolation("unit.has_roles", _("End the roles on this unit first."))
    return _set_state(unit, UnitState.ARCHIVED, actor)


@transaction.atomic
def restore_unit(unit: Unit, *, actor: Person | None) -> Unit:
    """Put an archived unit back into use. Refuses: ``unit.parent_archived``, ``unit.state``."""
    _authorise(actor, unit)
    unit = _locked(unit)
    _check_parent(unit.parent)
    return _set_state(unit, UnitState.ACTIVE, actor)


def _set_state(unit: Unit, state: UnitState, actor: Person | None) -> Unit:
    if unit.state == state:
        raise RuleViolation("unit.state", _("The unit is in this state already."))
    before, unit.state = unit.state, state
    unit.save(update_fields=["state"])
    done = "archived" if state == UnitState.ARCHIVED else "restored"
    record(
        f"institutions.unit.{done}",
        actor=actor,
        subject=unit,
        unit=unit,
        before={"state": before},
        after={"state": state.value},
    )
    return unit


def _authorise(actor: Person | None, unit: Unit | None) -> None:
    """Ask the rules; the system needs nobody's leave."""
    if actor is not None:
        check(actor, "institutions.change_unit", unit)


def _locked(unit: Unit) -> Unit:
    """Read ``unit`` again while nobody else changes the tree."""
    list(Unit.objects.select_for_update().filter(parent__isnull=True).values_list("pk"))
    return Unit.objects.select_for_update(of=("self",)).select_related("parent").get(pk=unit.pk)


def _check_parent(parent: Unit | None) -> None:
    if parent is not None and parent.state != UnitState.ACTIVE:
        raise RuleViolation(
            "unit.parent_archived", _("The unit above is archived."), field="parent"
        )


def _check_fields(unit: Unit) -> None:
    if not unit.name_zh:
        raise RuleViolation("unit.no_name", _("A unit needs its Chinese name."), field="name_zh")
    if not unit.code:
        raise RuleViolation("unit.no_code", _("A unit needs a code."), field="code")
    if unit.kind not in UnitKind.values:
        raise RuleViolation("unit.kind", _("There is no such kind of unit."), field="kind")
    if unit.time_zone and unit.time_zone not in time_zones():
        raise RuleViolation("unit.time_zone", _("There is no such time zone."), field="time_zone")
    if Unit.objects.filter(code=unit.code).exclude(pk=unit.pk).exists():
        raise RuleViolation("unit.code_taken", _("Another unit has this code."), field="code")


def _keep_code(unit: Unit, code: str) -> None:
    """Refuse another code than ``code``, or to be an institution no more, where both are known."""
    field = "code" if unit.code != code else "" if unit.is_institution else "kind"
    if field and any(is_known(unit) for is_known in _known_by_code):
        raise RuleViolation(
            "unit.code_known",
            _("Certificates name this institution by its code. It keeps its code and stays one."),
            field=field,
        )


def _too_deep() -> RuleViolation:
    return RuleViolation("unit.too_deep", _("The tree would become too deep."), field="parent")


def _facts(unit: Unit) -> dict[str, Any]:
    return {name: str(getattr(unit, name)) for name in FIELDS}


# ---------------------------------------------------------------- calendars


@transaction.atomic
def create_calendar(
    unit: Unit, *, name_zh: str, name_en: str = "", actor: Person | None
) -> Calendar:
    """
    Give ``unit`` a calendar of its own, which counts for all units below without one.

    Refuses: ``calendar.exists``, ``calendar.no_name``.
    """
    _authorise_calendar(actor, unit)
    unit = _locked(unit)
    if unit.calendar_id:
        raise RuleViolation("calendar.exists", _("This unit has a calendar of its own already."))
    if not name_zh.strip():
        raise RuleViolation("calendar.no_name", _("A calendar needs a name."), field="name_zh")
    calendar = Calendar.objects.create(unit=unit, name_zh=name_zh.strip(), name_en=name_en.strip())
    unit.calendar = calendar
    unit.save(update_fields=["calendar"])
    record(
        "institutions.calendar.created",
        actor=actor,
        subject=unit,
        unit=unit,
        after={"calendar": calendar.name_zh},
    )
    return calendar


@transaction.atomic
def set_days(
    calendar: Calendar,
    first: dt.date,
    last: dt.date,
    kind: str,
    *,
    name_zh: str = "",
    name_en: str = "",
    actor: Person | None,
) -> int:
    """
    Make every day from ``first`` to ``last`` a day of ``kind``; return how many days that is.

    What these days were before is replaced. Refuses: ``calendar.range`` (backwards, or more
    than a year), ``calendar.kind``.
    """
    _authorise_calendar(actor, calendar.unit)
    days = _days_of(first, last)
    if kind not in DayKind.values:
        raise RuleViolation("calendar.kind", _("There is no such kind of day."), field="kind")
    CalendarDay.objects.bulk_create(
        [
            CalendarDay(calendar=calendar, day=day, kind=kind, name_zh=name_zh, name_en=name_en)
            for day in days
        ],
        update_conflicts=True,
        unique_fields=["calendar", "day"],
        update_fields=["kind", "name_zh", "name_en"],
    )
    record(
        "institutions.calendar_days.set",
        actor=actor,
        subject=calendar.unit,
        unit=calendar.unit,
        after={"day_kind": kind, "first": first, "last": last, "reason": name_zh or name_en},
    )
    return len(days)


@transaction.atomic
def remove_days(calendar: Calendar, first: dt.date, last: dt.date, *, actor: Person | None) -> int:
    """
    Let the days from ``first`` to ``last`` follow the week again; return how many changed.

    Refuses: ``calendar.range``.
    """
    _authorise_calendar(actor, calendar.unit)
    _days_of(first, last)
    removed, _by_model = calendar.days.filter(day__range=(first, last)).delete()
    if removed:
        record(
            "institutions.calendar_days.removed",
            actor=actor,
            subject=calendar.unit,
            unit=calendar.unit,
            before={"first": first, "last": last, "days": removed},
        )
    return removed


def _authorise_calendar(actor: Person | None, unit: Unit) -> None:
    if actor is not None:
        check(actor, "institutions.change_calendar", unit)


def _days_of(first: dt.date, last: dt.date) -> list[dt.date]:
    count = (last - first).days + 1
    if not 1 <= count <= _LONGEST_RANGE_DAYS:
        raise RuleViolation(
            "calendar.range",
            _("The last day must follow the first, within one year."),
            field="last",
        )
    return [first + dt.timedelta(days=n) for n in range(count)]
