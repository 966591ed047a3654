"""Bringing the plan in force to what was decided: rows, calendars, who is told."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.urls import reverse

from cotutelle.availability.services import SpanData, publish_spans, withdraw_sources
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record, record_many
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.queries import supervisors_of
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.rotations.enums import SwapState
from cotutelle.rotations.models import (
    CurriculumBlock,
    Cycle,
    Participant,
    Scenario,
    Stay,
    Swap,
    Ward,
)
from cotutelle.rotations.queries.planning_keys import (
    key_of,
    parts_by_key,
    trainee_key,
    ward_key,
)
from cotutelle.rotations.queries.planning_months import first_day, frozen_before, last_day
from cotutelle.rotations.task_kinds.planning import ANSWER_SWAP, DECIDE_SWAP
from cotutelle.workflow.services import close_tasks

SPAN_KIND = "rotations.stay"
MENTOR_SPAN_KIND = "rotations.stay_of_student"
_AWAY = dt.timedelta(days=146_097)
"""Four hundred years: where rows wait while they change places, so that none overlaps."""

_MOVES = ("block", "part", "ward", "starts_on", "ends_on", "scenario")

Slot = tuple[int, str]


@dataclass(slots=True)
class Written:
    """What changed: rows of the plan, by participant; wards left or entered."""

    changed: list[Stay] = field(default_factory=list)
    gone: list[Stay] = field(default_factory=list)
    wards: set[int] = field(default_factory=set)

    @property
    def participants(self) -> set[int]:
        """Whose plan changed."""
        return {row.participant_id for row in (*self.changed, *self.gone)}


def lock_plan(cycle_id: int) -> Cycle:
    """
    Return a cycle locked for a change of its plan, in the caller's transaction.

    The wards are locked too: plans of different cycles share their places, and only one at a
    time is checked against them.
    """
    cycle = Cycle.objects.select_for_update(of=("self",)).select_related("unit").get(pk=cycle_id)
    list(Ward.objects.select_for_update().order_by("pk").values("pk"))
    return cycle


def write_stays(
    cycle: Cycle,
    scenario: Scenario,
    stays: Mapping[str, Sequence[PlannedStay]],
) -> Written:
    """
    Bring the rows of the trainees named in ``stays`` to these stays, in the caller's transaction.

    A stay keeps its row (and so its calendar entry) when it moves, and when another curriculum
    has the same block. What had begun and does not go on is cut off at the end of the month and
    kept as history, without its block.
    """
    people = {trainee_key(p): p for p in cycle.participants.select_related("student__person")}
    chosen = {people[id_].pk: people[id_] for id_ in stays if id_ in people}
    present = {
        (row.participant_id, key_of(row.block, row.part)): row
        for row in Stay.objects.filter(participant__in=chosen).select_related("ward", "block")
        if row.block is not None
    }
    wanted = _wanted(cycle, scenario, stays, people)
    result = Written()
    moved, fresh = [], []
    frozen = frozen_before(cycle)
    for slot, row in present.items():
        target = wanted.get(slot)
        if target is not None and _same(row, target):
            continue
        result.wards.add(row.ward_id)
        begun = row.starts_on < first_day(cycle, frozen)
        if target is not None and not begun:
            for name in _MOVES:
                setattr(row, name, getattr(target, name))
            moved.append(row)
            continue
        _cut_off(cycle, row, chosen[row.participant_id], frozen if begun else 0, result)
        if target is not None:
            fresh.append(target)
    fresh += [row for slot, row in wanted.items() if slot not in present]
    result.changed += [*moved, *fresh]
    result.wards |= {row.ward_id for row in result.changed}
    _end_swaps(result)
    _take_away(result.gone)
    _store(moved, fresh)
    publish_stays(cycle, result, {p.pk: p for p in people.values()})
    return result


def record_plans(written: Written, *, actor: Person, **of: str) -> None:
    """
    Make the plan that holds now an event in the trace of each trainee whose stays changed.

    ``of`` says where it comes from: the digest of what was published, or the exchange.
    """
    months: dict[int, dict[str, str]] = defaultdict(dict)
    rows = Stay.objects.filter(participant__in=written.participants)
    for row in rows.select_related("ward__hospital"):
        months[row.participant_id][f"{row.starts_on:%Y-%m}/{row.ends_on:%Y-%m}"] = ward_key(
            row.ward
        )
    people = Participant.objects.filter(pk__in=written.participants).order_by("pk")
    record_many(
        "rotations.participant.planned",
        actor=actor,
        items=[
            (one, None, {"months": months[one.pk], **of})
            for one in people.select_related("student__person", "cycle__unit")
        ],
        decision=True,
    )


def end_plan(cycle: Cycle) -> Written:
    """
    End the plan in force with the present month, in the caller's transaction.

    What was is kept as history; what would have begun later is gone. Return what changed.
    """
    people = {p.pk: p for p in cycle.participants.select_related("student__person")}
    result = Written()
    frozen = frozen_before(cycle)
    border = first_day(cycle, frozen)
    for row in Stay.objects.filter(participant__in=people, ends_on__gte=border):
        begun = row.starts_on < border
        _cut_off(cycle, row, people[row.participant_id], frozen if begun else 0, result)
    _end_swaps(result)
    _take_away(result.gone)
    publish_stays(cycle, result, people)
    return result


def _wanted(
    cycle: Cycle,
    scenario: Scenario,
    stays: Mapping[str, Sequence[PlannedStay]],
    people: Mapping[str, Participant],
) -> dict[Slot, Stay]:
    wards = {ward_key(w): w for w in Ward.objects.select_related("hospital")}
    curricula = {p.curriculum_id for p in people.values()}
    rows = CurriculumBlock.objects.filter(curriculum__in=curricula)
    blocks: dict[int, list[CurriculumBlock]] = {}
    for block in rows:
        blocks.setdefault(block.curriculum_id, []).append(block)
    parts = {pk: parts_by_key(own) for pk, own in blocks.items()}
    found: dict[Slot, Stay] = {}
    for trainee, own in stays.items():
        person = people.get(trainee)
        if person is None:
            continue
        for stay in own:
            part = parts[person.curriculum_id][stay.block]
            found[person.pk, part.key] = Stay(
                participant=person,
                block=part.block,
                part=part.number,
                ward=wards[stay.ward],
                starts_on=first_day(cycle, stay.start),
                ends_on=last_day(cycle, stay.start + part.months - 1),
                scenario=scenario,
            )
    return found


def _same(row: Stay, target: Stay) -> bool:
    names = ("ward_id", "starts_on", "ends_on")
    return all(getattr(row, name) == getattr(target, name) for name in names)


def _cut_off(
    cycle: Cycle, row: Stay, participant: Participant, frozen: int, result: Written
) -> None:
    """Keep what has happened of a stay that does not go on; delete what never began."""
    end = last_day(cycle, frozen - 1) if frozen else row.starts_on
    if participant.left_on is not None:
        end = min(end, participant.left_on - dt.timedelta(days=1))
    if end <= row.starts_on:
        result.gone.append(row)
        return
    row.block, row.part, row.ends_on = None, 0, min(end, row.ends_on)
    row.save(update_fields=["block", "part", "ends_on"])
    result.changed.append(row)


def _take_away(gone: list[Stay]) -> None:
    """Delete stays that never began, before others take their months."""
    withdraw_sources([source_of(row) for row in gone])
    Stay.objects.filter(pk__in=[row.pk for row in gone]).delete()


def _store(moved: list[Stay], fresh: list[Stay]) -> None:
    Stay.objects.filter(pk__in=[row.pk for row in moved]).update(
        starts_on=F("starts_on") + _AWAY, ends_on=F("ends_on") + _AWAY
    )
    Stay.objects.bulk_update(moved, _MOVES, batch_size=10_000)
    Stay.objects.bulk_create(fresh, batch_size=2_000)


def _end_swaps(result: Written) -> None:
    """End exchanges under way of stays that are elsewhere now: something else was agreed to."""
    rows = [row.pk for row in (*result.changed, *result.gone) if row.pk is not None]
    found = Swap.objects.filter(
        Q(asker_stay__in=rows) | Q(other_stay__in=rows),
        state__in=[SwapState.ASKED, SwapState.AGREED],
    ).select_related(
        *(f"{side}_stay__participant__student__person" for side in ("asker", "other")),
        "asker_stay__participant__cycle__unit",
    )
    for swap in found.select_for_update(of=("self",)):
        swap.state = SwapState.WITHDRAWN
        swap.save(update_fields=["state"])
        close_tasks(swap, ANSWER_SWAP, cancelled=True)
        close_tasks(swap, DECIDE_SWAP, cancelled=True)
        record("rotations.swap.withdrawn", actor=None, subject=swap)
        notify(
            [stay.participant.student.person for stay in (swap.asker_stay, swap.other_stay)],
            "rotations.swap_refused",
            params={"plan": bilingual(swap.asker_stay.participant.cycle)},
            url=reverse("rotations:my-plan"),
            unit=swap.owning_unit,
        )


def publish_stays(cycle: Cycle, result: Written, people: Mapping[int, Participant]) -> None:
    """Put changed stays into the calendars of trainees and mentors."""
    wards = Ward.objects.select_related("hospital").in_bulk(
        list({row.ward_id for row in result.changed})
    )
    students = {row.participant_id: people[row.participant_id].student for row in result.changed}
    mentors = Mentorship.objects.filter(
        student__in=students.values(), state=PairState.ACTIVE
    ).values_list("student_id", "mentor__person_id")
    mentors_by_student: dict[int, list[int]] = {}
    for student_id, person_id in mentors:
        mentors_by_student.setdefault(student_id, []).append(person_id)
    zone = time_zone_of(cycle.unit)
    spans = []
    for row in result.changed:
        student, ward = students[row.participant_id], wards[row.ward_id]
        spans.append(_span(row, ward, student.person_id, zone))
        spans += [
            replace(
                _span(row, ward, person_id, zone),
                kind=MENTOR_SPAN_KIND,
                params={"student": bilingual(student.person), "ward": bilingual(ward)},
                url=reverse("rotations:students-plans"),
            )
            for person_id in mentors_by_student.get(student.pk, ())
        ]
    publish_spans(spans)


def _span(row: Stay, ward: Ward, person_id: int, zone: str) -> SpanData:
    """Return a stay as its trainee's calendar has it: whole days."""
    return SpanData(
        person_id=person_id,
        kind=SPAN_KIND,
        source=source_of(row),
        params={"ward": bilingual(ward)},
        starts_at=dt.datetime.combine(row.starts_on, dt.time(), ZoneInfo(zone)),
        ends_at=dt.datetime.combine(row.ends_on + dt.timedelta(days=1), dt.time(), ZoneInfo(zone)),
        is_all_day=True,
        time_zone=zone,
        url=reverse("rotations:my-plan"),
    )


