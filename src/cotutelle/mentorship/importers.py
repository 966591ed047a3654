"""Spreadsheets of mentors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Choice,
    Column,
    Context,
    Counts,
    Fact,
    Importer,
    Key,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below
from cotutelle.mentorship.enums import MentorCategory, MentorTitle, Track
from cotutelle.mentorship.models import Mentor
from cotutelle.mentorship.services import appoint_mentor
from cotutelle.mentorship.services.mentors import OFFICE_FIELDS, PROFILE_FIELDS, edit_imported
from cotutelle.people.models import Person
from cotutelle.people.services import change_person, create_person

_PERSON = ("name_zh", "name_en", "email", "phone")
_MENTOR = (
    "category", "title", "track", "discipline", "interests_zh", "interests_en", "homepage",
    "retires_on",
)  # fmt: skip
_STEP = 50
ANOTHER = "another"
_TITLES = {
    "教授": "senior",
    "主任医师": "senior",
    "研究员": "senior",
    "正高": "senior",
    "副教授": "associate",
    "副主任医师": "associate",
    "副研究员": "associate",
    "副高": "associate",
    "讲师": "lecturer",
    "主治医师": "lecturer",
    "中级": "lecturer",
    "行业专家": "industry",
}
_CATEGORIES = {
    "博导": "doctoral",
    "博士生导师": "doctoral",
    "硕导": "master",
    "硕士生导师": "master",
    "校外导师": "practice",
    "实践导师": "practice",
    "行业导师": "practice",
}
_TRACKS = {"临床": "clinical", "科研": "research", "临床+科研": "both", "双轨": "both"}

COLUMNS = (
    Column("number", ("工号", "Staff number", "职工号", "导师编号"), required=True, parse=parsing.number_text(), examples=("010234",)),
    Column("name_zh", ("姓名", "Name", "导师姓名"), required=True, parse=parsing.name()),
    Column("name_en", ("英文姓名", "Name in English"), parse=parsing.name(max_length=150)),
    Column("unit", ("单位代码", "Unit code", "科室代码"), parse=parsing.number_text(), help=_("Code of the unit; empty means the unit you import into.")),
    Column("category", ("导师类别", "Category", "类别"), required=True, parse=parsing.choice(MentorCategory, _CATEGORIES)),
    Column("title", ("职称", "Title", "专业技术职务"), required=True, parse=parsing.choice(MentorTitle, _TITLES)),
    Column("track", ("轨道", "Track", "培养方向"), required=True, parse=parsing.choice(Track, _TRACKS)),
    Column("discipline", ("学科", "Discipline", "专业"), parse=parsing.text(max_length=100)),
    Column("interests_zh", ("研究方向", "Interests in Chinese", "研究兴趣"), parse=parsing.long_text(max_length=4000)),
    Column("interests_en", ("英文研究方向", "Interests in English"), parse=parsing.long_text(max_length=4000)),
    Column("homepage", ("主页", "Home page", "个人主页"), parse=parsing.text(max_length=200)),
    Column("email", ("邮箱", "E-mail", "电子邮箱"), parse=parsing.email()),
    Column("phone", ("手机", "Telephone", "联系电话"), parse=parsing.phone()),
    Column("retires_on", ("退休日期", "Retires on", "退休时间"), parse=parsing.date()),
)  # fmt: skip


def _known(rows: Sequence[Row], ctx: Context) -> dict[Key, Mentor]:
    numbers = [n for row in rows if (n := row["number"])]
    found = Mentor.objects.filter(
        person__number__in=numbers, person__unit__path__startswith=ctx.unit.path
    )
    return {(m.person.number,): m for m in found.select_related("person", "unit")}


def _values(mentor: Mentor) -> dict[str, Any]:
    values = {name: getattr(mentor.person, name) for name in _PERSON}
    return values | {name: getattr(mentor, name) for name in _MENTOR} | {"unit": mentor.unit.code}


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the rows, by staff number."""
    return {key: _values(mentor) for key, mentor in _known(rows, ctx).items()}


