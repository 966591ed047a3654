"""What a mentor or team answers: verdicts, ties, conflicts, interviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import ConflictOfInterest, Mentor
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import (
    AnswerState,
    InterviewState,
    MentorAnswer,
    Regime,
    RoundState,
    Verdict,
)
from cotutelle.selection.models import Answer, AnswerLine, Interview, Participant
from cotutelle.selection.queries.answers import applicant_ids
from cotutelle.selection.queries.market import conflicted_students
from cotutelle.selection.services._common import (
    FIND_URL,
    answer_url,
    names,
    require_authority,
    require_reason,
    require_state,
    rules_of,
    stale,
    supervisors_of,
)
from cotutelle.selection.task_kinds import ANSWER_APPLICANTS
from cotutelle.workflow.services import close_tasks, open_tasks


@dataclass(frozen=True, slots=True)
class Word:
    """A mentor's word on one applicant; equal tiers are a tie, 1 is best."""

    participant_id: UUID
    verdict: str = Verdict.UNDECIDED
    tier: int | None = None
    note: str = ""


@transaction.atomic
def save_answer(
    answer: Answer,
    words: Sequence[Word],
    *,
    expected_version: int | None,
    actor: Person,
    on_behalf_of: Person | None = None,
) -> Answer:
    """
    Keep verdicts and ranks as a draft; applicants not named keep what was said of them.

    Refuses with ``answer.closed``, ``answer.submitted``, ``answer.stale``,
    ``answer.not_applicant``, ``answer.verdict``, ``answer.tier`` and ``answer.conflict``.
    """
    check(on_behalf_of or actor, "selection.write_answer", answer)
    require_authority(actor, on_behalf_of, action="selection.answer.saved", subject=answer)
    _require_open(answer)
    if answer.state == AnswerState.SUBMITTED:
        raise RuleViolation(
            "answer.submitted", _("The answer is submitted. Take it back before you change it.")
        )
    lines = _lines(answer, words)
    _advance(answer, expected_version, state=AnswerState.OPEN)
    AnswerLine.objects.bulk_create(
        lines,
        update_conflicts=True,
        unique_fields=["answer", "participant"],
        update_fields=["verdict", "tier", "note"],
    )
    record(
        "selection.answer.saved",
        actor=actor,
        subject=answer,
        after={"count": len(lines), "version": answer.version},
        on_behalf_of=on_behalf_of,
    )
    return answer


def _lines(answer: Answer, words: Sequence[Word]) -> list[AnswerLine]:
    known = {public_id: key for key, public_id in applicant_ids(answer).items()}
    conflicted = conflicted_students(answer.supervisors)
    students = dict(
        Participant.objects.filter(pk__in=known.values()).values_list("pk", "student_id")
    )
    lines = []
    for word in words:
        key = known.get(word.participant_id)
        if key is None:
            raise RuleViolation("answer.not_applicant", _("This student did not choose you."))
        if word.verdict not in Verdict.values:
            raise RuleViolation("answer.verdict", _("Unknown answer."), field="verdict")
        if word.tier is not None and word.tier < 1:
            raise RuleViolation("answer.tier", _("Places count from 1."), field="tier")
        chosen = word.verdict in {Verdict.ACCEPT, Verdict.RESERVE}
        if chosen and students[key] in conflicted:
            raise RuleViolation(
                "answer.conflict", _("A conflict of interest is declared with this student.")
            )
        lines.append(
            AnswerLine(
                answer=answer,
                participant_id=key,
                verdict=word.verdict,
                tier=word.tier if chosen else None,
                note=word.note.strip()[:300],
            )
        )
    return lines


@transaction.atomic
def submit_answer(
    answer: Answer,
    *,
    expected_version: int | None,
    actor: Person,
    on_behalf_of: Person | None = None,
) -> Answer:
    """
    Let the answer count: who is undecided or not ranked is not accepted.

    Refuses with ``answer.closed``, ``answer.submitted`` and ``answer.stale``.
    """
    check(on_behalf_of or actor, "selection.write_answer", answer)
    require_authority(actor, on_behalf_of, action="selection.answer.submitted", subject=answer)
    _require_open(answer)
    if answer.state == AnswerState.SUBMITTED:
        raise RuleViolation("answer.submitted", _("The answer is submitted already."))
    by_proxy = on_behalf_of is not None and on_behalf_of != actor
    _advance(
        answer,
        expected_version,
        state=AnswerState.SUBMITTED,
        submitted_at=now(),
        submitted_by=actor,
        by_proxy=by_proxy,
    )
    close_tasks(answer, ANSWER_APPLICANTS)
    accepted = answer.lines.filter(verdict__in=[Verdict.ACCEPT, Verdict.RESERVE]).count()
    record(
        "selection.answer.submitted",
        actor=actor,
        subject=answer,
        after={"count": accepted, "version": answer.version},
        on_behalf_of=on_behalf_of,
    )
    return answer


@transaction.atomic
def reopen_answer(
    answer: Answer,
    *,
    expected_version: int | None,
    actor: Person,
    on_behalf_of: Person | None = None,
) -> Answer:
    """Take a submitted answer back to change it. Refuses with ``answer.closed``, ``answer.stale``."""
    check(on_behalf_of or actor, "selection.write_answer", answer)
    require_authority(actor, on_behalf_of, action="selection.answer.reopened", subject=answer)
    _require_open(answer)
    _advance(answer, expected_version, state=AnswerState.OPEN)
    record("selection.answer.reopened", actor=actor, subject=answer, on_behalf_of=on_behalf_of)
    open_tasks(
        supervisors_of([answer]),
        kind=ANSWER_APPLICANTS,
        subject=answer,
        unit=answer.owning_unit,
        due_at=answer.round.answers_close_at,
        params={"round": names(answer.round)},
        url=answer_url(answer),
    )
    return answer