def source_of(row: Stay) -> str:
    """Return the name under which a stay stands in calendars."""
    return f"rotations.stay:{row.pk}"


def tell_about(cycle: Cycle, written: Written, *, is_first: bool) -> int:
    """Tell the trainees whose plan changed, their mentors and their wards; return how many."""
    params = {"plan": bilingual(cycle)}
    concerned = list(
        cycle.participants.filter(pk__in=written.participants).select_related("student__person")
    )
    kind = "rotations.plan_published" if is_first else "rotations.plan_changed"
    people = [row.student.person for row in concerned]
    told = notify(people, kind, params=params, url=reverse("rotations:my-plan"), unit=cycle.unit)
    told += notify(
        supervisors_of(*(row.student for row in concerned)),
        "rotations.students_plan_changed",
        params=params,
        url=reverse("rotations:students-plans"),
        unit=cycle.unit,
    )
    wards = Ward.objects.filter(pk__in=written.wards).select_related("unit")
    secretaries: dict[int, Person] = {}
    for unit in {ward.unit_id: ward.unit for ward in wards}.values():
        rows = holders(unit, Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY)
        secretaries |= {person.pk: person for person in rows}
    told += notify(
        secretaries.values(),
        "rotations.ward_plan_changed",
        params=params,
        url=reverse("rotations:wards"),
        unit=cycle.unit,
    )
    return told
