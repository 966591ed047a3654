"""Preparing a round, its rules, calendars and students."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Policy
from cotutelle.decisions.services import policy_in_force
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route
from cotutelle.programmes.models import Cohort, Student
from cotutelle.selection.enums import ParticipantState, RoundState, Stage
from cotutelle.selection.models import Participant, Round, RouteCalendar
from cotutelle.selection.policy import POLICY_KIND, RoundRules
from cotutelle.selection.queries.second_stage import may_join, needs_second
from cotutelle.selection.services._common import (
    FIND_URL,
    active_participants,
    lock_round,
    names,
    require_reason,
    rules_of,
    supervisors_of,
    windows_fault,
    with_people,
)
from cotutelle.selection.services.steps import open_answer_tasks, open_list_tasks
from cotutelle.selection.task_kinds import SUBMIT_LIST
from cotutelle.workflow.services import close_tasks

Calendars = Mapping[str, tuple[dt.datetime, dt.datetime]]


@transaction.atomic
def create_round(
    unit: Unit,
    cohort: Cohort,
    rules: RoundRules,
    *,
    name_zh: str,
    name_en: str = "",
    quota_year: int,
    calendars: Calendars,
    answers_close_at: dt.datetime | None,
    actor: Person,
    first_round: Round | None = None,
) -> Round:
    """
    Prepare a round with a policy of its own; ``calendars``: route → (opens at, closes at).

    With ``first_round`` it finds second mentors for those whom that round placed.
    Refuses with ``round.name``, ``round.name_taken``, ``round.rules`` and ``round.windows``.
    """
    check(actor, "selection.manage_round", unit)
    _require_sound(name_zh, rules, calendars, answers_close_at)
    policy = new_policy(unit, rules, name_zh, name_en, actor)
    round_ = Round(
        unit=unit,
        cohort=cohort,
        policy=policy,
        name_zh=name_zh.strip(),
        name_en=name_en.strip(),
        quota_year=quota_year,
        answers_close_at=answers_close_at,
        stage=Stage.SECOND if first_round else Stage.FIRST,
        first_round=first_round,
    )
    _save(round_)
    _set_calendars(round_, calendars)
    record("selection.round.created", actor=actor, subject=round_, after=_values(round_))
    return round_


@transaction.atomic
def edit_round(
    round_: Round,
    rules: RoundRules,
    *,
    name_zh: str,
    name_en: str = "",
    quota_year: int,
    calendars: Calendars,
    answers_close_at: dt.datetime | None,
    actor: Person,
) -> Round:
    """
    Change a round in preparation; another set of rules is a new version of its policy.

    Refuses with ``round.state`` and as `create_round`.
    """
    check(actor, "selection.manage_round", round_)
    lock_round(round_, RoundState.DRAFT)
    _require_sound(name_zh, rules, calendars, answers_close_at)
    before = _values(round_)
    if rules != rules_of(round_):
        round_.policy = new_policy(round_.unit, rules, name_zh, name_en, actor)
    round_.name_zh, round_.name_en = name_zh.strip(), name_en.strip()
    round_.quota_year, round_.answers_close_at = quota_year, answers_close_at
    _save(round_)
    _set_calendars(round_, calendars)
    after = _values(round_)
    record("selection.round.edited", actor=actor, subject=round_, before=before, after=after)
    return round_


@transaction.atomic
def move_deadline(
    round_: Round, route: str | None, closes_at: dt.datetime, *, reason: str, actor: Person
) -> None:
    """
    Move the end of a route's calendar, or (``route`` ``None``) that of the answers.

    Everybody concerned is told. Refuses with ``round.reason``, ``round.state`` and
    ``round.windows``.
    """
    check(actor, "selection.manage_round", round_)
    reason = require_reason("round", reason)
    lock_round(round_, RoundState.RANKING, RoundState.ANSWERING)
    if route is None:
        before, round_.answers_close_at = round_.answers_close_at, closes_at
        round_.save(update_fields=["answers_close_at"])
        people = supervisors_of(with_people(round_.answers.filter(places__gt=0)))
    else:
        calendar = RouteCalendar.objects.select_for_update().get(round=round_, route=route)
        if closes_at <= calendar.opens_at:
            raise windows_fault(_("A calendar ends after it begins."))
        before, calendar.closes_at = calendar.closes_at, closes_at
        calendar.save(update_fields=["closes_at"])
        people = [
            p.student.person for p in active_participants(round_).filter(student__route=route)
        ]
    record(
        "selection.round.deadline_moved",
        actor=actor,
        subject=round_,
        before={"deadline": before, "route": route},
        after={"deadline": closes_at, "route": route, "reason": reason},
        decision=True,
    )
    notify(
        people,
        "selection.deadline_moved",
        params={"round": names(round_), "until": moment(closes_at), "reason": reason},
        url=FIND_URL if route else "/",
        unit=round_.unit,
    )
    if round_.state == RoundState.RANKING and route is not None:
        open_list_tasks(round_)
    elif round_.state == RoundState.ANSWERING and route is None:
        open_answer_tasks(round_)


@transaction.atomic
def add_participants(round_: Round, students: Iterable[Student], *, actor: Person) -> int:
    """
    Let students take part, also late ones while lists are open; return how many are new.

    Passed over: who takes part already, whose admission has ended or is deferred, and who has a
    mentor (in a second stage: who has no first mentor, or a second one). Somebody who had left comes back. Refuses with ``round.state``.
    """
    check(actor, "selection.manage_round", round_)
    lock_round(round_, RoundState.DRAFT, RoundState.RANKING)
    wanted = may_join(round_).filter(pk__in=[s.pk for s in students])
    keys = list(wanted.order_by().values_list("pk", flat=True))
    here = dict(round_.participants.filter(student_id__in=keys).values_list("student_id", "state"))
    back = round_.participants.filter(student_id__in=keys, state=ParticipantState.WITHDRAWN)
    count = back.update(state=ParticipantState.ACTIVE)
    fresh = [Participant(round=round_, student_id=key) for key in keys if key not in here]
    Participant.objects.bulk_create(fresh, batch_size=1_000)
    count += len(fresh)
    if count:
        record(
            "selection.round.participants_added",
            actor=actor,
            subject=round_,
            after={"count": count},
        )
        if round_.state == RoundState.RANKING:
            open_list_tasks(round_)
    return count


def add_cohort(round_: Round, *, actor: Person) -> int:
    """
    Let every student of the round's cohort take part; see `add_participants`.

    In a second stage: every student of the first round who has no second mentor yet.
    """
    first = round_.first_round
    students = needs_second(first) if first else round_.cohort.students.all()
    return add_participants(round_, students, actor=actor)


@transaction.atomic
def withdraw_participant(
    participant: Participant, *, reason: str, actor: Person | None
) -> Participant:
    """
    Take a student out of a round that has no result yet. Refuses with ``participant.reason``,
    ``participant.stale`` and ``round.state``.
    """
    if actor is not None:
        check(actor, "selection.manage_round", participant.round)
    reason = require_reason("participant", reason)
    lock_round(
        participant.round,
        RoundState.DRAFT,
        RoundState.RANKING,
        RoundState.ANSWERING,
        RoundState.CLOSED,
    )
    leave_round(participant, reason=reason, actor=actor)
    return participant


def leave_round(participant: Participant, *, reason: str, actor: Person | None) -> None:
    """Mark the student as gone and close what was owed; the caller has checked the round."""
    rows = Participant.objects.filter(pk=participant.pk, state=ParticipantState.ACTIVE)
    if rows.update(state=ParticipantState.WITHDRAWN) != 1:
        raise RuleViolation("participant.stale", _("This student has left the round already."))
    participant.state = ParticipantState.WITHDRAWN
    close_tasks(participant.round, SUBMIT_LIST, assignee=participant.student.person, cancelled=True)
    record(
        "selection.participant.withdrawn",
        actor=actor,
        subject=participant,
        after={"reason": reason},
    )


def _require_sound(
    name_zh: str,
    rules: RoundRules,
    calendars: Calendars,
    answers_close_at: dt.datetime | None,
) -> None:
    if not name_zh.strip():
        raise RuleViolation("round.name", _("Give the round a name."), field="name_zh")
    if fault := rules.fault():
        raise RuleViolation("round.rules", fault[1], field=fault[0])
    if any(route not in Route.values for route in calendars):
        raise windows_fault(_("Unknown admission route."))
    if any(closes <= opens for opens, closes in calendars.values()):
        raise windows_fault(_("A calendar ends after it begins."))
    if answers_close_at and any(closes > answers_close_at for _o, closes in calendars.values()):
        raise windows_fault(_("Mentors answer after the last list is closed."))


def _set_calendars(round_: Round, calendars: Calendars) -> None:
    round_.calendars.all().delete()
    RouteCalendar.objects.bulk_create(
        RouteCalendar(round=round_, route=route, opens_at=opens_at, closes_at=closes_at)
        for route, (opens_at, closes_at) in calendars.items()
    )


def new_policy(unit: Unit, rules: RoundRules, zh: str, en: str, actor: Person) -> Policy:
    """Keep ``rules`` as the next version of the policy of this name."""
    return policy_in_force(
        POLICY_KIND,
        unit=unit,
        name_zh=zh.strip(),
        name_en=en.strip(),
        parameters=rules.as_parameters(),
        actor=actor,
        is_new=True,
    )


def _save(round_: Round) -> None:
    try:
        with transaction.atomic():
            round_.save()
    except IntegrityError as error:
        raise RuleViolation(
            "round.name_taken", _("This unit has a round of that name."), field="name_zh"
        ) from error


def _values(round_: Round) -> dict[str, Any]:
    return {
        "name_zh": round_.name_zh,
        "name_en": round_.name_en,
        "quota_year": round_.quota_year,
        "answers_close_at": round_.answers_close_at,
        "rules": round_.policy.parameters,
        "windows": {c.route: [c.opens_at, c.closes_at] for c in round_.calendars.order_by("route")},
    }
