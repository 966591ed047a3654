"""The life of a curriculum: drafted, put in force, replaced by a new edition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CURRICULUM_TRANSITIONS, CurriculumState
from cotutelle.rotations.models import Curriculum, Department
from cotutelle.rotations.queries.setup_curricula import accredited_departments, earlier_in_force
from cotutelle.rotations.queries.setup_faults import (
    BlockLine,
    Content,
    Fault,
    GroupLine,
    OrderLine,
    content_of,
    faults_of,
)
from cotutelle.rotations.services.setup_blocks import lock_draft, write_content

EXAMPLES = Path(__file__).parents[1] / "data" / "curricula.json"


@dataclass(frozen=True, slots=True)
class CurriculumData:
    """What a curriculum is called; ``months`` is the total, protected research included."""

    specialty_code: str
    name_zh: str
    edition: str
    months: int
    name_en: str = ""


@transaction.atomic
def create_curriculum(
    unit: Unit, data: CurriculumData, *, is_example: bool = False, actor: Person
) -> Curriculum:
    """
    Draft a curriculum of ``unit``.

    Refuses with ``curriculum.specialty_code``, ``.name_zh``, ``.edition``, ``.months`` and
    ``curriculum.edition_taken``.
    """
    check(actor, "rotations.manage_curricula", unit)
    _require_sound(data)
    made = Curriculum(
        unit=unit, is_example=is_example, created_by=actor, created_at=now(), **asdict(data)
    )
    _save(made)
    record("rotations.curriculum.created", actor=actor, subject=made, after=_values(made))
    return made


@transaction.atomic
def edit_curriculum(curriculum: Curriculum, data: CurriculumData, *, actor: Person) -> Curriculum:
    """Change a draft; it is no example any more. Refuses as `create_curriculum` and ``.state``."""
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    _require_sound(data)
    before = _values(curriculum)
    for name, value in asdict(data).items():
        setattr(curriculum, name, value)
    after = _values(curriculum)
    if before != after:
        _save(curriculum)
        record(
            "rotations.curriculum.edited", actor=actor, subject=curriculum,
            before=before, after=after,
        )  # fmt: skip
    return curriculum


@transaction.atomic
def confirm_example(curriculum: Curriculum, *, actor: Person) -> Curriculum:
    """Say that the school has checked an example; it is an ordinary draft from then on."""
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    if curriculum.is_example:
        curriculum.is_example = False
        curriculum.save(update_fields=["is_example"])
        record("rotations.curriculum.confirmed", actor=actor, subject=curriculum)
    return curriculum


def reasons_against(curriculum: Curriculum) -> list[Fault]:
    """Return everything that keeps a draft from being put in force."""
    names = {
        b.department.code: str(b.department) for b in curriculum.blocks.select_related("department")
    }
    faults = faults_of(content_of(curriculum), accredited=accredited_departments(), names=names)
    if curriculum.is_example:
        faults.append(
            Fault("example", _("It is an example: the school has to confirm its contents first."))
        )
    return faults


@transaction.atomic
def put_in_force(curriculum: Curriculum, *, actor: Person) -> Curriculum:
    """
    Let a draft bind; the edition in force before is replaced. Who trains under it stays there.

    Refuses with ``curriculum.contradictory`` (all reasons at once) and ``curriculum.state``.
    """
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    if faults := reasons_against(curriculum):
        raise RuleViolation(
            "curriculum.contradictory", _(" ").join(fault.message for fault in faults)
        )
    for earlier in earlier_in_force(curriculum):
        _move(earlier, CurriculumState.RETIRED, actor=actor)
    _move(curriculum, CurriculumState.IN_FORCE, actor=actor)
    return curriculum


@transaction.atomic
def retire_curriculum(curriculum: Curriculum, *, actor: Person) -> Curriculum:
    """Let nobody begin under it any more. Refuses with ``curriculum.state``."""
    check(actor, "rotations.manage_curricula", curriculum)
    _move(curriculum, CurriculumState.RETIRED, actor=actor)
    return curriculum


@transaction.atomic
def delete_draft(curriculum: Curriculum, *, actor: Person) -> None:
    """Delete a draft nobody is planned with. Refuses with ``curriculum.state`` and ``.in_use``."""
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    if curriculum.participants.exists():
        raise RuleViolation("curriculum.in_use", _("Students are planned with this curriculum."))
    record(
        "rotations.curriculum.deleted", actor=actor, subject=curriculum,
        before=_values(curriculum),
    )  # fmt: skip
    curriculum.orders.all().delete()
    curriculum.blocks.all().delete()
    curriculum.delete()


@transaction.atomic
def new_edition(curriculum: Curriculum, edition: str, *, actor: Person) -> Curriculum:
    """Draft another edition with the same blocks. Refuses as `create_curriculum`."""
    data = CurriculumData(
        specialty_code=curriculum.specialty_code, name_zh=curriculum.name_zh,
        name_en=curriculum.name_en, edition=edition, months=curriculum.months,
    )  # fmt: skip
    made = create_curriculum(curriculum.unit, data, is_example=curriculum.is_example, actor=actor)
    write_content(made, content_of(curriculum))
    return made


@transaction.atomic
def install_examples(unit: Unit, *, actor: Person) -> list[Curriculum]:
    """
    Draft the shipped examples that ``unit`` does not have yet; the school has to confirm them.

    Each has 33 months of rotations and 3 of protected research. Refuses with
    ``curriculum.departments``: some that they use are not there.
    """
    check(actor, "rotations.manage_curricula", unit)
    known = set(Curriculum.objects.filter(unit=unit).values_list("specialty_code", "edition"))
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    fresh = [one for one in examples if (one["specialty_code"], one["edition"]) not in known]
    _require_departments(fresh)
    made = []
    for one in fresh:
        fields = {n: one[n] for n in CurriculumData.__dataclass_fields__}
        curriculum = create_curriculum(unit, CurriculumData(**fields), is_example=True, actor=actor)
        write_content(curriculum, _content(one))
        made.append(curriculum)
    return made


def _require_departments(examples: Sequence[Mapping[str, Any]]) -> None:
    used = {block["department"] for one in examples for block in one["blocks"]}
    if missing := used.difference(Department.objects.values_list("code", flat=True)):
        raise RuleViolation(
            "curriculum.departments",
            _("Add the usual departments first. These are missing: %(codes)s.")
            % {"codes": ", ".join(sorted(missing))},
        )


def _content(one: Mapping[str, Any]) -> Content:
    return Content(
        months=one["months"],
        blocks=tuple(BlockLine(**b) for b in one["blocks"]),
        groups=tuple(GroupLine(**g) for g in one["groups"]),
        orders=tuple(OrderLine(**o) for o in one["orders"]),
    )


def _move(curriculum: Curriculum, to: CurriculumState, *, actor: Person) -> None:
    seen = CurriculumState(curriculum.state)
    if to not in CURRICULUM_TRANSITIONS[seen]:
        raise RuleViolation(
            "curriculum.state",
            _("What is “%(seen)s” cannot become “%(to)s”.") % {"seen": seen.label, "to": to.label},
        )
    if Curriculum.objects.filter(pk=curriculum.pk, state=seen).update(state=to) != 1:
        raise RuleViolation(
            "curriculum.stale", _("Somebody has just changed this. Look again, then decide.")
        )
    curriculum.state = to
    record(
        f"rotations.curriculum.{to}", actor=actor, subject=curriculum,
        before={"state": seen}, after={"state": to}, decision=True,
    )  # fmt: skip


def _require_sound(data: CurriculumData) -> None:
    faults = (
        ("specialty_code", not data.specialty_code.strip(), _("Name the specialty by its code.")),
        ("name_zh", not data.name_zh.strip(), _("Give the curriculum a name.")),
        ("edition", not data.edition.strip(), _("Name the edition, for example its year.")),
        ("months", not 1 <= data.months <= 60, _("A curriculum lasts 1 to 60 months.")),  # noqa: PLR2004
    )
    for field, broken, message in faults:
        if broken:
            raise RuleViolation(f"curriculum.{field}", message, field=field)


def _save(curriculum: Curriculum) -> None:
    try:
        with transaction.atomic():
            curriculum.save()
    except IntegrityError as error:
        raise RuleViolation(
            "curriculum.edition_taken",
            _("This unit has this edition of the specialty already."),
            field="edition",
        ) from error


def _values(curriculum: Curriculum) -> dict[str, Any]:
    return {name: getattr(curriculum, name) for name in CurriculumData.__dataclass_fields__}
