"""
A change of mentor, from the student's wish to the college's decision.

A confidential request goes round the present mentor: they are not asked, not told and see
nothing until it is approved.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.files.services import store_file
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.mentorship import hooks, queries
from cotutelle.mentorship.enums import CHANGE_TRANSITIONS, ChangeState, PairRole, PairState
from cotutelle.mentorship.models import Mentor, MentorChange, Mentorship, QuotaAccount
from cotutelle.mentorship.rules import COLLEGE
from cotutelle.mentorship.services import quota
from cotutelle.mentorship.services.first_mentors import require_first_mentors
from cotutelle.mentorship.services.pairs import renew_pair
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.workflow.services import close_tasks, open_tasks

ANSWER_DAYS = 5
EVIDENCE = "mentorship.change_evidence"
ANSWER_NEW = "mentorship.answer_as_receiving"
ANSWER_OLD = "mentorship.answer_as_present"
DECIDE = "mentorship.decide_change"


@transaction.atomic
def ask_change(
    pair: Mentorship,
    to_mentor: Mentor,
    *,
    reason: str,
    is_confidential: bool,
    actor: Person,
    evidence: bytes | None = None,
    evidence_name: str = "",
) -> MentorChange:
    """
    Ask for another mentor; the receiving mentor is asked first.

    Refuses with ``change.window`` (not these days), ``change.ended``, ``change.reason``,
    ``change.mentor`` (no free place, suspended, or a conflict of interest) and ``change.open``.
    """
    check(actor, "mentorship.ask_change", pair)
    _check_wish(pair, to_mentor, reason)
    stored = None
    if evidence:
        stored = store_file(
            evidence, name=evidence_name, actor=actor, unit=pair.owning_unit, purpose=EVIDENCE
        )
    try:
        with transaction.atomic():
            change = MentorChange.objects.create(
                mentorship=pair, to_mentor=to_mentor, reason=reason.strip(),
                is_confidential=is_confidential, evidence=stored, requested_at=now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise RuleViolation("change.open", _("You have a request under way already.")) from error
    _move(change, ChangeState.ASKED_NEW)
    record("mentorship.change.asked", actor=actor, subject=change, after=_facts(change))
    _ask(change, [to_mentor.person], ANSWER_NEW)
    return change


def _check_wish(pair: Mentorship, to_mentor: Mentor, reason: str) -> None:
    if queries.open_window_for(pair.owning_unit) is None:
        raise RuleViolation(
            "change.window", _("Requests are taken only on the days announced for them.")
        )
    if pair.state != PairState.ACTIVE:
        raise RuleViolation("change.ended", _("This pair has ended."))
    if not reason.strip():
        raise RuleViolation("change.reason", _("Give your reason."), field="reason")
    if not queries.receiving_mentors(pair).filter(pk=to_mentor.pk).exists():
        raise RuleViolation(
            "change.mentor",
            _("This mentor cannot take you now. Choose another one."),
            field="to_mentor",
        )


@transaction.atomic
def answer_as_receiving(
    change: MentorChange, *, accepts: bool, note: str, actor: Person
) -> MentorChange:
    """Accept or decline the student. Refuses with ``change.transition`` and ``change.stale``."""
    check(actor, ANSWER_NEW, change)
    if not accepts:
        after = ChangeState.REFUSED
    elif change.is_confidential:
        after = ChangeState.ASKED_COLLEGE
    else:
        after = ChangeState.ASKED_OLD
    _require(change, ChangeState.ASKED_NEW)
    _move(change, after, new_mentor_note=note.strip())
    close_tasks(change, ANSWER_NEW)
    action = "accepted" if accepts else "declined"
    record(f"mentorship.change.{action}", actor=actor, subject=change, after={"state": after})
    if after == ChangeState.ASKED_OLD:
        _ask(change, [change.mentorship.mentor.person], ANSWER_OLD)
    elif after == ChangeState.ASKED_COLLEGE:
        _ask(change, _college(change), DECIDE)
    _tell_student(change)
    return change


@transaction.atomic
def answer_as_present(
    change: MentorChange, *, agrees: bool, note: str, actor: Person
) -> MentorChange:
    """
    Agree or refuse as the present mentor; the college decides either way.

    Refuses with ``change.note`` (a refusal needs one), ``change.transition``, ``change.stale``.
    """
    check(actor, ANSWER_OLD, change)
    if not agrees and not note.strip():
        raise RuleViolation(
            "change.note", _("Say why you do not agree: the college reads it."), field="note"
        )
    _require(change, ChangeState.ASKED_OLD)
    _move(change, ChangeState.ASKED_COLLEGE, old_mentor_agrees=agrees, old_mentor_note=note.strip())
    close_tasks(change, ANSWER_OLD)
    action = "agreed" if agrees else "disagreed"
    record(
        f"mentorship.change.{action}", actor=actor, subject=change, after={"state": change.state}
    )
    _ask(change, _college(change), DECIDE)
    _tell_student(change)
    return change


@transaction.atomic
def decide_change(change: MentorChange, *, approve: bool, note: str, actor: Person) -> MentorChange:
    """
    Approve or refuse as the college; an approval moves the place and the pair at once.

    Refuses with ``change.note``, ``change.party`` (nobody decides their own case),
    ``change.transition``, ``change.stale``, ``change.ended``, ``change.conflict``,
    ``change.mentor`` (supervises the student already), ``agreement.first_mentors`` and what the
    quota refuses. A pair with a second mentor is renewed.
    """
    check(actor, DECIDE, change)
    pair = change.mentorship
    if actor.pk in {pair.mentor.person_id, change.to_mentor.person_id, pair.student.person_id}:
        raise Refused(_("Nobody decides a request in which they take part."), code="change.party")
    if not approve and not note.strip():
        raise RuleViolation(
            "change.note", _("Say why you refuse: the student reads it."), field="note"
        )
    after = ChangeState.APPROVED if approve else ChangeState.REFUSED
    _require(change, ChangeState.ASKED_COLLEGE)
    if approve:
        _require_no_conflict(change)
    _move(change, after, college_note=note.strip(), decided_by=actor, decided_at=now())
    if approve:
        _swap(change, actor)
    close_tasks(change, DECIDE)
    record(
        f"mentorship.change.{'approved' if approve else 'refused'}",
        actor=actor, subject=change, after=_facts(change), decision=True,
    )  # fmt: skip
    _tell_student(change)
    told = [change.to_mentor.person]
    if approve or not change.is_confidential:
        told.append(pair.mentor.person)
    notify(
        told,
        "mentorship.change_decided",
        params=_params(change),
        url=_url(change),
        unit=change.owning_unit,
    )
    return change


@transaction.atomic
def withdraw_change(change: MentorChange, *, actor: Person) -> MentorChange:
    """Take the request back before it is decided. Refuses with ``change.transition``, ``change.stale``."""
    check(actor, "mentorship.ask_change", change)
    _move(change, ChangeState.WITHDRAWN)
    for kind in (ANSWER_NEW, ANSWER_OLD, DECIDE):
        close_tasks(change, kind, cancelled=True)
    record(
        "mentorship.change.withdrawn", actor=actor, subject=change, after={"state": change.state}
    )
    return change


def _require_no_conflict(change: MentorChange) -> None:
    """A conflict of interest may have been declared since the student asked."""
    if change.to_mentor.conflicts.filter(student=change.mentorship.student_id).exists():
        raise RuleViolation(
            "change.conflict", _("A conflict of interest is declared between the two.")
        )
    others = Mentorship.objects.filter(
        student=change.mentorship.student_id, state=PairState.ACTIVE, mentor=change.to_mentor
    )
    if others.exists():
        raise RuleViolation("change.mentor", _("This mentor supervises the student already."))


def _swap(change: MentorChange, actor: Person) -> None:
    """End the old pair, start the new one, and move the place between the accounts."""
    old, reference, year = (
        change.mentorship,
        f"change:{change.public_id}",
        change.mentorship.student.cohort.year,
    )
    ended = Mentorship.objects.filter(pk=old.pk, state=PairState.ACTIVE)
    if ended.update(state=PairState.ENDED, ends_on=today()) != 1:
        raise RuleViolation("change.ended", _("This pair has ended."))
    if old.role == PairRole.FIRST:
        require_first_mentors([(change.to_mentor, old.student)])
    unit = change.owning_unit
    places = old.places
    if places:
        quota.seat(
            change.to_mentor, year, reference=reference, actor=actor, places=places,
            from_hold=False, unit=unit,
        )  # fmt: skip
        if QuotaAccount.objects.filter(mentor=old.mentor, year=year, seated__gte=places).exists():
            quota.unseat(
                old.mentor, year, reference=reference, actor=actor, places=places, unit=unit
            )
    else:
        quota.require_eligible(change.to_mentor, year)
    new = Mentorship.objects.create(
        student=old.student, mentor=change.to_mentor, role=old.role,
        is_first_responsible=old.is_first_responsible, starts_on=today(), places=places,
        reference=reference,
    )  # fmt: skip
    for action, pair in (("ended", old), ("started", new)):
        record(
            f"mentorship.pair.{action}", actor=actor, subject=pair,
            after={"mentor": str(pair.mentor.public_id)}, decision=True,
        )  # fmt: skip
    renew_pair(old, new, actor=actor)
    hooks.tell_supervision([old, new])


def _require(change: MentorChange, state: ChangeState) -> None:
    if change.state != state:
        raise RuleViolation(
            "change.transition",
            _("This request is “%(state)s”: this step is not possible now.")
            % {"state": ChangeState(change.state).label},
        )


def _move(change: MentorChange, to: ChangeState, **values: Any) -> None:
    """Move the request by compare-and-set."""
    seen = ChangeState(change.state)
    if to not in CHANGE_TRANSITIONS[seen]:
        raise RuleViolation(
            "change.transition",
            _("This request is “%(state)s”: this step is not possible now.")
            % {"state": seen.label},
        )
    if MentorChange.objects.filter(pk=change.pk, state=seen).update(state=to, **values) != 1:
        raise RuleViolation(
            "change.stale", _("Somebody has just changed this request. Look again.")
        )
    change.state = to
    for name, value in values.items():
        setattr(change, name, value)


def _college(change: MentorChange) -> list[Person]:
    """Return who decides: the college of the student, without anybody who takes part."""
    pair = change.mentorship
    parties = {pair.mentor.person_id, change.to_mentor.person_id}
    return list(holders(change.owning_unit, *sorted(COLLEGE)).exclude(pk__in=parties))


def _ask(change: MentorChange, people: list[Person], kind: str) -> None:
    unit = change.owning_unit
    open_tasks(
        people, kind=kind, subject=change, unit=unit, due_at=deadline(unit, now(), ANSWER_DAYS),
        params=_params(change), url=_url(change),
    )  # fmt: skip
    notify(people, "mentorship.change_asked", params=_params(change), url=_url(change), unit=unit)


def _tell_student(change: MentorChange) -> None:
    notify(
        [change.mentorship.student.person], "mentorship.change_moved",
        params=_params(change), url=_url(change), unit=change.owning_unit,
    )  # fmt: skip


def _params(change: MentorChange) -> dict[str, Any]:
    return {
        "student": bilingual(change.mentorship.student.person),
        "mentor": bilingual(change.to_mentor.person),
        "state": str(change.state),
    }


def _facts(change: MentorChange) -> dict[str, Any]:
    """What the history keeps: never the reason."""
    return {
        "state": change.state,
        "to_mentor": str(change.to_mentor.public_id),
        "is_confidential": change.is_confidential,
    }


def _url(change: MentorChange) -> str:
    return reverse("mentorship:change", args=[change.public_id])
