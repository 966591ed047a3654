"""Spreadsheets of the mentors an agreement lends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.agreements import queries
from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.agreements.services import add_mentors
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
from cotutelle.mentorship.models import Mentor
from cotutelle.people.models import Person

COLUMNS = (
    Column("number", ("工号", "Staff number", "导师工号"), required=True, parse=parsing.number_text(), examples=("010234",)),
    Column("name", ("姓名", "Name", "导师姓名"), help=_("Only for you to read; the number counts.")),
)  # fmt: skip


def _agreements(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
    rows = queries.agreements_visible_to(actor).exclude(state=AgreementState.ENDED)
    return [(str(a.public_id), f"{a.number} {a.display_name}") for a in rows.order_by("-starts_on")]


AGREEMENT = Option("agreement", _("Agreement"), _agreements, _("Drafts and agreements in force."))


def _chosen(ctx: Context) -> Agreement:
    return queries.agreements_visible_to(ctx.actor).get(public_id=ctx.options["agreement"])


def _numbers(rows: Sequence[Row]) -> list[str]:
    return [number for row in rows if (number := row["number"])]


def _present(rows: Sequence[Row], ctx: Context) -> set[str]:
    lines = _chosen(ctx).mentors.filter(mentor__person__number__in=_numbers(rows))
    return set(lines.values_list("mentor__person__number", flat=True))


def _lendable(rows: Sequence[Row], ctx: Context) -> dict[str, list[Mentor]]:
    found: dict[str, list[Mentor]] = {}
    mentors = queries.lendable_mentors(_chosen(ctx), ctx.actor)
    for mentor in mentors.filter(person__number__in=_numbers(rows)):
        found.setdefault(mentor.person.number, []).append(mentor)
    return found


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the rows whose mentor takes part already."""
    names = {row["number"]: row["name"] for row in rows}
    return {(n,): {"number": n, "name": names[n]} for n in _present(rows, ctx)}


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report numbers of nobody, of several people, or of mentors of somebody else."""
    present, lendable = _present(rows, ctx), _lendable(rows, ctx)
    problems = []
    for row in rows:
        number = row["number"]
        mentors = lendable.get(number or "", [])
        if not number or number in present or len(mentors) == 1:
            continue
        message = (
            gettext("Several mentors of the partner have this staff number. Add them on the page.")
            if mentors
            else gettext("No mentor of the partner whom you may lend has this staff number.")
        )
        problems.append(Problem(row.number, "number", "agreement.mentor", message, number))
    return problems


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Let the mentors take part; who does already is left alone."""
    lendable = _lendable(rows, ctx)
    fresh = [mentors[0] for mentors in lendable.values()]
    made = add_mentors(_chosen(ctx), fresh, actor=ctx.actor)
    progress(len(rows))
    return Counts(created=made, unchanged=len(rows) - made)


register(
    Importer(
        kind="agreement-mentors", label=_("Mentors of an agreement"), columns=COLUMNS,
        permission="agreements.import_mentors", key=("number",),
        current=current, check=check, apply=apply, options=(AGREEMENT,),
        help=_("One row per mentor of the partner, identified by the staff number."),
    )
)  # fmt: skip
