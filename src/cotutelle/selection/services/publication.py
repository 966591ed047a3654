"""The result on show (公示): published, objected to, recalled."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.files.models import StoredFile
from cotutelle.files.services import store_file
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import Mentor
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    NoticeState,
    ObjectionState,
    PlacementSource,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Objection, Placement, PublicNotice, Round
from cotutelle.selection.services._common import (
    RESULT_URL,
    STUDENTS_URL,
    active_participants,
    all_or_nothing,
    label,
    names,
    offer_names,
    officers_of,
    require_reason,
    round_url,
    rules_of,
    stale,
    supervisors_of,
    transition,
    with_people,
)
from cotutelle.selection.services.confirmation import require_allowed_first_mentors
from cotutelle.selection.services.holds import require_not_suspended
from cotutelle.selection.task_kinds import ANSWER_OBJECTION
from cotutelle.workflow.services import close_tasks, open_tasks

EVIDENCE = "selection.evidence"


def publish_round(round_: Round, *, actor: Person) -> PublicNotice:
    """
    Show every student and mentor their own result and begin the public notice.

    Refuses with ``round.transition``, ``round.stale`` (another press was faster) and
    ``round.no_result``, ``round.suspended``, ``agreement.first_mentors`` and
    ``mentor.off_campus``.
    """
    check(actor, "selection.publish_round", round_)
    with all_or_nothing(round_):
        return _publish(round_, actor)


def _publish(round_: Round, actor: Person) -> PublicNotice:
    _move(round_, RoundState.MATCHED, RoundState.PUBLISHED)
    round_.refresh_from_db()
    run = round_.official_run
    if run is not None and run.state not in {RunState.VERIFIED, RunState.OFFICIAL}:
        raise RuleViolation("round.no_result", _("The run does not count any more. Run again."))
    placements = round_.placements.filter(state=PlacementState.PROPOSED)
    if not placements.exists():
        raise RuleViolation("round.no_result", _("There is no result to publish."))
    shown = list(with_offers(placements))
    require_not_suspended(round_, shown)
    require_allowed_first_mentors(round_, shown)
    placements.update(state=PlacementState.PUBLISHED)
    start = now()
    notice = PublicNotice.objects.create(
        round=round_,
        run=run,
        starts_at=start,
        ends_at=deadline(round_.unit, start, rules_of(round_).notice_days),
    )
    record(
        "selection.round.published",
        actor=actor,
        subject=round_,
        before={"state": RoundState.MATCHED},
        after={
            "state": RoundState.PUBLISHED,
            "run": run.number if run else None,
            "digest": run.certificate_sha256 if run else None,
            "deadline": notice.ends_at,
        },
        decision=True,
    )
    _tell_students(notice)
    _tell_mentors(notice)
    return notice


def with_offers(placements: QuerySet[Placement]) -> QuerySet[Placement]:
    """Load what notices of placements speak of."""
    return placements.select_related(
        "participant__student__person",
        "participant__student__unit",
        "participant__student__cohort",
        "offer__unit",
        "offer__mentor__person",
        "offer__team__first__person",
        "offer__team__second__person",
    )


def result_params(placement: Placement, round_: Round, until: dt.datetime) -> dict[str, Any]:
    """Return what the notice to a student with a place says."""
    return {
        "round": names(round_),
        "offer": offer_names(placement.offer),
        "source": label(PlacementSource(placement.source)),
        "until": moment(until),
    }


def unplaced_params(round_: Round, until: dt.datetime) -> dict[str, Any]:
    """Return what the notice to a student without a place says."""
    return {"round": names(round_), "until": moment(until)}


def mentor_params(rows: Sequence[Placement], round_: Round, until: dt.datetime) -> dict[str, Any]:
    """Return what the notice to a mentor with these students says."""
    return {
        "round": names(round_),
        "count": len(rows),
        "assigned": sum(row.source == PlacementSource.OVERRIDE for row in rows),
        "until": moment(until),
    }


def _placements(round_: Round) -> list[Placement]:
    return list(with_offers(round_.placements.filter(state=PlacementState.PUBLISHED)))


def _tell_students(notice: PublicNotice) -> None:
    round_, until = notice.round, notice.ends_at
    groups: dict[tuple[int, str], list[Placement]] = defaultdict(list)
    for placement in _placements(round_):
        groups[placement.offer_id, placement.source].append(placement)
    placed: set[int] = set()
    for rows in groups.values():
        placed.update(row.participant_id for row in rows)
        notify(
            [row.participant.student.person for row in rows],
            "selection.result",
            params=result_params(rows[0], round_, until),
            url=RESULT_URL,
            unit=round_.unit,
        )
    notify(
        [p.student.person for p in active_participants(round_).exclude(pk__in=placed)],
        "selection.no_result",
        params=unplaced_params(round_, until),
        url=RESULT_URL,
        unit=round_.unit,
    )


def _tell_mentors(notice: PublicNotice) -> None:
    round_ = notice.round
    of: dict[Mentor, list[Placement]] = {
        mentor: []
        for answer in with_people(round_.answers.filter(places__gt=0))
        for mentor in answer.supervisors
    }
    for placement in _placements(round_):
        for mentor in placement.offer.supervisors:
            of.setdefault(mentor, []).append(placement)
    groups: dict[tuple[int, int], tuple[dict[str, Any], list[Person]]] = {}
    for mentor, rows in of.items():
        params = mentor_params(rows, round_, notice.ends_at)
        same = groups.setdefault((params["count"], params["assigned"]), (params, []))
        same[1].append(mentor.person)
    for params, people in groups.values():
        notify(
            people,
            "selection.mentor_result",
            params=params,
            url=STUDENTS_URL,
            unit=round_.unit,
        )


@transaction.atomic
def recall_notice(notice: PublicNotice, *, reason: str, actor: Person) -> PublicNotice:
    """
    Take the published result back to review; everybody is told.

    Refuses with ``notice.reason``, ``notice.stale``, ``round.transition`` and ``round.stale``.
    """
    round_ = notice.round
    check(actor, "selection.publish_round", round_)
    reason = require_reason("notice", reason)
    rows = PublicNotice.objects.filter(pk=notice.pk, state=NoticeState.RUNNING)
    if rows.update(state=NoticeState.RECALLED, recalled_reason=reason) != 1:
        raise stale("notice")
    notice.refresh_from_db()
    round_.refresh_from_db()
    _move(round_, RoundState.PUBLISHED, RoundState.MATCHED)
    round_.placements.filter(state=PlacementState.PUBLISHED).update(state=PlacementState.PROPOSED)
    record(
        "selection.notice.recalled",
        actor=actor,
        subject=round_,
        before={"state": RoundState.PUBLISHED},
        after={"state": RoundState.MATCHED, "reason": reason},
        decision=True,
    )
    people = [p.student.person for p in active_participants(round_)]
    notify(
        [*people, *supervisors_of(with_people(round_.answers.filter(places__gt=0)))],
        "selection.recalled",
        params={"round": names(round_), "reason": reason},
        url=RESULT_URL,
        unit=round_.unit,
    )
    return notice


@transaction.atomic
def raise_objection(
    notice: PublicNotice, *, text: str, actor: Person, evidence: Any = None
) -> Objection:
    """
    Object with a reason while the notice runs; one open objection a person.

    Refuses with ``objection.text``, ``objection.closed`` and ``objection.exists``.
    """
    check(actor, "selection.raise_objection")
    if not text.strip():
        raise RuleViolation("objection.text", _("Say what you object to."), field="text")
    kept = PublicNotice.objects.select_for_update().get(pk=notice.pk)
    if kept.state != NoticeState.RUNNING or now() > kept.ends_at:
        raise RuleViolation("objection.closed", _("The public notice has ended."))
    file = evidence
    if evidence and not isinstance(evidence, StoredFile):
        file = store_file(evidence, actor=actor, unit=notice.round.unit, purpose=EVIDENCE)
    try:
        with transaction.atomic():
            objection = Objection.objects.create(
                notice=kept,
                raised_by=actor,
                raised_at=now(),
                text=text.strip(),
                evidence=file or None,
            )
    except IntegrityError as error:
        raise RuleViolation(
            "objection.exists", _("Your objection is waiting for an answer already.")
        ) from error
    record("selection.objection.raised", actor=actor, subject=objection, decision=True)
    officers = officers_of(notice.round)
    params = {"round": names(notice.round)}
    url = f"{round_url(notice.round)}objections/"
    notify(officers, "selection.objection_raised", params=params, url=url, unit=notice.round.unit)
    open_tasks(
        officers,
        kind=ANSWER_OBJECTION,
        subject=objection,
        unit=notice.round.unit,
        due_at=kept.ends_at,
        params=params,
        url=url,
    )
    return objection


@transaction.atomic
def answer_objection(
    objection: Objection, *, upheld: bool, answer: str, actor: Person
) -> Objection:
    """Uphold or reject with a text. Refuses with ``objection.reason`` and ``objection.stale``."""
    check(actor, "selection.answer_objection", objection)
    answer = require_reason("objection", answer)
    to = ObjectionState.UPHELD if upheld else ObjectionState.REJECTED
    rows = Objection.objects.filter(pk=objection.pk, state=ObjectionState.OPEN)
    if rows.update(state=to, answer=answer, answered_by=actor, answered_at=now()) != 1:
        raise stale("objection")
    objection.refresh_from_db()
    close_tasks(objection, ANSWER_OBJECTION)
    record(
        "selection.objection.answered",
        actor=actor,
        subject=objection,
        before={"state": ObjectionState.OPEN},
        after={"state": to, "answer": answer},
        decision=True,
    )
    notify(
        [objection.raised_by],
        "selection.objection_answered",
        params={"round": names(objection.notice.round), "state": label(to), "answer": answer},
        url=RESULT_URL,
        unit=objection.notice.round.unit,
    )
    return objection


def _move(round_: Round, seen: RoundState, to: RoundState) -> None:
    if Round.objects.filter(pk=round_.pk, state=seen).update(state=to) == 1:
        round_.state = to
        return
    if round_.state != seen:
        raise transition("round", RoundState(round_.state), to)
    raise stale("round")
