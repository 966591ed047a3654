"""People of a unit from a spreadsheet; namesakes are a human's decision."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.core.access import why_not
from cotutelle.core.clock import today
from cotutelle.exchange import parsing
from cotutelle.exchange.importers.lookup import UnitsByName
from cotutelle.exchange.importers.namesakes import (
    SAME,
    ambiguous_numbers,
    match_people,
    namesakes,
)
from cotutelle.exchange.importing import (
    Change,
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.ledger.services import record_many
from cotutelle.people.enums import EXCLUSIVE_ROLES, Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.people.services import change_person, grant_role
from cotutelle.people.validators import search_text, sort_key

_FIELDS = ("name_zh", "name_en", "email", "phone", "gender", "identity_number")
_HIDDEN = "•••"
_BATCH = 500
_ROLES = {r.value: r.label for r in Role if r != Role.SYSTEM_ADMINISTRATOR}
_ROLE_WORDS = {
    "导师": "mentor", "研究生导师": "mentor", "学生": "student", "研究生": "student",
    "带教老师": "bedside_teacher", "辅导员": "student_adviser", "心理咨询师": "counsellor",
    "研究生院管理员": "graduate_officer", "研究生秘书": "department_secretary",
    "教学秘书": "department_secretary", "科室秘书": "department_secretary",
    "院系秘书": "department_secretary", "学位点负责人": "discipline_lead",
    "住培管理科": "residency_office", "规培基地秘书": "base_secretary",
    "基地秘书": "base_secretary", "合作单位管理员": "partner_officer", "督导": "inspector",
    "领导": "leader",
}  # fmt: skip
_GENDERS = {"male": gettext_lazy("Male"), "female": gettext_lazy("Female")}

COLUMNS = (
    Column(
        "number",
        ("工号或学号", "Number", "工号", "学号", "职工号", "教工号", "人员编号", "编号", "Staff number",
         "Student number"),
        required=True,
        help=gettext_lazy("Identifies the person; leading zeros count. A new import updates."),
        parse=parsing.number_text(),
        examples=("00123", "20260001"),
    ),
    Column(
        "name_zh",
        ("姓名", "Chinese name", "中文姓名", "中文名"),
        help=gettext_lazy("A Chinese or an English name is needed."),
        parse=parsing.name(),
        examples=("张三",),
    ),
    Column(
        "name_en",
        ("英文姓名", "English name", "英文名", "拼音姓名", "Name"),
        parse=parsing.name(max_length=150),
        examples=("ZHANG San",),
    ),
    Column(
        "unit",
        ("单位", "Unit", "单位代码", "所在单位", "所在科室", "所属单位", "部门", "科室", "学院", "Department", "Unit code"),
        help=gettext_lazy("Code or name. Empty: the unit you import into."),
        parse=parsing.text(max_length=150),
        examples=("MU-CARD",),
    ),
    Column(
        "email",
        ("电子邮箱", "E-mail", "邮箱", "邮件", "电子邮件", "Email address"),
        parse=parsing.email(),
        examples=("zhang.san@example.edu.cn",),
    ),
    Column(
        "phone",
        ("电话", "Telephone", "手机", "手机号", "手机号码", "联系电话", "Phone", "Mobile"),
        parse=parsing.phone(),
        examples=("13800138000",),
    ),
    Column(
        "gender",
        ("性别", "Gender", "Sex"),
        parse=parsing.choice(_GENDERS, {"男": "male", "女": "female", "m": "male", "f": "female"}),
    ),
    Column(
        "identity_number",
        ("证件号码", "Identity number", "身份证号", "身份证号码", "身份证", "ID number"),
        parse=parsing.number_text(),
    ),
    Column(
        "roles",
        ("角色", "Roles", "Role", "身份"),
        help=gettext_lazy("Several are separated by semicolons. Roles are added, never taken."),
        parse=parsing.many(parsing.choice(_ROLES, _ROLE_WORDS)),
        examples=("导师",),
    ),
)  # fmt: skip


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the people with these numbers, or chosen as the same."""
    units = UnitsByName(ctx)
    found: dict[Key, Mapping[str, Any]] = {}
    for row, person in match_people(rows, ctx):
        held = {g.role for g in person.grants.all() if g.is_active_on(today())}
        wanted = row["roles"] or ()
        place = units.find(row["unit"])
        found[(row["number"],)] = {
            **{name: getattr(person, name) for name in _FIELDS},
            "number": person.number,
            "unit": row["unit"] if place and place.pk == person.unit_id else "",
            "roles": wanted if held.issuperset(wanted) else tuple(sorted(held)),
        }
    return found


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Missing names, unknown units, roles that may not be given, namesakes."""
    units = UnitsByName(ctx)
    matched = {row.number: person for row, person in match_people(rows, ctx)}
    problems = [p for row in rows for p in _row_problems(row, units, ctx, matched)]
    return [*problems, *ambiguous_numbers(rows, ctx), *namesakes(rows, ctx)]


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Create people in batches; change the others through their own service."""
    units = UnitsByName(ctx)
    split = split_rows(rows, ("number",), current(rows, ctx))
    done = 0
    for start in range(0, len(split.create), _BATCH):
        batch = split.create[start : start + _BATCH]
        _create(batch, units, ctx)
        done += len(batch)
        progress(done)
    matched = {
        row.number: person for row, person in match_people([c.row for c in split.update], ctx)
    }
    for change in split.update:
        _change(matched[change.row.number], change, units, ctx)
        done += 1
        progress(done)
    return split.counts


