"""Student numbers (学号) for candidate numbers (考生编号): enrols who is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.exchange import parsing
from cotutelle.exchange.importing import Column, Context, Counts, Importer, Key, Problem, Progress
from cotutelle.exchange.importing import Row as SheetRow
from cotutelle.exchange.registry import register
from cotutelle.people.models import Person
from cotutelle.programmes.enums import EnrolmentState
from cotutelle.programmes.importers.common import by_number, unknown
from cotutelle.programmes.services import change_student, enrol

COLUMNS = (
    Column(
        "candidate_number",
        ("考生编号", "Candidate number", "考生号", "准考证号"),
        required=True,
        parse=parsing.number_text(),
        examples=("105610000001234",),
    ),
    Column(
        "number",
        ("学号", "Student number"),
        required=True,
        parse=parsing.number_text(),
        examples=("2026020001",),
        help=_("Joins the candidate number on the same record; both are kept."),
    ),
)


def current(rows: Sequence[SheetRow], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the student numbers known now."""
    known = by_number(rows, ctx, "candidate_number")
    return {
        (number,): {"number": one.student.person.number if _is_enrolled(one) else ""}
        for number, one in known.items()
    }


def _is_enrolled(one: Any) -> bool:
    return bool(one.state != EnrolmentState.PRE_ENTRY)


def check(rows: Sequence[SheetRow], ctx: Context) -> list[Problem]:
    """Report candidates nobody knows and student numbers that belong to somebody else."""
    known = by_number(rows, ctx, "candidate_number")
    numbers = [str(n) for row in rows if (n := row["number"])]
    taken = {
        (person.unit_id, person.number): person.pk
        for person in Person.objects.filter(number__in=numbers)
    }
    problems = []
    for row in rows:
        candidate, number = row["candidate_number"], row["number"]
        one = known.get(str(candidate)) if candidate else None
        if candidate and one is None:
            problems.append(unknown(row, "candidate_number"))
        elif one is not None and number:
            person = one.student.person
            if taken.get((person.unit_id, str(number)), person.pk) != person.pk:
                problems.append(
                    Problem(
                        row.number,
                        "number",
                        "student.number",
                        gettext("Another person has this student number."),
                        str(number),
                    )
                )
    return problems


def apply(rows: Sequence[SheetRow], ctx: Context, progress: Progress) -> Counts:
    """Enrol those who are not yet; bring the number of the others up to date."""
    known = by_number(rows, ctx, "candidate_number")
    updated = 0
    for done, row in enumerate(rows, start=1):
        one, number = known[str(row["candidate_number"])], str(row["number"])
        if not _is_enrolled(one):
            enrol(one, number=number, actor=ctx.actor)
            updated += 1
        elif one.student.person.number != number:
            change_student(one.student, {"number": number}, actor=ctx.actor)
            updated += 1
        progress(done)
    return Counts(updated=updated, unchanged=len(rows) - updated)


register(
    Importer(
        kind="student-numbers",
        label=_("Student numbers (enrolment)"),
        columns=COLUMNS,
        permission="programmes.manage_enrolment",
        key=("candidate_number",),
        current=current,
        check=check,
        apply=apply,
        help=_("Enrols the students named: one row with both numbers each."),
    )
)
