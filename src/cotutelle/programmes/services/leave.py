"""Leave: asked, agreed to step by step, withdrawn, returned from (销假)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import end_of_day, now, today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.files.services import store_file
from cotutelle.institutions.queries import deadline, time_zone_of
from cotutelle.ledger.services import record
from cotutelle.mentorship.queries import supervisors_of
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, day
from cotutelle.people.models import Person
from cotutelle.programmes import hooks
from cotutelle.programmes.defaults import RuleData
from cotutelle.programmes.enums import (
    LEAVE_TRANSITIONS,
    EnrolmentState,
    LeaveKind,
    LeaveState,
)
from cotutelle.programmes.models import Enrolment, Leave
from cotutelle.programmes.queries.leave import EVIDENCE, approvals_on, overdue, rule_for
from cotutelle.programmes.services.extensions import recount_extension
from cotutelle.programmes.services.leave_spans import publish_leave, withdraw_leave_span
from cotutelle.programmes.services.leave_steps import (
    ask_step,
    mentor_stood_in_for,
    office_of_ward,
    steps_of,
    withdraw_open_steps,
)
from cotutelle.workflow.enums import ApprovalState
from cotutelle.workflow.models import Approval
from cotutelle.workflow.services import act_for, close_tasks, open_task, open_tasks

REPORT = "programmes.report_return"
CONFIRM = "programmes.confirm_return"
OVERDUE = "programmes.overdue_return"
DECIDED_FOR_MENTOR = "programmes.leave.decided_for_mentor"
# How long after its first day a sick leave may still be asked for.
LATE_DAYS = 7
CONFIRM_DAYS = 3
_REMIND_ON = (1, 3)
_WEEK = 7
_ONE_DAY = dt.timedelta(days=1)


@transaction.atomic
def ask_leave(
    enrolment: Enrolment,
    *,
    kind: LeaveKind,
    starts_on: dt.date,
    ends_on: dt.date,
    reason: str,
    evidence: bytes | None = None,
    evidence_name: str = "",
    actor: Person,
) -> Leave:
    """
    Ask for leave; the first step of the rule for its kind and length is asked at once.

    Refuses with ``leave.enrolment`` (not enrolled), ``leave.days``, ``leave.past``,
    ``leave.reason``, ``leave.too_long`` (no rule covers it), ``leave.evidence``,
    ``leave.overlap`` and ``leave.nobody`` (no office to decide it).
    """
    check(actor, "programmes.ask_leave", enrolment)
    rule = _check_wish(enrolment, kind, starts_on, ends_on, reason)
    if rule.needs_evidence and not evidence:
        raise RuleViolation(
            "leave.evidence",
            _("For this kind and length a paper is needed: attach it."),
            field="evidence",
        )
    stored = None
    if evidence:
        stored = store_file(
            evidence, name=evidence_name, actor=actor, unit=enrolment.owning_unit, purpose=EVIDENCE
        )
    try:
        with transaction.atomic():
            leave = Leave.objects.create(
                enrolment=enrolment, kind=kind, starts_on=starts_on, ends_on=ends_on,
                reason=reason.strip(), evidence=stored, asked_by=actor, asked_at=now(),
                ward=hooks.ward_unit_of(enrolment.student, starts_on),
            )  # fmt: skip
    except IntegrityError as error:
        raise RuleViolation(
            "leave.overlap", _("You have asked for leave on some of these days already.")
        ) from error
    leave.steps = steps_of(leave, rule.steps)
    if not leave.steps:
        raise RuleViolation(
            "leave.nobody", _("Nobody decides leave in your unit. Tell the graduate school.")
        )
    leave.save(update_fields=["steps"])
    record("programmes.leave.asked", actor=actor, subject=leave, after=_facts(leave))
    hooks.leave_changes.tell(leave, None, actor)
    _next_step(leave, actor)
    return leave


def _check_wish(
    enrolment: Enrolment, kind: LeaveKind, starts_on: dt.date, ends_on: dt.date, reason: str
) -> RuleData:
    if enrolment.state != EnrolmentState.ENROLLED:
        raise RuleViolation("leave.enrolment", _("Only enrolled students ask for leave."))
    if ends_on < starts_on:
        raise RuleViolation("leave.days", _("The last day lies before the first."), field="ends_on")
    earliest = _today(enrolment) - (
        LATE_DAYS * _ONE_DAY if kind == LeaveKind.SICK else dt.timedelta()
    )
    if starts_on < earliest:
        raise RuleViolation(
            "leave.past",
            _("The first day has passed. Sick leave may be asked for up to %(n)s days later.")
            % {"n": LATE_DAYS},
            field="starts_on",
        )
    if not reason.strip():
        raise RuleViolation(
            "leave.reason", _("Give a reason; only those who decide read it."), field="reason"
        )
    ward = hooks.ward_unit_of(enrolment.student, starts_on)
    rule = rule_for(enrolment.owning_unit, kind, (ends_on - starts_on).days + 1, ward)
    if rule is None:
        raise RuleViolation(
            "leave.too_long",
            _("No rule on leave covers so many days. Speak with the graduate school."),
            field="ends_on",
        )
    return rule


def _today(enrolment: Enrolment) -> dt.date:
    """Return the present day where the student's unit is, whoever asks from wherever."""
    return today(time_zone_of(enrolment.owning_unit))