# ---------------------------------------------------------------- rules of a row


def _row_problems(
    row: Row, units: UnitsByName, ctx: Context, matched: Mapping[int, Person]
) -> list[Problem]:
    problems: list[Problem] = []
    person = matched.get(row.number)
    named = "name_zh" in row or "name_en" in row
    if person is None and named and not row["name_zh"] and not row["name_en"]:
        problems.append(
            Problem(row.number, _name_column(row), "person.no_name", _("A person needs a name."))
        )
    place = units.find(row["unit"])
    if place is None:
        problems.append(_unit_problem(row, units, ctx))
    elif person is not None and why_not(ctx.actor, "people.change_person", person):
        text = _("You may not change the record of this person.")
        problems.append(Problem(row.number, "number", "person.denied", text))
    answers = [a for k, a in ctx.decisions.items() if k.startswith(f"namesake:{row['number']}:")]
    if answers.count(SAME) > 1:
        text = _("This row was called the same person as two others.")
        problems.append(Problem(row.number, "number", "person.two_namesakes", text))
    if row["roles"] and place is not None:
        problems += _role_problems(row, place, person, ctx)
    return problems


def _name_column(row: Row) -> str:
    return "name_zh" if "name_zh" in row else "name_en"


def _unit_problem(row: Row, units: UnitsByName, ctx: Context) -> Problem:
    if units.is_ambiguous(row["unit"]):
        text = _("Several units have this name. Write the code of the unit.")
    else:
        text = _("%(unit)s has no unit with this code or name.") % {"unit": ctx.unit.display_name}
    return Problem(row.number, "unit", "person.unknown_unit", text)


def _role_problems(row: Row, place: Any, person: Person | None, ctx: Context) -> list[Problem]:
    held = {g.role for g in person.grants.all() if g.is_active_on(today())} if person else set()
    added = set(row["roles"]) - held
    if added and (reason := why_not(ctx.actor, "people.grant_role", place)):
        return [Problem(row.number, "roles", "person.role_denied", reason)]
    if added and person is not None and person.pk == ctx.actor.pk:
        text = _("Nobody gives roles to themselves.")
        return [Problem(row.number, "roles", "person.role_self", text)]
    if added and person is not None and not person.is_active:
        text = _("Open the person's sign-in first.")
        return [Problem(row.number, "roles", "person.inactive", text)]
    if {r.value for r in EXCLUSIVE_ROLES} <= held | added:
        text = _("Nobody is both student adviser and psychological counsellor.")
        return [Problem(row.number, "roles", "person.exclusive_roles", text)]
    return []


