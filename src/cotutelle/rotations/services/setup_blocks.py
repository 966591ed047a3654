"""What a curriculum asks for: its blocks, elective groups and orders, while it is a draft."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CurriculumState
from cotutelle.rotations.models import (
    BlockOrder,
    Curriculum,
    CurriculumBlock,
    Department,
    ElectiveGroup,
)
from cotutelle.rotations.queries.setup_faults import (
    BlockLine,
    Content,
    GroupLine,
    OrderLine,
    content_of,
)


def lock_draft(curriculum: Curriculum) -> None:
    """Lock a draft until the transaction ends. Refuses with ``curriculum.state``."""
    Curriculum.objects.select_for_update().filter(pk=curriculum.pk).values("pk").get()
    curriculum.refresh_from_db(fields=["state"])
    if curriculum.state != CurriculumState.DRAFT:
        raise RuleViolation(
            "curriculum.state",
            _("What was in force is not changed any more. Draft a new edition instead."),
        )


@transaction.atomic
def replace_content(curriculum: Curriculum, content: Content, *, actor: Person) -> None:
    """Write the whole content of a draft anew; ``content.months`` is left alone."""
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    write_content(curriculum, content)
    _record(curriculum, before, actor)


@transaction.atomic
def save_block(
    curriculum: Curriculum,
    line: BlockLine,
    *,
    block: CurriculumBlock | None = None,
    actor: Person,
) -> CurriculumBlock:
    """
    Add a block at the end, or change one.

    Refuses with ``block.code``, ``block.code_taken``, ``block.department``, ``block.group``,
    ``block.window`` and ``curriculum.state``.
    """
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    department = Department.objects.filter(code=line.department).first()
    group = curriculum.groups.filter(code=line.group).first() if line.group else None
    _require_block(curriculum, line, block, department=department, group=group)
    found = block or CurriculumBlock(curriculum=curriculum, position=_next_position(curriculum))
    assert department is not None  # noqa: S101  checked above
    _fill(found, line, department, group)
    found.save()
    _record(curriculum, before, actor)
    return found


@transaction.atomic
def remove_block(block: CurriculumBlock, *, actor: Person) -> None:
    """Take a block out, with the orders that name it. Refuses with ``curriculum.state``."""
    curriculum = block.curriculum
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    block.delete()
    _record(curriculum, before, actor)


@transaction.atomic
def move_block(block: CurriculumBlock, *, up: bool, actor: Person) -> None:
    """Exchange a block with its neighbour in the list; at the end nothing happens."""
    curriculum = block.curriculum
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    rows = list(curriculum.blocks.all())
    at = next(i for i, row in enumerate(rows) if row.pk == block.pk)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, row in enumerate(rows, 1):
        row.position = position
    CurriculumBlock.objects.bulk_update(rows, ["position"])
    _record(curriculum, before, actor)


@transaction.atomic
def save_group(
    curriculum: Curriculum,
    line: GroupLine,
    *,
    group: ElectiveGroup | None = None,
    actor: Person,
) -> ElectiveGroup:
    """
    Add an elective group, or change one.

    Refuses with ``group.code``, ``group.code_taken``, ``group.name``, ``group.choose`` and
    ``curriculum.state``.
    """
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    taken = curriculum.groups.filter(code=line.code)
    if group:
        taken = taken.exclude(pk=group.pk)
    faults = (
        ("group.code", "code", not line.code.strip(), _("Give the group its code.")),
        ("group.name", "name_zh", not line.name_zh.strip(), _("Give the group a name.")),
        ("group.choose", "choose", line.choose < 1, _("At least one block is chosen.")),
        ("group.code_taken", "code", taken.exists(), _("Another group has this code.")),
    )
    _refuse_first(faults)
    found = group or ElectiveGroup(curriculum=curriculum)
    found.code, found.choose = line.code, line.choose
    found.name_zh, found.name_en = line.name_zh, line.name_en
    found.save()
    _record(curriculum, before, actor)
    return found


@transaction.atomic
def remove_group(group: ElectiveGroup, *, actor: Person) -> None:
    """Take an elective group away; its blocks become mandatory."""
    curriculum = group.curriculum
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    group.blocks.update(group=None)
    group.delete()
    _record(curriculum, before, actor)


@transaction.atomic
def add_order(curriculum: Curriculum, line: OrderLine, *, actor: Person) -> BlockOrder:
    """
    Let one block come before another.

    Refuses with ``order.blocks`` (unknown, or twice the same), ``order.known`` and
    ``curriculum.state``.
    """
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    blocks = {b.code: b for b in curriculum.blocks.filter(code__in=[line.before, line.after])}
    if len(blocks) != 2:  # noqa: PLR2004
        raise RuleViolation(
            "order.blocks", _("Choose two blocks of this curriculum."), field="after"
        )
    first, then = blocks[line.before], blocks[line.after]
    if curriculum.orders.filter(before__in=(first, then), after__in=(first, then)).exists():
        raise RuleViolation(
            "order.known", _("These two blocks have an order already."), field="after"
        )
    made = BlockOrder.objects.create(
        curriculum=curriculum, before=first, after=then, is_needed=line.is_needed
    )
    _record(curriculum, before, actor)
    return made


@transaction.atomic
def remove_order(order: BlockOrder, *, actor: Person) -> None:
    """Take an order away. Refuses with ``curriculum.state``."""
    curriculum = order.curriculum
    check(actor, "rotations.manage_curricula", curriculum)
    lock_draft(curriculum)
    before = _summary(curriculum)
    order.delete()
    _record(curriculum, before, actor)


def write_content(curriculum: Curriculum, content: Content) -> None:
    """
    Replace blocks, groups and orders by ``content``; for services of this room.

    Raises
    ------
    KeyError
        A department, group or block that does not exist: check before.
    """
    curriculum.orders.all().delete()
    curriculum.blocks.all().delete()
    curriculum.groups.all().delete()
    departments = {d.code: d for d in Department.objects.all()}
    groups = {
        line.code: ElectiveGroup.objects.create(
            curriculum=curriculum, code=line.code, name_zh=line.name_zh, name_en=line.name_en,
            choose=line.choose,
        )
        for line in content.groups
    }  # fmt: skip
    blocks = {}
    for position, line in enumerate(content.blocks, 1):
        block = CurriculumBlock(curriculum=curriculum, position=position)
        _fill(block, line, departments[line.department], groups[line.group] if line.group else None)
        block.save()
        blocks[line.code] = block
    BlockOrder.objects.bulk_create(
        BlockOrder(
            curriculum=curriculum, before=blocks[line.before], after=blocks[line.after],
            is_needed=line.is_needed,
        )
        for line in content.orders
    )  # fmt: skip


def _fill(
    block: CurriculumBlock, line: BlockLine, department: Department, group: ElectiveGroup | None
) -> None:
    block.code, block.department, block.group = line.code, department, group
    block.months, block.part_months = line.months, line.part_months
    block.earliest, block.latest = line.earliest, line.latest


def _require_block(
    curriculum: Curriculum,
    line: BlockLine,
    block: CurriculumBlock | None,
    *,
    department: Department | None,
    group: ElectiveGroup | None,
) -> None:
    taken = curriculum.blocks.filter(code=line.code)
    if block:
        taken = taken.exclude(pk=block.pk)
    ends = curriculum.months - 1 if line.latest is None else line.latest
    _refuse_first(
        (
            ("block.code", "code", not line.code.strip(), _("Give the block its code.")),
            ("block.code_taken", "code", taken.exists(), _("Another block has this code.")),
            ("block.department", "department", department is None, _("There is no such department.")),
            ("block.group", "group", bool(line.group) and group is None, _("There is no such elective group.")),
            ("block.months", "months", line.months < 1, _("A block lasts at least one month.")),
            ("block.window", "latest", ends < line.earliest, _("The window ends before it begins.")),
        )
    )  # fmt: skip


def _refuse_first(faults: tuple[tuple[str, str, bool, str], ...]) -> None:
    for code, field, broken, message in faults:
        if broken:
            raise RuleViolation(code, message, field=field)


def _next_position(curriculum: Curriculum) -> int:
    last = curriculum.blocks.order_by("-position").first()
    return last.position + 1 if last else 1


def _record(curriculum: Curriculum, before: dict[str, Any], actor: Person) -> None:
    after = _summary(curriculum)
    if before != after:
        record(
            "rotations.curriculum.content_changed", actor=actor, subject=curriculum,
            before=before, after=after,
        )  # fmt: skip


def _summary(curriculum: Curriculum) -> dict[str, Any]:
    """Return the content as short lines that people can compare."""
    content = content_of(curriculum)
    return {
        "blocks": [_block_text(b) for b in content.blocks],
        "groups": [f"{g.code}: {g.name_zh} ({g.choose})" for g in content.groups],
        "orders": [f"{o.before} → {o.after}{' !' if o.is_needed else ''}" for o in content.orders],
    }


def _block_text(line: BlockLine) -> str:
    parts = f"/{line.part_months}" if line.part_months else ""
    latest = "" if line.latest is None else line.latest + 1
    window = f" [{line.earliest + 1}–{latest}]" if line.earliest or latest else ""
    group = f" {line.group}" if line.group else ""
    return f"{line.code} {line.department} {line.months}{parts}{window}{group}"
