"""Spreadsheets of preference lists, for example from signed forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Problem,
    Progress,
    Row,
)
from cotutelle.exchange.registry import register
from cotutelle.selection.enums import ListState, OfferState, ParticipantState
from cotutelle.selection.importers.rounds import ROUND, round_of
from cotutelle.selection.models import Offer, Participant, Preference
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.market import OfferFacts, clashes, conflicts_in, forbidden
from cotutelle.selection.queries.second_stage import SecondStage, second_stage
from cotutelle.selection.services.lists import save_list, submit_list

_STEP = 25

COLUMNS = (
    Column("student", ("考生编号", "Candidate or student number", "学号", "考生号"), required=True, parse=parsing.number_text()),
    Column("offer", ("招生编号", "Offer number", "志愿代码"), required=True, parse=parsing.number_text()),
    Column("position", ("志愿序号", "Position", "志愿顺序"), required=True, parse=parsing.integer(low=1, high=99), help=_("1 is the choice wanted most.")),
)  # fmt: skip


def _participants(rows: Sequence[Row], ctx: Context) -> dict[str, Participant]:
    """Return participants by the number the file calls them by."""
    numbers = {n for row in rows if (n := row["student"])}
    found = Participant.objects.filter(
        Q(student__candidate_number__in=numbers) | Q(student__person__number__in=numbers),
        round=round_of(ctx),
        state=ParticipantState.ACTIVE,
    ).select_related("student__person", "student__unit", "round__policy", "round__unit")
    by_number: dict[str, Participant] = {}
    for one in found:
        by_number[one.student.person.number] = one
    for one in found:  # the candidate number wins
        by_number[one.student.candidate_number] = one
    return {number: one for number, one in by_number.items() if number in numbers}


def _offers(rows: Sequence[Row], ctx: Context) -> dict[str, Offer]:
    numbers = {n for row in rows if (n := row["offer"])}
    found = Offer.objects.filter(round=round_of(ctx), number__in=numbers)
    return {o.number: o for o in found.select_related("mentor", "team__first", "team__second")}


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return the positions known now, by student and offer as the file calls them."""
    people = _participants(rows, ctx)
    names = {one.pk: number for number, one in people.items()}
    found = Preference.objects.filter(participant__in=names).values_list(
        "participant_id", "offer__number", "position"
    )
    return {(names[key], offer): {"position": position} for key, offer, position in found}


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report who or what is unknown, what the rules forbid, and lists that would be damaged."""
    people, offers = _participants(rows, ctx), _offers(rows, ctx)
    rules = RoundRules.from_parameters(round_of(ctx).policy.parameters)
    students = [p.student_id for p in people.values()]
    conflicts, stage = conflicts_in(students), second_stage(round_of(ctx), students)
    seen: dict[tuple[int, int], int] = {}
    counts: dict[int, int] = {}
    problems = []
    for row in rows:
        one, offer = people.get(row.get("student", "")), offers.get(row.get("offer", ""))
        for column, known in (("student", one), ("offer", offer)):
            if row[column] and known is None:
                problems.append(
                    Problem(
                        row.number,
                        column,
                        f"list.{column}",
                        gettext("Nobody and nothing in this round has this number."),
                        str(row[column]),
                    )
                )
        if one is None or offer is None or row["position"] is None:
            continue
        counts[one.pk] = counts.get(one.pk, 0) + 1
        if fault := _fault(row, one, offer, rules, conflicts, stage):
            problems.append(fault)
        elif (one.pk, row["position"]) in seen:
            problems.append(
                Problem(
                    row.number,
                    "position",
                    "list.position",
                    gettext("Row %(row)s has this position of the same student.")
                    % {"row": seen[one.pk, row["position"]]},
                    str(row["position"]),
                )
            )
        elif counts[one.pk] > rules.max_choices:
            problems.append(
                Problem(
                    row.number,
                    "student",
                    "list.too_long",
                    gettext("At most %(n)s choices.") % {"n": rules.max_choices},
                    str(row["student"]),
                )
            )
        seen.setdefault((one.pk, row["position"]), row.number)
    return problems


def _fault(  # noqa: PLR0917  what the file and the round say, in this order
    row: Row,
    one: Participant,
    offer: Offer,
    rules: RoundRules,
    conflicts: set[tuple[int, int]],
    stage: SecondStage | None,
) -> Problem | None:
    """Return what keeps this student from this offer."""
    facts = OfferFacts.of(offer)
    student = one.student
    if one.list_state == ListState.SUBMITTED:
        text, column = (
            gettext("The student has submitted a list. It is not overwritten."),
            "student",
        )
    elif offer.state != OfferState.OPEN:
        text, column = gettext("This offer is not open."), "offer"
    elif clashes(conflicts, one.student_id, facts.supervisors):
        text, column = gettext("A conflict of interest is declared between the two."), "offer"
    elif forbidden(
        rules,
        facts,
        route=student.route,
        degree_type=student.degree_type,
        discipline=student.discipline,
        student=student.pk,
        stage=stage,
    ):
        text, column = gettext("The rules of the round do not allow this pair."), "offer"
    else:
        return None
    return Problem(row.number, column, "list.not_allowed", text, str(row[column]))


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Replace and submit the list of every student in the file."""
    people, offers = _participants(rows, ctx), _offers(rows, ctx)
    lists: dict[int, list[tuple[int, Offer]]] = {}
    for row in rows:
        lists.setdefault(people[row["student"]].pk, []).append(
            (row["position"], offers[row["offer"]])
        )
    by_key = {one.pk: one for one in people.values()}
    for done, (key, choices) in enumerate(lists.items(), start=1):
        ordered = [
            offer.public_id for _position, offer in sorted(choices, key=lambda pair: pair[0])
        ]
        save_list(by_key[key], ordered, expected_version=None, actor=ctx.actor)
        submit_list(by_key[key], expected_version=None, actor=ctx.actor)
        if done % _STEP == 0:
            progress(done)
    return Counts(created=len(rows))


register(
    Importer(
        kind="preferences", label=_("Preference lists"), columns=COLUMNS,
        permission="selection.import_offers", key=("student", "offer"),
        current=current, check=check, apply=apply, options=(ROUND,),
        help=_("One row per choice, for students who handed in a signed form; their lists are submitted. Lists that students submitted themselves are not overwritten."),
    )
)  # fmt: skip