# ---------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class _Made:
    row: Row
    person: Person


def _create(rows: Sequence[Row], units: UnitsByName, ctx: Context) -> None:
    names = _free_usernames(rows, units)
    made = [_Made(row, _new_person(row, units, names[row.number])) for row in rows]
    Person.objects.bulk_create([m.person for m in made])
    record_many(
        "people.person.created",
        actor=ctx.actor,
        items=[(m.person, None, _facts(m.row.values, m.person)) for m in made],
    )
    given = [
        RoleGrant(
            person=m.person,
            role=role,
            unit=units.at(m.row["unit"]),
            starts_on=today(),
            granted_by=ctx.actor,
        )
        for m in made
        for role in m.row["roles"] or ()
    ]
    RoleGrant.objects.bulk_create(given)
    record_many(
        "people.role.granted",
        actor=ctx.actor,
        items=[
            (g.person, None, {"role": g.role, "unit": g.unit.name_zh, "starts_on": g.starts_on})
            for g in given
        ],
    )


def _new_person(row: Row, units: UnitsByName, username: str) -> Person:
    person = Person(
        unit=units.at(row["unit"]),
        number=row["number"],
        username=username,
        password=make_password(None),
        **{name: row.get(name, "") for name in _FIELDS},
    )
    person.name_sort = sort_key(person.name_zh, person.name_en)
    person.search_text = search_text(
        person.name_zh, person.name_en, person.number, person.username, person.email
    )
    return person


def _free_usernames(rows: Sequence[Row], units: UnitsByName) -> dict[int, str]:
    """Return sign-in names by row: the number, with the unit's code where it is taken."""
    wanted: dict[int, tuple[str, ...]] = {}
    for row in rows:
        stem = f"{row['number']}@{units.at(row['unit']).code.lower()}"
        wanted[row.number] = (row["number"], stem, *(f"{stem}-{n}" for n in range(2, 6)))
    every = {name.lower() for names in wanted.values() for name in names}
    lowered = Person.objects.annotate(lowered=Lower("username")).filter(lowered__in=every)
    taken = set(lowered.values_list("lowered", flat=True))
    chosen: dict[int, str] = {}
    for number, names in wanted.items():
        free = (name for name in names if name.lower() not in taken)
        chosen[number] = next(free, f"{names[0]}-{secrets.token_hex(4)}")
        taken.add(chosen[number].lower())
    return chosen


def _change(person: Person, change: Change, units: UnitsByName, ctx: Context) -> None:
    fields = {n: v for n, v in change.after.items() if n not in ("roles", "unit")}
    if "unit" in change.after:
        fields["unit"] = units.at(change.row["unit"])
    if fields:
        person = change_person(person, actor=ctx.actor, **fields)
    held = {g.role for g in person.grants.all() if g.is_active_on(today())}
    for role in change.after.get("roles", ()):
        if role not in held:
            grant_role(person, role, units.at(change.row["unit"]), actor=ctx.actor)


def _facts(values: Mapping[str, Any], person: Person) -> dict[str, Any]:
    facts = {n: v for n, v in values.items() if v and n in ("number", *_FIELDS)}
    if "identity_number" in facts:
        facts["identity_number"] = _HIDDEN
    return {
        **facts,
        "username": person.username,
        "unit": person.unit.name_zh if person.unit else "",
    }


IMPORTER = register(
    Importer(
        kind="people",
        label=gettext_lazy("People"),
        help=gettext_lazy("Staff and students of a unit, with their roles."),
        columns=COLUMNS,
        permission="people.change_person",
        key=("number",),
        current=current,
        check=check,
        apply=apply,
    )
)
