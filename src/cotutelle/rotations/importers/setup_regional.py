"""The spreadsheet of the regional residency platform: one row per stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
from cotutelle.people.models import Person
from cotutelle.rotations.models import Cycle, Participant, RegionalLine, Ward
from cotutelle.rotations.queries.setup_regional import cycles_compared_by
from cotutelle.rotations.services.setup_regional import RegionalData, take_regional_lines

_KEY = ("number", "starts_on")
COLUMNS = (
    Column("name", ("姓名", "Name"), parse=parsing.name(),
           help=_("Only for you to read; the student's number counts.")),
    Column("number", ("学号", "Student number", "编号", "考生编号"), required=True,
           parse=parsing.number_text(), help=_("Student number or candidate number.")),
    Column("department", ("科室", "Department", "轮转科室名称", "标准科室"), required=True,
           parse=parsing.text(max_length=80)),
    Column("ward", ("病区", "Ward", "轮转科室", "轮转病区"), parse=parsing.text(max_length=80),
           help=_("Name or code of one of our wards; empty compares the department alone.")),
    Column("starts_on", ("入科日期", "From", "开始日期", "开始时间"), required=True,
           parse=parsing.date(), examples=("2026-09-01",)),
    Column("ends_on", ("出科日期", "Until", "结束日期", "结束时间"), required=True,
           parse=parsing.date(), examples=("2026-11-30",)),
)  # fmt: skip


def _cycles(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
    rows = cycles_compared_by(actor).filter(unit__path__startswith=unit.path)
    return [(str(c.public_id), c.display_name) for c in rows.order_by("-starts_on", "id")]


CYCLE = Option("cycle", _("Plan"), _cycles, _("Its students are compared with the platform."))


def _chosen(ctx: Context) -> Cycle:
    return cycles_compared_by(ctx.actor).get(public_id=ctx.options["cycle"])


def _people(ctx: Context) -> dict[str, Participant]:
    """Return the participants by student number and by candidate number."""
    found: dict[str, Participant] = {}
    for one in _chosen(ctx).participants.select_related("student__person"):
        found.setdefault(one.student.candidate_number, one)
        found[one.student.person.number] = one
    found.pop("", None)
    return found


def _wards() -> dict[str, list[Ward]]:
    found: dict[str, list[Ward]] = defaultdict(list)
    for ward in Ward.objects.all():
        for word in {parsing.fold(w) for w in (ward.name_zh, ward.name_en, ward.code) if w}:
            found[word].append(ward)
    return found


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the lines known of the students, by number and first day."""
    people = _people(ctx)
    known = {
        (line.participant_id, line.starts_on): {
            "department": line.department_name,
            "ends_on": line.ends_on,
        }
        for line in RegionalLine.objects.filter(cycle=_chosen(ctx))
    }
    found: dict[Key, Mapping[str, Any]] = {}
    for row in rows:
        person = people.get(row["number"] or "")
        if person and (line := known.get((person.pk, row["starts_on"]))):
            found[row["number"], row["starts_on"]] = line
    return found


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report students outside the plan, stays that end too early or overlap, unknown wards."""
    people, wards = _people(ctx), _wards()
    problems = []
    spans: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for row in rows:
        number, ward, start, end = row["number"], row["ward"], row["starts_on"], row["ends_on"]
        if number and number not in people:
            message = gettext("Nobody in this plan has this number.")
            problems.append(Problem(row.number, "number", "regional.unknown", message, number))
        if ward and len(wards.get(parsing.fold(ward), ())) != 1:
            message = gettext("This names none or several of our wards. Leave the cell empty.")
            problems.append(Problem(row.number, "ward", "regional.ward", message, ward))
        if not (number and start and end):
            continue
        if end < start:
            message = gettext("The stay ends before it begins.")
            problems.append(Problem(row.number, "ends_on", "regional.period", message, str(end)))
        elif any(start <= last and first <= end for first, last in spans[number]):
            message = gettext("Another row has this student elsewhere on the same days.")
            problems.append(Problem(row.number, "starts_on", "regional.twice", message, str(start)))
        spans[number].append((start, end))
    return problems


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Replace the lines of the students in the file; those of others stay."""
    counts = split_rows(rows, _KEY, current(rows, ctx)).counts
    people, wards = _people(ctx), _wards()
    lines = [
        RegionalData(
            participant=people[row["number"]],
            department_name=row["department"],
            starts_on=row["starts_on"],
            ends_on=row["ends_on"],
            ward=wards[parsing.fold(row["ward"])][0] if row["ward"] else None,
        )
        for row in rows
    ]
    take_regional_lines(_chosen(ctx), lines, actor=ctx.actor)
    progress(len(rows))
    return counts


register(
    Importer(
        kind="regional-stays", label=_("Stays of the regional platform"), columns=COLUMNS,
        permission="rotations.keep_regional", key=_KEY, current=current, check=check, apply=apply,
        options=(CYCLE,),
        help=_("One row per stay, as the regional residency platform exports it."),
    )
)  # fmt: skip
