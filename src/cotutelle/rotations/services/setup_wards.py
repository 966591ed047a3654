"""Wards: added, changed, closed; for which departments; how many places in which month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import institution_of
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import OccupancyKind, WardState
from cotutelle.rotations.models import Accreditation, Department, Occupancy, Ward, WardMonth
from cotutelle.rotations.months import first_of, months_between

LONGEST = 60
HALF_DAYS = 10


@dataclass(frozen=True, slots=True)
class WardData:
    """
    What a ward is; ``upper`` and ``lower`` are trainees a month.

    ``upper`` ``None`` sets no bound; ``research_half_days`` are granted a week.
    """

    code: str
    name_zh: str
    name_en: str = ""
    upper: int | None = None
    lower: int = 0
    research_half_days: int = 0


@transaction.atomic
def create_ward(unit: Unit, data: WardData, *, actor: Person) -> Ward:
    """
    Add a ward of ``unit``; its hospital is the institution above.

    Refuses with ``ward.code``, ``ward.name``, ``ward.range``, ``ward.half_days`` and
    ``ward.code_taken``.
    """
    check(actor, "rotations.manage_wards", unit)
    _require_sound(data)
    made = Ward(unit=unit, hospital=institution_of(unit), **asdict(data))
    _save(made)
    record("rotations.ward.created", actor=actor, subject=made, after=_values(made))
    return made


@transaction.atomic
def edit_ward(ward: Ward, data: WardData, *, actor: Person) -> Ward:
    """Change a ward. Refuses as `create_ward`."""
    check(actor, "rotations.keep_ward", ward)
    _require_sound(data)
    before = _values(ward)
    for name, value in asdict(data).items():
        setattr(ward, name, value)
    after = _values(ward)
    if before != after:
        _save(ward)
        record("rotations.ward.edited", actor=actor, subject=ward, before=before, after=after)
    return ward


@transaction.atomic
def close_ward(ward: Ward, *, reason: str, actor: Person) -> Ward:
    """
    Let the ward take nobody from the next plan on; who is planned there is re-planned.

    Refuses with ``ward.reason`` and ``ward.state``.
    """
    check(actor, "rotations.manage_wards", ward)
    if not reason.strip():
        raise RuleViolation(
            "ward.reason", _("Say why, so that it can be read later."), field="reason"
        )
    _set_state(ward, WardState.CLOSED)
    after = {"state": WardState.CLOSED, "reason": reason.strip()}
    before = {"state": WardState.OPEN}
    record("rotations.ward.closed", actor=actor, subject=ward, before=before, after=after)
    return ward


@transaction.atomic
def open_ward(ward: Ward, *, actor: Person) -> Ward:
    """Let a closed ward take trainees again. Refuses with ``ward.state``."""
    check(actor, "rotations.manage_wards", ward)
    _set_state(ward, WardState.OPEN)
    record(
        "rotations.ward.opened", actor=actor, subject=ward,
        before={"state": WardState.CLOSED}, after={"state": WardState.OPEN},
    )  # fmt: skip
    return ward


@transaction.atomic
def accredit_ward(
    ward: Ward,
    department: Department,
    *,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
    actor: Person,
) -> Accreditation:
    """Let a ward train for a department, or change the period. Refuses with ``ward.period``."""
    check(actor, "rotations.manage_wards", ward)
    if starts_on and ends_on and ends_on < starts_on:
        raise RuleViolation(
            "ward.period", _("The accreditation ends before it begins."), field="ends_on"
        )
    found = Accreditation.objects.filter(ward=ward, department=department).first()
    before = _accreditation(found)
    found = found or Accreditation(ward=ward, department=department)
    found.starts_on, found.ends_on = starts_on, ends_on
    after = _accreditation(found)
    if before != after:
        found.save()
        record("rotations.ward.accredited", actor=actor, subject=ward, before=before, after=after)
    return found


@transaction.atomic
def withdraw_accreditation(accreditation: Accreditation, *, actor: Person) -> None:
    """Take back that a ward may train for a department."""
    check(actor, "rotations.manage_wards", accreditation.ward)
    record(
        "rotations.ward.accredited", actor=actor, subject=accreditation.ward,
        before=_accreditation(accreditation),
    )  # fmt: skip
    accreditation.delete()


@dataclass(frozen=True, slots=True)
class Range:
    """The places of a month: at least ``lower``, at most ``upper`` trainees of all kinds."""

    upper: int
    lower: int = 0
    note: str = ""


@transaction.atomic
def set_months(ward: Ward, ranges: Mapping[dt.date, Range | None], *, actor: Person) -> int:
    """
    Set the range of single months; ``None`` returns a month to what the ward usually has.

    Returns how many months changed. Refuses with ``ward.range``.
    """
    check(actor, "rotations.keep_ward", ward)
    months = {first_of(month): wanted for month, wanted in ranges.items()}
    for wanted in months.values():
        if wanted and wanted.upper < wanted.lower:
            raise RuleViolation("ward.range", _range_text(), field="upper")
    known = {m.month: m for m in WardMonth.objects.filter(ward=ward, month__in=months)}
    before = {month: _month(m) for month, m in known.items()}
    changed = [
        month
        for month, wanted in months.items()
        if before.get(month) != ((wanted.upper, wanted.lower, wanted.note) if wanted else None)
    ]
    for month in changed:
        wanted = months[month]
        if wanted is None:
            known[month].delete()
            continue
        WardMonth.objects.update_or_create(ward=ward, month=month, defaults=asdict(wanted))
    if changed:
        record(
            "rotations.ward.months_set", actor=actor, subject=ward,
            before={"months": [_month_text(m, before.get(m)) for m in sorted(changed)]},
            after={"months": [_month_text(m, _wanted(months[m])) for m in sorted(changed)]},
        )  # fmt: skip
    return len(changed)


@transaction.atomic
def set_period(
    ward: Ward, first: dt.date, last: dt.date, wanted: Range | None, *, actor: Person
) -> int:
    """
    Set the range of every month from that of ``first`` to that of ``last``.

    Returns how many months changed. Refuses with ``ward.months`` and ``ward.range``.
    """
    months = months_between(first_of(first), first_of(last))
    if not 1 <= len(months) <= LONGEST:
        raise RuleViolation(
            "ward.months", _("Choose 1 to %(n)s months, the first before the last.") % {"n": LONGEST},
            field="last",
        )  # fmt: skip
    return set_months(ward, dict.fromkeys(months, wanted), actor=actor)


@transaction.atomic
def set_occupancy(ward: Ward, people: Mapping[tuple[dt.date, str], int], *, actor: Person) -> int:
    """
    Enter how many trainees who are not planned here a ward has, by month and kind.

    Returns how many numbers changed; 0 takes one away. Refuses with ``ward.people``.
    """
    check(actor, "rotations.keep_ward", ward)
    wanted = {(first_of(month), OccupancyKind(kind)): n for (month, kind), n in people.items()}
    if any(not 0 <= n <= 999 for n in wanted.values()):  # noqa: PLR2004
        raise RuleViolation("ward.people", _("Between 0 and 999 trainees."), field="people")
    known = {
        (o.month, OccupancyKind(o.kind)): o
        for o in Occupancy.objects.filter(ward=ward, month__in={m for m, _k in wanted})
    }
    before = {key: known[key].people if key in known else 0 for key in wanted}
    changed = sorted(key for key, n in wanted.items() if n != before[key])
    for month, kind in changed:
        if n := wanted[month, kind]:
            Occupancy.objects.update_or_create(
                ward=ward, month=month, kind=kind, defaults={"people": n}
            )
        else:
            known[month, kind].delete()
    if changed:
        record(
            "rotations.ward.occupancy_set", actor=actor, subject=ward,
            before={"people": [f"{m:%Y-%m} {k}: {before[m, k]}" for m, k in changed]},
            after={"people": [f"{m:%Y-%m} {k}: {wanted[m, k]}" for m, k in changed]},
        )  # fmt: skip
    return len(changed)


def _range_text() -> str:
    return _("The most trainees are fewer than the fewest.")


def _require_sound(data: WardData) -> None:
    faults = (
        ("code", "code", not data.code.strip(), _("Give the ward its code.")),
        ("name", "name_zh", not data.name_zh.strip(), _("Give the ward a name.")),
        ("range", "upper", data.upper is not None and data.upper < data.lower, _range_text()),
        ("half_days", "research_half_days", not 0 <= data.research_half_days <= HALF_DAYS,
         _("A week has ten half-days.")),
    )  # fmt: skip
    for code, field, broken, message in faults:
        if broken:
            raise RuleViolation(f"ward.{code}", message, field=field)


def _set_state(ward: Ward, to: WardState) -> None:
    changed = Ward.objects.filter(pk=ward.pk).exclude(state=to).update(state=to)
    if changed != 1:
        raise RuleViolation(
            "ward.state", _("The ward is at “%(state)s” already.") % {"state": to.label}
        )
    ward.state = to


def _save(ward: Ward) -> None:
    names = None if ward.pk is None else [*WardData.__dataclass_fields__]
    try:
        with transaction.atomic():
            ward.save(update_fields=names)  # a ward closed meanwhile stays closed
    except IntegrityError as error:
        raise RuleViolation(
            "ward.code_taken", _("Another ward of this hospital has this code."), field="code"
        ) from error


def _values(ward: Ward) -> dict[str, Any]:
    return {name: getattr(ward, name) for name in WardData.__dataclass_fields__}


def _accreditation(found: Accreditation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    period = {"starts_on": found.starts_on, "ends_on": found.ends_on}
    return {"department": found.department.name_zh} | period


def _month(row: WardMonth) -> tuple[int, int, str]:
    return row.upper, row.lower, row.note


def _wanted(wanted: Range | None) -> tuple[int, int, str] | None:
    return (wanted.upper, wanted.lower, wanted.note) if wanted else None


def _month_text(month: dt.date, values: tuple[int, int, str] | None) -> str:
    if values is None:
        return f"{month:%Y-%m}: –"
    upper, lower, note = values
    return f"{month:%Y-%m}: {lower}–{upper}{' ' + note if note else ''}"
