"""Results of the four certificates: one row for each certificate of a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.core.clock import today
from cotutelle.exchange import parsing
from cotutelle.exchange.importing import Column, Context, Counts, Importer, Key, Problem, Progress
from cotutelle.exchange.importing import Row as SheetRow
from cotutelle.exchange.registry import register
from cotutelle.programmes.enums import ATTAINMENT_TRANSITIONS, AttainmentKind, AttainmentState
from cotutelle.programmes.importers.common import by_number, unknown
from cotutelle.programmes.models import Attainment
from cotutelle.programmes.services import set_attainment

_KINDS = {
    "执业医师资格证": "licence",
    "医师资格证书": "licence",
    "规培合格证": "residency",
    "住培合格证书": "residency",
    "毕业证": "diploma",
    "学位证": "degree",
}
_STATES = {
    "通过": "held",
    "合格": "held",
    "已取得": "held",
    "未通过": "failed",
    "不合格": "failed",
    "待公布": "awaited",
}
_TAKEN = ("state", "held_on", "number", "awaited_until")
COLUMNS = (
    Column(
        "student",
        ("学号", "Student number", "考生编号", "Candidate number"),
        required=True,
        parse=parsing.number_text(),
        examples=("2026020001",),
        help=_("Student number, or the candidate number before there is one."),
    ),
    Column(
        "kind",
        ("证书", "Certificate", "证书类别"),
        required=True,
        parse=parsing.choice(AttainmentKind, _KINDS),
    ),
    Column(
        "state",
        ("结果", "Result", "状态"),
        required=True,
        parse=parsing.choice(
            {
                one.value: one.label
                for one in (AttainmentState.HELD, AttainmentState.FAILED, AttainmentState.AWAITED)
            },
            _STATES,
        ),
    ),
    Column("held_on", ("取得日期", "Held since", "发证日期"), parse=parsing.date()),
    Column("number", ("证书编号", "Number of the certificate"), parse=parsing.text(max_length=60)),
    Column(
        "awaited_until",
        ("待公布至", "Awaited until"),
        parse=parsing.date(),
        help=_("Needed where the result is awaited; after this day it is asked for again."),
    ),
)


def _known(rows: Sequence[SheetRow], ctx: Context) -> dict[tuple[str, str], Attainment]:
    """Return the certificates the rows are about, by number and kind."""
    students = by_number(rows, ctx, "student")
    found: dict[tuple[int, str], Attainment] = {
        (one.enrolment_id, one.kind): one
        for one in Attainment.objects.filter(enrolment__in=students.values()).select_related(
            "enrolment__student__person", "enrolment__student__unit"
        )
    }
    return {
        (number, kind.value): found[enrolment.pk, kind.value]
        for number, enrolment in students.items()
        for kind in AttainmentKind
        if (enrolment.pk, kind.value) in found
    }


def current(rows: Sequence[SheetRow], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return how the certificates stand now."""
    return {
        key: {name: getattr(one, name) for name in _TAKEN} for key, one in _known(rows, ctx).items()
    }


def check(rows: Sequence[SheetRow], ctx: Context) -> list[Problem]:
    """Report unknown students, steps that are none, and awaited results without a day to come."""
    known, students = _known(rows, ctx), by_number(rows, ctx, "student")
    problems = []
    for row in rows:
        number, kind, state = row["student"], row["kind"], row["state"]
        if number and str(number) not in students:
            problems.append(unknown(row, "student"))
        elif number and kind and state:
            problems += _check_row(row, known[str(number), kind], AttainmentState(state))
    return problems


def _check_row(row: SheetRow, one: Attainment, state: AttainmentState) -> list[Problem]:
    def problem(column: str, code: str, words: str) -> list[Problem]:
        return [Problem(row.number, column, code, words, str(row[column] or ""))]

    seen = AttainmentState(one.state)
    if _same(row, one):
        return []
    if state not in ATTAINMENT_TRANSITIONS[seen]:
        words = gettext("A certificate that is “%(from)s” cannot become “%(to)s”.")
        return problem(
            "state", "attainment.transition", words % {"from": seen.label, "to": state.label}
        )
    until, held = row["awaited_until"], row["held_on"]
    if state == AttainmentState.AWAITED and (until is None or until < today()):
        words = gettext("Say until when the result is awaited: a day that lies ahead.")
        return problem("awaited_until", "attainment.until", words)
    if held is not None and held > today():
        return problem("held_on", "attainment.day", gettext("This day has not come yet."))
    if seen == AttainmentState.HELD:
        words = gettext("This certificate is held: take it back on the page of the student.")
        return problem("state", "attainment.note", words)
    return []


def _same(row: SheetRow, one: Attainment) -> bool:
    return all(row[name] is None or row[name] == getattr(one, name) for name in _TAKEN)


def apply(rows: Sequence[SheetRow], ctx: Context, progress: Progress) -> Counts:
    """Enter the results; the students are told."""
    known = _known(rows, ctx)
    updated = 0
    for done, row in enumerate(rows, start=1):
        one = known[str(row["student"]), row["kind"]]
        if not _same(row, one):
            set_attainment(
                one,
                AttainmentState(row["state"]),
                held_on=row["held_on"],
                awaited_until=row["awaited_until"],
                number=row["number"] or "",
                actor=ctx.actor,
            )
            updated += 1
        progress(done)
    return Counts(updated=updated, unchanged=len(rows) - updated)


register(
    Importer(
        kind="certificates",
        label=_("Results of the four certificates"),
        columns=COLUMNS,
        permission="programmes.change_attainment",
        key=("student", "kind"),
        current=current,
        check=check,
        apply=apply,
        help=_("One row for each certificate of a student."),
    )
)
