"""The four certificates: results entered, awaited, and asked for again when they are late."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import deadline, time_zone_of
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.programmes import hooks
from cotutelle.programmes.enums import ATTAINMENT_TRANSITIONS, AttainmentKind, AttainmentState
from cotutelle.programmes.models import Attainment, Student
from cotutelle.programmes.queries.enrolments import expired_results
from cotutelle.workflow.services import close_tasks, open_tasks

CHECK = "programmes.check_result"
CHECK_DAYS = 5
_RESIDENCY = frozenset({AttainmentKind.LICENCE, AttainmentKind.RESIDENCY})


@transaction.atomic
def set_attainment(
    attainment: Attainment,
    state: AttainmentState,
    *,
    held_on: dt.date | None = None,
    awaited_until: dt.date | None = None,
    number: str = "",
    note: str = "",
    actor: Person,
) -> Attainment:
    """
    Enter how one of the four certificates stands; the student is told.

    ``awaited_until`` is the day after which a result that is still awaited (待公布) is asked for
    again. Refuses with ``attainment.transition``, ``attainment.until`` (an awaited result needs
    a day that lies ahead), ``attainment.day`` (held from a day to come), ``attainment.note``
    (taking back what was held needs a reason) and ``attainment.stale``.
    """
    check(actor, "programmes.change_attainment", attainment)
    seen = AttainmentState(attainment.state)
    day = today(time_zone_of(attainment.owning_unit))
    _check(seen, state, held_on, awaited_until, note=note, day=day)
    values: dict[str, Any] = {
        "held_on": (held_on or day) if state == AttainmentState.HELD else None,
        "awaited_until": awaited_until if state == AttainmentState.AWAITED else None,
        "number": number.strip() if state == AttainmentState.HELD else "",
        "note": note.strip(),
        "changed_at": now(),
    }
    rows = Attainment.objects.filter(pk=attainment.pk, state=seen)
    if rows.update(state=state, **values) != 1:
        raise RuleViolation("attainment.stale", _("Somebody has just changed this. Look again."))
    attainment.state = state
    for name, value in values.items():
        setattr(attainment, name, value)
    close_tasks(attainment, CHECK)
    record(
        "programmes.enrolment.certificate",
        actor=actor,
        subject=attainment.enrolment,
        before={"certificate": attainment.kind, "attainment": seen},
        after={
            "certificate": attainment.kind,
            "attainment": state,
            "held_on": values["held_on"],
            "awaited_until": values["awaited_until"],
        },
        decision=True,
    )
    notify(
        [attainment.enrolment.student.person],
        "programmes.certificate",
        params={"kind": attainment.kind, "state": str(state)},
        url=reverse("programmes:my-programme"),
        unit=attainment.owning_unit,
    )
    return attainment


def _check(
    seen: AttainmentState,
    state: AttainmentState,
    held_on: dt.date | None,
    awaited_until: dt.date | None,
    *,
    note: str,
    day: dt.date,
) -> None:
    if state not in ATTAINMENT_TRANSITIONS[seen]:
        raise RuleViolation(
            "attainment.transition",
            _("A certificate that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": state.label},
            field="state",
        )
    if state == AttainmentState.AWAITED and (awaited_until is None or awaited_until < day):
        raise RuleViolation(
            "attainment.until",
            _("Say until when the result is awaited: a day that lies ahead."),
            field="awaited_until",
        )
    if state == AttainmentState.HELD and held_on is not None and held_on > day:
        raise RuleViolation("attainment.day", _("This day has not come yet."), field="held_on")
    if seen == AttainmentState.HELD and not note.strip():
        raise RuleViolation(
            "attainment.note", _("Say why what was held is taken back."), field="note"
        )


def keepers_of(attainment: Attainment) -> list[Person]:
    """Return who receives the result: the residency office, or the graduate school."""
    student = attainment.enrolment.student
    if attainment.kind in _RESIDENCY and (office := residency_offices(student)):
        return office
    return list(holders(student.unit, Role.GRADUATE_OFFICER))


def residency_offices(student: Student) -> list[Person]:
    """Return the residency office of the hospital where ``student`` is, or of their own unit."""
    for unit in (hooks.ward_unit_of(student, today()), student.unit):
        if office := list(holders(unit, Role.RESIDENCY_OFFICE)):
            return office
    return []


@transaction.atomic
def ask_for_expired_results() -> int:
    """
    Open a task for each result that was awaited until a day that has passed.

    Returns how many results are asked for. Runs every night; asking again changes nothing.
    """
    found = list(expired_results(today()))
    for attainment in found:
        unit = attainment.owning_unit
        awaited = attainment.awaited_until or today()
        open_tasks(
            keepers_of(attainment),
            kind=CHECK,
            subject=attainment,
            unit=unit,
            due_at=deadline(unit, awaited, CHECK_DAYS),
            params={
                "student": bilingual(attainment.enrolment.student.person),
                "kind": attainment.kind,
            },
            url=reverse(
                "programmes:attainment", args=[attainment.enrolment.public_id, attainment.kind]
            ),
        )
    return len(found)
