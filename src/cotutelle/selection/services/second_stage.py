"""The second stage: a round that finds second mentors for students who have a first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState, Stage
from cotutelle.selection.models import Round
from cotutelle.selection.queries.second_stage import needs_second
from cotutelle.selection.services._common import lock_round, rules_of
from cotutelle.selection.services.rounds import add_participants, create_round, new_policy

# What the rules say about pairs: whom a second mentor may be, and who answers for what.
PAIR_RULES = (
    "second_other_track",
    "second_in_agreement",
    "second_avoid_ended",
    "first_responsible",
    "signs_leave",
    "signs_claims",
    "signs_thesis",
)
_OVER = (RoundState.CONFIRMED, RoundState.CANCELLED)


@transaction.atomic
def create_second_stage(
    first_round: Round,
    changes: Mapping[str, Any],
    *,
    name_zh: str,
    name_en: str = "",
    actor: Person,
) -> Round:
    """
    Prepare a round that finds second mentors for the students whom ``first_round`` placed.

    It has the rules of the first round, changed by ``changes`` (`PAIR_RULES`); its days are set
    next. Refuses with ``round.state`` (not confirmed), ``round.stage`` (finds second mentors
    itself), ``round.second_runs``, ``round.no_students`` and as `create_round`.
    """
    check(actor, "selection.manage_round", first_round)
    lock_round(first_round, RoundState.CONFIRMED)
    if first_round.stage == Stage.SECOND:
        raise RuleViolation("round.stage", _("This round finds second mentors itself."))
    if first_round.second_rounds.exclude(state__in=_OVER).exists():
        raise RuleViolation(
            "round.second_runs", _("A round for second mentors of these students is under way.")
        )
    students = list(needs_second(first_round))
    if not students:
        raise RuleViolation(
            "round.no_students", _("Every student with a first mentor has a second one too.")
        )
    made = create_round(
        first_round.unit,
        first_round.cohort,
        _changed(first_round, changes),
        name_zh=name_zh,
        name_en=name_en,
        quota_year=first_round.quota_year,
        calendars={},
        answers_close_at=None,
        actor=actor,
        first_round=first_round,
    )
    count = add_participants(made, students, actor=actor)
    record(
        "selection.round.second_stage",
        actor=actor,
        subject=made,
        after={"students": count, "of": str(first_round.public_id)},
        decision=True,
    )
    return made


@transaction.atomic
def set_pair_rules(round_: Round, changes: Mapping[str, Any], *, actor: Person) -> Round:
    """
    Change what the rules of a round in preparation say about pairs (`PAIR_RULES`).

    Another set of rules is a new version of the policy. Refuses with ``round.state`` and
    ``round.rules``.
    """
    check(actor, "selection.manage_round", round_)
    lock_round(round_, RoundState.DRAFT)
    before, rules = rules_of(round_), _changed(round_, changes)
    if rules == before:
        return round_
    if fault := rules.fault():
        raise RuleViolation("round.rules", fault[1], field=fault[0])
    round_.policy = new_policy(round_.unit, rules, round_.name_zh, round_.name_en, actor)
    round_.save(update_fields=["policy"])
    record(
        "selection.round.edited",
        actor=actor,
        subject=round_,
        before={"rules": {name: getattr(before, name) for name in PAIR_RULES}},
        after={"rules": {name: getattr(rules, name) for name in PAIR_RULES}},
    )
    return round_


def _changed(round_: Round, changes: Mapping[str, Any]) -> Any:
    if unknown := set(changes) - set(PAIR_RULES):
        raise ValueError(f"changes: {sorted(unknown)} are no rules of pairs")
    return replace(rules_of(round_), **changes)