def _next_step(leave: Leave, actor: Person) -> None:
    """
    Ask the first step nobody was asked for yet; agree when none is left.

    A step at which there is nobody to ask any more is left out, as when leave is asked for.
    """
    asked = {one.params.get("step") for one in approvals_on(leave)}
    ahead = (one for one in leave.steps if one not in asked)
    if not any(ask_step(leave, step) for step in ahead):
        _agree(leave, actor)


def step_decided(approval: Approval, actor: Person) -> None:
    """
    Go on to the next step, agree, or refuse; called in the transaction of a decision.

    What an agent decides is noted as an act for the mentor, who may object.
    """
    leave = (
        Leave.objects.select_for_update(of=("self",))
        .select_related("enrolment__student__person", "enrolment__student__unit", "ward")
        .get(pk=approval.subject_id)
    )
    close_tasks(approval, "programmes.decide_leave")
    if (mentor := mentor_stood_in_for(actor, approval)) is not None:
        act_for(actor, mentor, action=DECIDED_FOR_MENTOR, subject=approval)
    if approval.state == ApprovalState.REFUSED:
        withdraw_open_steps(leave)
        _move(leave, LeaveState.REFUSED, actor, decided_at=now())
    elif not any(one.state == ApprovalState.PENDING for one in approvals_on(leave)):
        _next_step(leave, actor)


def _agree(leave: Leave, actor: Person) -> None:
    student, unit = leave.enrolment.student, leave.owning_unit
    publish_leave(leave)
    _move(leave, LeaveState.APPROVED, actor, decided_at=now())
    recount_extension(leave.enrolment, leave=leave, actor=actor)
    open_task(
        assignee=student.person,
        kind=REPORT,
        subject=leave,
        unit=unit,
        due_at=end_of_day(leave.ends_on + _ONE_DAY, time_zone_of(unit)),
        params={"day": day(leave.ends_on)},
        url=_url(leave),
    )
    people = [student.person, *supervisors_of(student)]
    notify(people, "programmes.leave_approved", params=_params(leave), url=_url(leave), unit=unit)


@transaction.atomic
def withdraw_leave(leave: Leave, *, actor: Person) -> Leave:
    """
    Take back a leave before it is decided, or before its first day.

    Refuses with ``leave.started``, ``leave.transition`` and ``leave.stale``.
    """
    check(actor, "programmes.ask_leave", leave)
    if leave.state == LeaveState.APPROVED and leave.starts_on <= _today(leave.enrolment):
        raise RuleViolation("leave.started", _("This leave has begun. Report your return instead."))
    was_approved = leave.state == LeaveState.APPROVED
    withdraw_open_steps(leave)
    _move(leave, LeaveState.WITHDRAWN, actor)
    close_tasks(leave, REPORT, cancelled=True)
    if was_approved:
        withdraw_leave_span(leave)
        recount_extension(leave.enrolment, leave=leave, actor=actor)
        notify(
            [*supervisors_of(leave.enrolment.student), *office_of_ward(leave)],
            "programmes.leave_withdrawn", params=_params(leave), url=_url(leave),
            unit=leave.owning_unit,
        )  # fmt: skip
    return leave


@transaction.atomic
def report_return(leave: Leave, *, returned_on: dt.date, actor: Person) -> Leave:
    """
    Report the return (销假): the days really away count from now on.

    ``returned_on`` is the first day back. Refuses with ``leave.return_day``,
    ``leave.transition`` and ``leave.stale``.
    """
    check(actor, "programmes.ask_leave", leave)
    _check_return_day(leave, returned_on)
    _move(leave, LeaveState.RETURNED, actor, returned_on=returned_on, return_reported_at=now())
    _settle_return(leave, actor)
    close_tasks(leave, REPORT)
    close_tasks(leave, OVERDUE)
    open_tasks(
        office_of_ward(leave),
        kind=CONFIRM,
        subject=leave,
        unit=leave.owning_unit,
        due_at=deadline(leave.owning_unit, now(), CONFIRM_DAYS),
        params=_params(leave),
        url=_url(leave),
    )
    return leave