def _elsewhere(rows: Sequence[Row], ctx: Context) -> dict[str, list[Mentor]]:
    """Return mentors outside the unit by name: perhaps the same people at two institutions."""
    names = {n for row in rows if (n := row["name_zh"])}
    found = Mentor.objects.filter(person__name_zh__in=names).exclude(
        person__unit__path__startswith=ctx.unit.path
    )
    by_name: dict[str, list[Mentor]] = {}
    for mentor in found.select_related("person", "unit"):
        by_name.setdefault(mentor.person.name_zh, []).append(mentor)
    return by_name


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report units out of reach, and ask about mentors of the same name elsewhere."""
    codes = set(at_or_below(ctx.unit).values_list("code", flat=True))
    known, elsewhere = _known(rows, ctx), _elsewhere(rows, ctx)
    problems = []
    for row in rows:
        if (unit := row["unit"]) and unit not in codes:
            problems.append(
                Problem(
                    row.number,
                    "unit",
                    "mentor.unit",
                    gettext("There is no such unit below the one you import into."),
                    unit,
                )
            )
        if row["number"] and (row["number"],) not in known:
            problems += (
                [_question(row, elsewhere[row["name_zh"]])] if row["name_zh"] in elsewhere else []
            )
    return problems


def _question(row: Row, namesakes: Sequence[Mentor]) -> Problem:
    same = [
        Choice(
            str(m.public_id),
            gettext("The same person as the mentor of %(unit)s") % {"unit": m.unit.display_name},
        )
        for m in namesakes
    ]
    first = namesakes[0]
    return Problem(
        row.number, "name_zh", "mentor.namesake",
        gettext("A mentor of this name works elsewhere. Is it the same person? Their places would count once."),
        row["name_zh"], key=f"namesake:{row['number']}",
        choices=(Choice(ANOTHER, gettext("Another person of the same name")), *same),
        facts=(
            Fact(gettext("E-mail"), row.get("email", ""), first.person.email),
            Fact(gettext("Discipline"), row.get("discipline", ""), first.discipline),
            Fact(gettext("Unit"), row.get("unit", ""), first.unit.display_name),
        ),
    )  # fmt: skip


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Appoint new mentors and change known ones; empty cells change nothing."""
    known = _known(rows, ctx)
    split = split_rows(rows, ("number",), {k: _values(m) for k, m in known.items()})
    units = {u.code: u for u in at_or_below(ctx.unit)}
    done = skipped = 0
    for row in split.create:
        unit = units.get(row["unit"], ctx.unit)
        answer = ctx.decision(f"namesake:{row['number']}")
        if answer and answer != ANOTHER:
            Mentor.objects.get(public_id=answer).other_units.add(unit)
            skipped += 1
        else:
            _appoint(row, unit, ctx.actor)
        done += 1
        if done % _STEP == 0:
            progress(done)
    for change in split.update:
        _change(known[(change.row["number"],)], change.after, units, ctx.actor)
        done += 1
        if done % _STEP == 0:
            progress(done)
    counts = split.counts
    return Counts(counts.created - skipped, counts.updated + skipped, counts.unchanged)


def _appoint(row: Row, unit: Unit, actor: Person) -> None:
    person = Person.objects.filter(unit=unit, number=row["number"]).first()
    if person is None:
        fields = {n: v for n in _PERSON if (v := row[n])}
        person = create_person(unit=unit, actor=actor, number=row["number"], **fields)
    appoint_mentor(person, unit, actor=actor, **{n: v for n in _MENTOR if (v := row[n])})


def _change(
    mentor: Mentor, after: Mapping[str, Any], units: Mapping[str, Unit], actor: Person
) -> None:
    filled = {n: v for n, v in after.items() if v is not None}
    if person := {n: filled.pop(n) for n in _PERSON if n in filled}:
        change_person(mentor.person, actor=actor, **person)
    if "unit" in filled:
        filled["unit"] = units[filled["unit"]]
    if unknown := set(filled) - {*PROFILE_FIELDS, *OFFICE_FIELDS}:
        raise ValueError(f"columns: {sorted(unknown)} belong to nobody")
    if filled:
        edit_imported(mentor, filled, actor=actor)


register(
    Importer(
        kind="mentors", label=_("Mentors"), columns=COLUMNS,
        permission="mentorship.import_mentors", key=("number",),
        current=current, check=check, apply=apply,
        help=_("One row per mentor, identified by the staff number."),
    )
)  # fmt: skip
