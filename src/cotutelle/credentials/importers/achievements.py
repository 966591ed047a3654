"""Spreadsheets of achievements, as their list writes them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import AchievementKind, AchievementState, Cryptosuite, SignerRole
from cotutelle.credentials.models import Achievement
from cotutelle.credentials.services.achievements import (
    AchievementData,
    change_achievement,
    check_data,
    create_achievement,
)
from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Problem,
    Progress,
    Row,
)
from cotutelle.exchange.registry import register

_TEXT = 3000
COLUMNS = (
    Column("name_zh", ("中文名称", "Name in Chinese"), required=True, parse=parsing.text(max_length=150), examples=("出科合格证书",)),
    Column("name_en", ("英文名称", "Name in English"), required=True, parse=parsing.text(max_length=200), examples=("Rotation completed",)),
    Column("kind", ("类型", "Kind"), required=True, parse=parsing.choice(AchievementKind)),
    Column("criteria_zh", ("中文标准", "Criteria in Chinese"), required=True, parse=parsing.long_text(max_length=_TEXT)),
    Column("criteria_en", ("英文标准", "Criteria in English"), required=True, parse=parsing.long_text(max_length=_TEXT)),
    Column("signers", ("签署人", "Who signs"), required=True, parse=parsing.many(parsing.choice(SignerRole)), help=_("Several with a comma between them.")),
    Column("description_zh", ("中文说明", "Description in Chinese"), parse=parsing.long_text(max_length=_TEXT)),
    Column("description_en", ("英文说明", "Description in English"), parse=parsing.long_text(max_length=_TEXT)),
    Column("valid_months", ("有效月数", "Valid for months"), parse=parsing.integer(low=1, high=600), help=_("Empty: it does not expire.")),
    Column("cryptosuite", ("核验场合", "Where it is checked"), parse=parsing.choice(Cryptosuite), help=_("Empty: the first.")),
)  # fmt: skip
_NAMES = tuple(column.name for column in COLUMNS)
_EMPTY = {"signers": (), "valid_months": None, "cryptosuite": Cryptosuite.JCS}


def _data(row: Row, found: Achievement | None) -> AchievementData:
    """Return what the row says; what the file has no column for stays as it was."""
    said = asdict(AchievementData.of(found)) if found else {}
    said |= {
        name: _EMPTY.get(name, "") if row[name] is None else row[name]
        for name in _NAMES
        if found is None or name in row
    }
    return AchievementData(**said | {"signers": list(said["signers"])})


def _known(rows: Sequence[Row], ctx: Context) -> dict[str, Achievement]:
    names = [row["name_zh"] for row in rows if row["name_zh"]]
    found = Achievement.objects.filter(unit=ctx.unit, name_zh__in=names).select_related("unit")
    return {one.name_zh: one for one in found}


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what the institution has under these names."""
    return {(name,): asdict(AchievementData.of(one)) for name, one in _known(rows, ctx).items()}


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report what cannot become a certificate, and what is in use and would change."""
    known = _known(rows, ctx)
    problems = []
    if not ctx.unit.is_institution:
        text = gettext("Only an institution issues certificates.")
        return [Problem(row.number, "name_zh", "achievement.unit", text) for row in rows]
    for row in rows:
        if any(row[column.name] is None for column in COLUMNS if column.required):
            continue
        found = known.get(row["name_zh"])
        data = _data(row, found)
        try:
            check_data(data)
        except RuleViolation as fault:
            problems.append(Problem(row.number, fault.field, fault.code, str(fault)))
            continue
        if found and found.state != AchievementState.DRAFT and _differs(found, data):
            text = gettext("What is or was in use does not change. Make a copy and change that.")
            problems.append(
                Problem(row.number, "name_zh", "achievement.in_use", text, found.name_zh)
            )
    return problems


def _differs(found: Achievement, data: AchievementData) -> bool:
    seen, wanted = asdict(AchievementData.of(found)), asdict(data)
    wanted["signers"] = [role.value for role in SignerRole if role.value in wanted["signers"]]
    return bool(seen != wanted)


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Define what is new as drafts, and change drafts."""
    known = _known(rows, ctx)
    made = changed = 0
    for done, row in enumerate(rows, start=1):
        found = known.get(row["name_zh"])
        data = _data(row, found)
        if found is None:
            create_achievement(ctx.unit, data, actor=ctx.actor)
            made += 1
        elif _differs(found, data):
            change_achievement(found, data, actor=ctx.actor)
            changed += 1
        progress(done)
    return Counts(created=made, updated=changed, unchanged=len(rows) - made - changed)


register(
    Importer(
        kind="achievements",
        label=_("What an institution certifies"),
        columns=COLUMNS,
        permission="credentials.manage_achievement",
        key=("name_zh",),
        current=current,
        check=check,
        apply=apply,
        help=_("New ones become drafts. What is in use does not change."),
    )
)