def _check_return_day(leave: Leave, returned_on: dt.date) -> None:
    if not leave.starts_on <= returned_on <= _today(leave.enrolment):
        raise RuleViolation(
            "leave.return_day",
            _("The first day back lies between the first day of leave and today."),
            field="returned_on",
        )


def _settle_return(leave: Leave, actor: Person) -> None:
    if leave.days:
        publish_leave(leave)
    else:
        withdraw_leave_span(leave)
    recount_extension(leave.enrolment, leave=leave, actor=actor)


@transaction.atomic
def confirm_return(leave: Leave, *, returned_on: dt.date | None = None, actor: Person) -> Leave:
    """
    Confirm a reported return, with another first day back where the reported one is wrong.

    Refuses with ``leave.own`` (nobody confirms their own), ``leave.return_day``,
    ``leave.not_returned`` and ``leave.confirmed``.
    """
    check(actor, "programmes.confirm_return", leave)
    if leave.enrolment.student.person_id == actor.pk:
        raise Refused(_("Nobody confirms their own return."), code="leave.own")
    if leave.state != LeaveState.RETURNED:
        raise RuleViolation("leave.not_returned", _("No return was reported yet."))
    before = leave.returned_on
    after = returned_on or before
    if after is not None:
        _check_return_day(leave, after)
    rows = Leave.objects.filter(pk=leave.pk, return_confirmed_by__isnull=True)
    if rows.update(return_confirmed_by=actor, returned_on=after) != 1:
        raise RuleViolation("leave.confirmed", _("The return was confirmed before."))
    leave.return_confirmed_by, leave.returned_on = actor, after
    close_tasks(leave, CONFIRM)
    record(
        "programmes.leave.return_confirmed",
        actor=actor,
        subject=leave,
        before={"returned_on": before},
        after={"returned_on": after},
    )
    if after != before:
        _settle_return(leave, actor)
        hooks.leave_changes.tell(leave, LeaveState.RETURNED, actor)
    notify(
        [leave.enrolment.student.person], "programmes.return_confirmed",
        params=_params(leave), url=_url(leave), unit=leave.owning_unit,
    )  # fmt: skip
    return leave


def remind_overdue() -> int:
    """
    Remind whoever has not reported a return, and give the ward's office a task.

    Returns how many leaves are overdue. Runs every morning; students are reminded on the first
    and third day and then weekly.
    """
    found = list(overdue())
    for leave in found:
        late = (today() - leave.ends_on).days - 1
        params, unit, url = _params(leave), leave.owning_unit, _url(leave)
        with transaction.atomic():
            open_tasks(
                office_of_ward(leave), kind=OVERDUE, subject=leave, unit=unit,
                due_at=deadline(unit, leave.ends_on, CONFIRM_DAYS), params=params, url=url,
            )  # fmt: skip
            if late in _REMIND_ON or late % _WEEK == 0:
                notify(
                    [leave.enrolment.student.person], "programmes.return_overdue",
                    params=params, url=url, unit=unit,
                )  # fmt: skip
    return len(found)


_SAID = {
    LeaveState.APPROVED: "programmes.leave.approved",
    LeaveState.REFUSED: "programmes.leave.refused",
    LeaveState.WITHDRAWN: "programmes.leave.withdrawn",
    LeaveState.RETURNED: "programmes.leave.returned",
}


def _move(leave: Leave, to: LeaveState, actor: Person, **values: Any) -> None:
    """Move by compare-and-set, write it down, tell other rooms."""
    seen = LeaveState(leave.state)
    if to not in LEAVE_TRANSITIONS[seen]:
        raise RuleViolation(
            "leave.transition",
            _("This leave is “%(state)s”: this step is not possible now.") % {"state": seen.label},
        )
    if Leave.objects.filter(pk=leave.pk, state=seen).update(state=to, **values) != 1:
        raise RuleViolation("leave.stale", _("Somebody has just changed this leave. Look again."))
    leave.state = to
    for name, value in values.items():
        setattr(leave, name, value)
    record(
        _SAID[to], actor=actor, subject=leave, before={"state": seen}, after=_facts(leave),
        decision=to in {LeaveState.APPROVED, LeaveState.REFUSED},
    )  # fmt: skip
    hooks.leave_changes.tell(leave, seen, actor)


def _facts(leave: Leave) -> dict[str, Any]:
    """What the history keeps: never the reason."""
    facts = {"state": leave.state, "starts_on": leave.starts_on, "ends_on": leave.ends_on}
    return facts | ({"returned_on": leave.returned_on} if leave.returned_on else {})


def _params(leave: Leave) -> dict[str, Any]:
    return {
        "student": bilingual(leave.enrolment.student.person),
        "from": day(leave.starts_on),
        "until": day(leave.last_day),
    }


def _url(leave: Leave) -> str:
    return reverse("programmes:leave", args=[leave.public_id])
