"""Cycles and who is planned in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import CYCLE_TRANSITIONS, CycleState
from cotutelle.rotations.models import Curriculum, Cycle, Participant
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_months import first_day, last_day
from cotutelle.rotations.services.planning_stays import end_plan, lock_plan, record_plans

MANY_MONTHS = 60


@dataclass(frozen=True, slots=True)
class CycleData:
    """What a cycle is called and how long it lasts."""

    name_zh: str
    starts_on: dt.date
    months: int
    name_en: str = ""


@transaction.atomic
def create_cycle(unit: Unit, data: CycleData, rules: PlanRules, *, actor: Person) -> Cycle:
    """
    Prepare a cycle of planning; nobody takes part yet.

    Refuses: ``cycle.name`` (taken in this unit), ``cycle.start``, ``cycle.months``,
    ``cycle.rules``.
    """
    cycle = Cycle(
        unit=unit,
        name_zh=data.name_zh.strip(),
        name_en=data.name_en.strip(),
        starts_on=data.starts_on.replace(day=1),
        months=data.months,
        rules=rules.as_parameters(),
        created_by=actor,
        created_at=now(),
    )
    check(actor, "rotations.plan_cycle", cycle)
    _require_sound(data, rules)
    try:
        with transaction.atomic():
            cycle.save()
    except IntegrityError as error:
        raise RuleViolation(
            "cycle.name", _("This unit has a plan of this name already."), field="name_zh"
        ) from error
    record(
        "rotations.cycle.created",
        actor=actor,
        subject=cycle,
        after={"name": cycle.name_zh, "starts_on": str(cycle.starts_on), "months": cycle.months},
    )
    return cycle


def _require_sound(data: CycleData, rules: PlanRules) -> None:
    if not 1 <= data.months <= MANY_MONTHS:
        raise RuleViolation("cycle.months", _("A plan lasts 1 to 60 months."), field="months")
    if fault := rules.fault():
        raise RuleViolation("cycle.rules", fault[1], field=fault[0])


@transaction.atomic
def set_rules(cycle: Cycle, rules: PlanRules, *, actor: Person) -> Cycle:
    """Change the weights; scenarios computed so far keep theirs. Refuses: ``cycle.rules``."""
    check(actor, "rotations.plan_cycle", cycle)
    if fault := rules.fault():
        raise RuleViolation("cycle.rules", fault[1], field=fault[0])
    before, cycle.rules = cycle.rules, rules.as_parameters()
    cycle.save(update_fields=["rules"])
    record(
        "rotations.cycle.rules_set",
        actor=actor,
        subject=cycle,
        before={"rules": before},
        after={"rules": cycle.rules},
    )
    return cycle


@transaction.atomic
def archive_cycle(cycle: Cycle, *, actor: Person) -> Cycle:
    """
    Put a cycle away: it stays readable, but its plan ends with this month.

    Stays to come leave wards and calendars; exchanges of them that are under way end. Refuses: ``cycle.state``.
    """
    check(actor, "rotations.plan_cycle", cycle)
    locked = lock_plan(cycle.pk)
    if CycleState.ARCHIVED not in CYCLE_TRANSITIONS[CycleState(locked.state)]:
        raise RuleViolation("cycle.state", _("This plan is archived already."))
    record_plans(end_plan(locked), actor=actor)
    Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.ARCHIVED)
    record("rotations.cycle.archived", actor=actor, subject=cycle)
    cycle.refresh_from_db()
    return cycle


def require_alive(cycle: Cycle) -> None:
    """Refuse with ``cycle.state`` what is archived."""
    if cycle.state == CycleState.ARCHIVED:
        raise RuleViolation("cycle.state", _("This plan is archived."))


@transaction.atomic
def add_participants(
    cycle: Cycle,
    students: Iterable[Student],
    *,
    default: Curriculum,
    by_specialty: Iterable[Curriculum] = (),
    first: int = 0,
    actor: Person,
) -> int:
    """
    Plan these students too; who takes part already is left alone. Return how many are new.

    A student's discipline picks the curriculum of that specialty: its code, or a name that the
    discipline begins with (内科 for 内科学); the others follow ``default``. Refuses:
    ``cycle.state``.
    """
    check(actor, "rotations.plan_cycle", cycle)
    require_alive(cycle)
    known = list(by_specialty)
    rows = [
        Participant(
            cycle=cycle,
            student=student,
            curriculum=curriculum_of(student, known) or default,
            first=first,
        )
        for student in students
    ]
    before = cycle.participants.count()
    Participant.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)
    made = cycle.participants.count() - before
    if made:
        record(
            "rotations.cycle.participants_added", actor=actor, subject=cycle, after={"count": made}
        )
    return made


def curriculum_of(student: Student, known: Sequence[Curriculum]) -> Curriculum | None:
    """Return the curriculum that a student's discipline picks out of ``known``."""
    discipline = student.discipline
    return next(
        (
            curriculum
            for curriculum in known
            if discipline
            and (
                discipline == curriculum.specialty_code or discipline.startswith(curriculum.name_zh)
            )
        ),
        None,
    )


@transaction.atomic
def change_participant(
    participant: Participant,
    *,
    curriculum: Curriculum,
    first: int,
    last: int | None,
    actor: Person,
) -> Participant:
    """
    Change the curriculum or the months of one participant.

    Stays held for blocks of another curriculum are let go, as nothing could plan them.
    Refuses: ``participant.months`` (the last before the first), ``cycle.state``.
    """
    check(actor, "rotations.plan_cycle", participant)
    require_alive(participant.cycle)
    if last is not None and last < first:
        raise RuleViolation(
            "participant.months", _("The last month is before the first."), field="last"
        )
    before = _participant_json(participant)
    participant.curriculum, participant.first, participant.last = curriculum, first, last
    participant.save(update_fields=["curriculum", "first", "last"])
    released, _rows = participant.pins.exclude(block__curriculum=curriculum).delete()
    after = _participant_json(participant)
    record(
        "rotations.participant.changed",
        actor=actor,
        subject=participant,
        before=before,
        after=after | ({"stays_released": released} if released else {}),
    )
    return participant


def _participant_json(row: Participant) -> dict[str, Any]:
    last = None if row.last is None else str(last_day(row.cycle, row.last))
    first = str(first_day(row.cycle, row.first))
    return {"curriculum": str(row.curriculum), "first": first, "last": last}


@transaction.atomic
def remove_participant(participant: Participant, *, actor: Person) -> None:
    """
    Plan somebody no longer. Refuses: ``participant.published`` (their plan is in force: record
    that they leave).
    """
    check(actor, "rotations.plan_cycle", participant)
    Cycle.objects.select_for_update().get(pk=participant.cycle_id)
    if participant.stays.exists():
        raise RuleViolation(
            "participant.published",
            _("Their plan is in force. Record that they leave, then re-plan."),
        )
    record(
        "rotations.participant.removed",
        actor=actor,
        subject=participant.cycle,
        before={"student": str(participant.student.public_id)},
    )
    participant.delete()
