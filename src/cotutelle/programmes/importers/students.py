"""Spreadsheets of students and of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Option,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.programmes.models import Cohort, Student
from cotutelle.programmes.services import StudentData, admit_student, change_student, set_score

_PERSON = ("name_zh", "name_en", "number", "email", "phone", "gender")
_STUDENT = ("route", "degree_type", "discipline", "bachelor_school")
_STEP = 50
_ROUTES = {
    "推免": "recommended",
    "推荐免试": "recommended",
    "统考": "unified_exam",
    "全国统考": "unified_exam",
    "5+3": "five_plus_three",
    "博士": "doctoral",
}
_DEGREES = {
    "专硕": "professional",
    "学硕": "academic",
    "专业型": "professional",
    "学术型": "academic",
}


def _cohorts(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
    """Cohorts of the unit, of those above and of those below it."""
    above = [int(key) for key in unit.path.split("/") if key]
    found = Cohort.objects.filter(Q(unit_id__in=above) | Q(unit__path__startswith=unit.path))
    return [
        (str(c.public_id), f"{c.display_name} ({c.year})") for c in found.order_by("-year", "id")
    ]


COHORT = Option("cohort", _("Cohort"), _cohorts, _("Students are added to this cohort."))
STUDENT_COLUMNS = (
    Column(
        "candidate_number",
        ("考生编号", "Candidate number", "考生号", "准考证号"),
        required=True,
        parse=parsing.number_text(),
        examples=("105610000001234",),
        help=_("Identifies the student; importing it again updates."),
    ),
    Column(
        "number",
        ("学号", "Student number"),
        parse=parsing.number_text(),
        examples=("2026020001",),
        help=_("May come later."),
    ),
    Column("name_zh", ("姓名", "Name", "中文姓名"), required=True, parse=parsing.name()),
    Column("name_en", ("英文姓名", "Name in English", "拼音"), parse=parsing.name(max_length=150)),
    Column(
        "route",
        ("录取方式", "Admission route", "录取类别", "招生类型"),
        required=True,
        parse=parsing.choice(Route, _ROUTES),
    ),
    Column(
        "degree_type",
        ("学位类型", "Degree type", "学位类别"),
        required=True,
        parse=parsing.choice(DegreeType, _DEGREES),
    ),
    Column(
        "discipline",
        ("专业", "Discipline", "录取专业", "学科专业"),
        parse=parsing.text(max_length=100),
    ),
    Column(
        "unit",
        ("单位代码", "Unit code", "院系代码"),
        parse=parsing.number_text(),
        help=_("Code of the unit; empty means the unit you import into."),
    ),
    Column(
        "admission_score",
        ("成绩", "Score", "录取成绩", "总成绩"),
        parse=parsing.decimal(low=0, high=9999, places=3),
    ),
    Column(
        "bachelor_school",
        ("本科院校", "Bachelor's school", "本科学校"),
        parse=parsing.text(max_length=150),
    ),
    Column("email", ("邮箱", "E-mail", "电子邮箱"), parse=parsing.email()),
    Column("phone", ("手机", "Telephone", "手机号", "联系电话"), parse=parsing.phone()),
    Column("gender", ("性别", "Gender"), parse=parsing.text(max_length=10)),
)


def _cohort(ctx: Context) -> Cohort:
    return Cohort.objects.get(public_id=ctx.options["cohort"])


def _known(rows: Sequence[Row], ctx: Context) -> dict[Key, Student]:
    numbers = [n for row in rows if (n := row["candidate_number"])]
    found = Student.objects.filter(cohort=_cohort(ctx), candidate_number__in=numbers)
    return {(s.candidate_number,): s for s in found.select_related("person", "unit")}


def _values(student: Student) -> dict[str, Any]:
    values = {name: getattr(student.person, name) for name in _PERSON}
    values |= {name: getattr(student, name) for name in _STUDENT}
    return values | {"admission_score": student.admission_score, "unit": student.unit.code}


def current_students(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the rows, by candidate number."""
    return {key: _values(student) for key, student in _known(rows, ctx).items()}


