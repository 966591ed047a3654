"""What the spreadsheets about enrolled students have in common."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext

from cotutelle.exchange.importing import Context, Problem, Row
from cotutelle.programmes.models import Enrolment

JOINED = ("student__person", "student__unit", "student__cohort", "template")


def by_number(rows: Sequence[Row], ctx: Context, column: str) -> dict[str, Enrolment]:
    """Return the enrolments of the unit whose candidate or student number stands in ``column``."""
    numbers = {str(n) for row in rows if (n := row[column])}
    found = Enrolment.objects.filter(
        Q(student__candidate_number__in=numbers) | Q(student__person__number__in=numbers),
        student__unit__path__startswith=ctx.unit.path,
    ).select_related(*JOINED)
    known: dict[str, Enrolment] = {}
    for one in found.order_by("student__cohort__year", "id"):
        for number in (one.student.candidate_number, one.student.person.number):
            if number in numbers:
                known[number] = one
    return known


def unknown(row: Row, column: str) -> Problem:
    """Report a number that nobody on a programme has."""
    return Problem(
        row.number,
        column,
        "enrolment.unknown",
        gettext("Nobody on a programme in this unit has this number."),
        str(row[column] or ""),
    )
