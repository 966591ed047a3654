"""Spreadsheets of proposals: one kind of sheet for each kind of certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import AchievementKind, AchievementState
from cotutelle.credentials.facts import LONGEST_TEXT, Fact, facts_of
from cotutelle.credentials.models import Achievement
from cotutelle.credentials.queries.achievements import achievements_visible_to
from cotutelle.credentials.queries.awards import proposable_students
from cotutelle.credentials.services.awards import Proposal, prepare_award, propose_award
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
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.rotations.queries.planning_keys import ward_key

_WHO = (
    Column("number", ("学号", "Student number"), required=True, parse=parsing.number_text(), examples=("2026010234",)),
    Column("name", ("姓名", "Name"), help=_("Only for you to read; the number counts.")),
)  # fmt: skip
_STAY = (
    Column("ward", ("科室", "Ward"), required=True, examples=("YL1/ICU",), help=_("Code of the hospital, a slash, code of the ward.")),
    Column("starts_on", ("开始日期", "First day"), required=True, parse=parsing.date(), examples=("2026-09-01",)),
)  # fmt: skip
_PARSERS: dict[str, Callable[[Fact], Any]] = {
    "text": lambda fact: parsing.text(max_length=LONGEST_TEXT),
    "date": lambda fact: parsing.date(),
    "integer": lambda fact: parsing.integer(low=_whole(fact.low), high=_whole(fact.high)),
    "decimal": lambda fact: parsing.decimal(places=6),
}


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def columns_of(kind: AchievementKind) -> tuple[Column, ...]:
    """Return the columns of the sheet for ``kind``."""
    facts = tuple(
        Column(
            fact.name, fact.headers, required=fact.required, parse=_PARSERS[fact.type](fact),
            help=fact.help,
        )
        for fact in facts_of(kind)
    )  # fmt: skip
    return (*_WHO, *(_STAY if kind == AchievementKind.ROTATION else ()), *facts)


class _Reader:
    """Turns rows into proposals for one achievement; few queries, however many rows."""

    def __init__(self, kind: AchievementKind, rows: Sequence[Row], ctx: Context) -> None:
        self.kind = kind
        self.achievement = _open(ctx.actor, kind).get(public_id=ctx.options["achievement"])
        numbers = {str(number) for row in rows if (number := row["number"])}
        found = proposable_students(ctx.actor).filter(
            Q(person__number__in=numbers) | Q(candidate_number__in=numbers),
            unit__path__startswith=ctx.unit.path,
        )
        self.students: dict[str, Student] = {}
        for student in found.order_by("cohort__year", "id"):
            for number in (student.candidate_number, student.person.number):
                if number in numbers:
                    self.students[number] = student
        self.stays: dict[tuple[int, str, Any], Stay] = {}
        if kind == AchievementKind.ROTATION:
            stays = Stay.objects.filter(participant__student__in=self.students.values())
            self.stays = {
                (stay.participant.student_id, ward_key(stay.ward), stay.starts_on): stay
                for stay in stays.select_related(
                    "participant__student", "ward__hospital", "ward__unit"
                )
            }

    def student(self, row: Row) -> Student | None:
        """Return the student of a row."""
        return self.students.get(str(row["number"] or ""))

    def stay(self, row: Row, student: Student) -> Stay | None:
        """Return the stay of a row."""
        return self.stays.get((student.pk, row["ward"] or "", row["starts_on"]))

    def proposal(self, row: Row, student: Student) -> Proposal:
        """Return what a row proposes."""
        stated = {fact.name: row[fact.name] for fact in facts_of(self.kind)}
        return Proposal(student, stated, self.stay(row, student))


def _open(actor: Person, kind: AchievementKind) -> Any:
    return achievements_visible_to(actor).filter(kind=kind, state=AchievementState.OPEN)


def _check(kind: AchievementKind) -> Callable[[Sequence[Row], Context], list[Problem]]:
    required = [column.name for column in columns_of(kind) if column.required]

    def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
        """Report unknown students and stays, and what the rules of proposing refuse."""
        reader = _Reader(kind, rows, ctx)
        problems, seen = [], dict[tuple[int, int | None], int]()
        for row in rows:
            if any(row[name] is None for name in required):
                continue
            student = reader.student(row)
            if student is None:
                text = gettext("Nobody whom you may propose has this number.")
                problems.append(
                    Problem(row.number, "number", "award.student", text, str(row["number"]))
                )
                continue
            stay = reader.stay(row, student)
            first = seen.setdefault((student.pk, stay.pk if stay else None), row.number)
            if problem := _problem(reader, row, student, ctx.actor):
                problems.append(problem)
            elif first != row.number:
                text = gettext("This student stands in row %(row)s already.") % {"row": first}
                problems.append(
                    Problem(row.number, "number", "award.open", text, str(row["number"]))
                )
        return problems

    return check


def _problem(reader: _Reader, row: Row, student: Student, actor: Person) -> Problem | None:
    if reader.kind == AchievementKind.ROTATION and reader.stay(row, student) is None:
        text = gettext("This student has no stay in this ward from this day on.")
        return Problem(row.number, "ward", "award.stay", text, str(row["ward"]))
    try:
        prepare_award(reader.achievement, reader.proposal(row, student), actor=actor)
    except RuleViolation as fault:
        names = {column.name for column in columns_of(reader.kind)}
        column = fault.field if fault.field in names else "number"
        value = row[column]
        return Problem(
            row.number, column, fault.code, str(fault), "" if value is None else str(value)
        )
    return None


def _apply(kind: AchievementKind) -> Callable[[Sequence[Row], Context, Progress], Counts]:
    def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
        """Propose everybody; whoever has to sign is told."""
        reader = _Reader(kind, rows, ctx)
        for done, row in enumerate(rows, start=1):
            student = reader.student(row)
            if student is not None:
                propose_award(reader.achievement, reader.proposal(row, student), actor=ctx.actor)
            progress(done)
        return Counts(created=len(rows))

    return apply


def _current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Nothing is updated: whoever is proposed already is a problem, which `check` tells."""
    return {}


def _choices(kind: AchievementKind) -> Callable[[Person, Unit], Iterable[tuple[str, str]]]:
    def choices(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
        rows: Iterable[Achievement] = _open(actor, kind).order_by("unit__path", "name_zh")
        return [(str(one.public_id), one.display_name) for one in rows]

    return choices


def _label(kind: AchievementKind) -> Any:
    return {
        AchievementKind.GATE: _("Proposals: gates passed"),
        AchievementKind.ROTATION: _("Proposals: rotations completed"),
        AchievementKind.COURSE: _("Proposals: course credits"),
        AchievementKind.PROJECT: _("Proposals: project stages"),
        AchievementKind.EVALUATION: _("Proposals: integrated evaluations"),
        AchievementKind.FINAL: _("Proposals: dual-mentor certificates"),
        AchievementKind.GENERIC: _("Proposals: other certificates"),
    }[kind]


for _kind in AchievementKind:
    register(
        Importer(
            kind=f"awards-{_kind.value}",
            label=_label(_kind),
            columns=columns_of(_kind),
            permission="credentials.import_awards",
            key=("number", "ward", "starts_on")
            if _kind == AchievementKind.ROTATION
            else ("number",),
            current=_current,
            check=_check(_kind),
            apply=_apply(_kind),
            options=(Option("achievement", _("Achievement"), _choices(_kind)),),
            help=_("Each row proposes one student; whoever has to sign is told."),
        )
    )
