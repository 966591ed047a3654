"""The list of departments of the national standard."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import Department

USUAL = Path(__file__).parents[1] / "data" / "departments.csv"


@dataclass(frozen=True, slots=True)
class DepartmentData:
    """A department as the standard names it."""

    code: str
    name_zh: str
    name_en: str = ""
    family: str = DepartmentFamily.OTHER


def usual_departments() -> list[DepartmentData]:
    """Return the departments that most curricula use."""
    with USUAL.open(encoding="utf-8", newline="") as file:
        return [DepartmentData(**row) for row in csv.DictReader(file)]


@transaction.atomic
def save_department(
    data: DepartmentData, *, department: Department | None = None, actor: Person
) -> Department:
    """
    Add a department, or change one.

    Refuses with ``department.code``, ``department.name`` and ``department.code_taken``.
    """
    check(actor, "rotations.manage_departments")
    _require_sound(data, department)
    before = _values(department) if department else None
    found = department or Department()
    for name, value in asdict(data).items():
        setattr(found, name, value)
    after = _values(found)
    if before != after:
        found.save()
        action = "rotations.department.edited" if before else "rotations.department.created"
        record(action, actor=actor, subject=found, before=before, after=after)
    return found


@transaction.atomic
def install_departments(*, actor: Person) -> int:
    """Add the usual departments that are missing; return how many are new."""
    check(actor, "rotations.manage_departments")
    known = set(Department.objects.values_list("code", flat=True))
    fresh = [data for data in usual_departments() if data.code not in known]
    for data in fresh:
        save_department(data, actor=actor)
    return len(fresh)


def _require_sound(data: DepartmentData, department: Department | None) -> None:
    if not data.code.strip():
        raise RuleViolation("department.code", _("Give the department its code."), field="code")
    if not data.name_zh.strip():
        raise RuleViolation("department.name", _("Give the department a name."), field="name_zh")
    taken = Department.objects.filter(code=data.code)
    if department:
        taken = taken.exclude(pk=department.pk)
    if taken.exists():
        raise RuleViolation(
            "department.code_taken", _("Another department has this code."), field="code"
        )


def _values(department: Department) -> dict[str, Any]:
    return {name: getattr(department, name) for name in DepartmentData.__dataclass_fields__}