def check_students(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report units out of reach and student numbers that belong to somebody else."""
    codes = set(at_or_below(ctx.unit).values_list("code", flat=True))
    numbers = [n for row in rows if (n := row["number"])]
    taken: dict[str, str] = dict(
        Student.objects.filter(
            person__number__in=numbers, unit__path__startswith=ctx.unit.path
        ).values_list("person__number", "candidate_number")
    )
    problems = []
    for row in rows:
        unit, number = row["unit"], row["number"]
        if unit and unit not in codes:
            problems.append(
                Problem(
                    row.number,
                    "unit",
                    "student.unit",
                    gettext("There is no such unit below the one you import into."),
                    unit,
                )
            )
        if number and taken.get(number, row["candidate_number"]) != row["candidate_number"]:
            problems.append(
                Problem(
                    row.number,
                    "number",
                    "student.number",
                    gettext("Another student has this student number."),
                    number,
                )
            )
    return problems


def apply_students(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Admit new students and change known ones; empty cells change nothing."""
    known = _known(rows, ctx)
    split = split_rows(rows, ("candidate_number",), {k: _values(s) for k, s in known.items()})
    units = {u.code: u for u in at_or_below(ctx.unit)}
    cohort, done = _cohort(ctx), 0
    for row in split.create:
        fields = {n: v for n, v in row.values.items() if v is not None and n != "unit"}
        admit_student(
            cohort, units.get(row["unit"], ctx.unit), StudentData(**fields), actor=ctx.actor
        )
        done += 1
        if done % _STEP == 0:
            progress(done)
    for change in split.update:
        student = known[(change.row["candidate_number"],)]
        after = {n: v for n, v in change.after.items() if v is not None}
        if "unit" in after:
            after["unit"] = units[after["unit"]]
        if "admission_score" in after:
            set_score(student, after.pop("admission_score"), actor=ctx.actor)
        if after:
            change_student(student, after, actor=ctx.actor)
        done += 1
        if done % _STEP == 0:
            progress(done)
    return split.counts


SCORE_COLUMNS = (
    Column(
        "candidate_number",
        ("考生编号", "Candidate number", "考生号", "准考证号"),
        required=True,
        parse=parsing.number_text(),
    ),
    Column(
        "admission_score",
        ("成绩", "Score", "录取成绩", "总成绩"),
        required=True,
        parse=parsing.decimal(low=0, high=9999, places=3),
    ),
)


def current_scores(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the scores known now."""
    return {k: {"admission_score": s.admission_score} for k, s in _known(rows, ctx).items()}


def check_scores(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report candidate numbers nobody in the cohort has."""
    known = _known(rows, ctx)
    return [
        Problem(
            row.number,
            "candidate_number",
            "student.unknown",
            gettext("Nobody in this cohort has this candidate number."),
            str(number),
        )
        for row in rows
        if (number := row["candidate_number"]) and (number,) not in known
    ]


def apply_scores(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Enter the scores."""
    known = _known(rows, ctx)
    updated = 0
    for done, row in enumerate(rows, start=1):
        student, score = known[(row["candidate_number"],)], row["admission_score"]
        if isinstance(score, Decimal) and student.admission_score != score:
            set_score(student, score, actor=ctx.actor)
            updated += 1
        if done % _STEP == 0:
            progress(done)
    return Counts(updated=updated, unchanged=len(rows) - updated)


register(
    Importer(
        kind="students",
        label=_("Students"),
        columns=STUDENT_COLUMNS,
        permission="programmes.import_students",
        key=("candidate_number",),
        current=current_students,
        check=check_students,
        apply=apply_students,
        options=(COHORT,),
        help=_("One row per student, identified by the candidate number."),
    )
)
register(
    Importer(
        kind="scores",
        label=_("Admission scores"),
        columns=SCORE_COLUMNS,
        permission="programmes.import_students",
        key=("candidate_number",),
        current=current_scores,
        check=check_scores,
        apply=apply_scores,
        options=(COHORT,),
        help=_("Scores of students who are in the cohort already."),
    )
)