def _require_open(answer: Answer) -> None:
    """Keep the deadline by the clock, whatever state the round was left in."""
    round_ = answer.round
    round_.refresh_from_db(fields=["state", "answers_close_at"])
    answer.refresh_from_db(fields=["state", "version"])
    over = round_.answers_close_at is not None and now() >= round_.answers_close_at
    sequential = rules_of(round_).regime == Regime.SEQUENTIAL
    if round_.state != RoundState.ANSWERING or over or sequential:
        raise RuleViolation(
            "answer.closed", _("Answers can be written only while they are asked for.")
        )


def _advance(answer: Answer, expected_version: int | None, **values: object) -> None:
    version = answer.version if expected_version is None else expected_version
    rows = Answer.objects.filter(pk=answer.pk, version=version, state=answer.state)
    if rows.update(version=F("version") + 1, **values) != 1:
        raise stale("answer")
    answer.version = version + 1
    for name, value in values.items():
        setattr(answer, name, value)


def ranks(answer: Answer) -> bool:
    """Tell whether mentors rank in this round (they screen otherwise)."""
    return rules_of(answer.round).mentor_answer == MentorAnswer.RANK


@transaction.atomic
def declare_conflict(
    mentor: Mentor,
    student: Student,
    *,
    ground: str,
    actor: Person,
    on_behalf_of: Person | None = None,
) -> ConflictOfInterest:
    """
    Declare that the two must not be matched (回避); it counts for every list and run to come.

    It hangs on the two persons and not on addresses, sign-in or scores. Declaring it again
    changes nothing. Refuses with ``conflict.reason``.
    """
    check(on_behalf_of or actor, "mentorship.declare_conflict", mentor)
    require_authority(actor, on_behalf_of, action="selection.conflict.declared", subject=mentor)
    ground = require_reason("conflict", ground)
    ConflictOfInterest.objects.bulk_create(
        [
            ConflictOfInterest(
                mentor=mentor,
                student=student,
                ground=ground[:300],
                declared_by=actor,
                declared_at=now(),
            )
        ],
        ignore_conflicts=True,
    )
    AnswerLine.objects.filter(
        answer__in=Answer.objects.filter(mentor=mentor)
        | Answer.objects.filter(team__first=mentor)
        | Answer.objects.filter(team__second=mentor),
        answer__state=AnswerState.OPEN,
        participant__student=student,
    ).update(verdict=Verdict.DECLINE, tier=None)
    record(
        "selection.conflict.declared",
        actor=actor,
        subject=mentor,
        after={"student": str(student.public_id)},
        on_behalf_of=on_behalf_of,
    )
    return ConflictOfInterest.objects.get(mentor=mentor, student=student)


@transaction.atomic
def invite(
    answer: Answer,
    participant: Participant,
    *,
    starts_at: dt.datetime,
    place: str,
    actor: Person,
    on_behalf_of: Person | None = None,
) -> Interview:
    """
    Invite an applicant to an interview, or change the invitation.

    Refuses with ``interview.none`` (the round has none) and ``answer.not_applicant``.
    """
    check(on_behalf_of or actor, "selection.write_answer", answer)
    require_authority(actor, on_behalf_of, action="selection.interview.invited", subject=answer)
    require_state(answer.round, RoundState.ANSWERING)
    if not rules_of(answer.round).interviews:
        raise RuleViolation("interview.none", _("This round has no interviews."))
    if participant.pk not in applicant_ids(answer):
        raise RuleViolation("answer.not_applicant", _("This student did not choose you."))
    interview, _made = Interview.objects.update_or_create(
        answer=answer,
        participant=participant,
        defaults={
            "starts_at": starts_at,
            "place": place.strip(),
            "state": InterviewState.INVITED,
        },
    )
    record(
        "selection.interview.invited",
        actor=actor,
        subject=answer,
        after={"student": str(participant.public_id), "starts_at": starts_at},
        on_behalf_of=on_behalf_of,
    )
    _tell_interview(interview)
    return interview


def _tell_interview(interview: Interview) -> None:
    notify(
        [interview.participant.student.person],
        "selection.interview",
        params={
            "round": names(interview.answer.round),
            "at": moment(interview.starts_at),
            "place": interview.place or "–",
        },
        url=FIND_URL,
        unit=interview.answer.round.unit,
    )


@transaction.atomic
def close_interview(
    interview: Interview,
    *,
    held: bool,
    note: str = "",
    actor: Person,
    on_behalf_of: Person | None = None,
) -> Interview:
    """Record that an interview was held, with a note, or that it was cancelled. Refuses ``interview.stale``."""
    check(on_behalf_of or actor, "selection.write_answer", interview.answer)
    to = InterviewState.DONE if held else InterviewState.CANCELLED
    action = "selection.interview.held" if held else "selection.interview.cancelled"
    require_authority(actor, on_behalf_of, action=action, subject=interview.answer)
    rows = Interview.objects.filter(pk=interview.pk, state=InterviewState.INVITED)
    if rows.update(state=to, note=note.strip()) != 1:
        raise stale("interview")
    interview.state, interview.note = to, note.strip()
    record(action, actor=actor, subject=interview.answer, on_behalf_of=on_behalf_of)
    return interview
