"""The yearly review (招生资格年审), caps by title, and days for changes of mentor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.mentorship import hooks
from cotutelle.mentorship.enums import EligibilityState
from cotutelle.mentorship.models import ChangeWindow, Eligibility, Mentor, QuotaCap
from cotutelle.mentorship.services import quota
from cotutelle.notices.services import notify
from cotutelle.people.models import Person


@transaction.atomic
def review_mentors(
    mentors: Sequence[Mentor], *, year: int, state: EligibilityState, reason: str, actor: Person
) -> int:
    """
    Decide the review of ``mentors``; return for how many it changed. All or none.

    A suspended mentor (停招) opens no offer in the year. Refuses with ``eligibility.reason``
    (a suspension needs one).
    """
    if state == EligibilityState.SUSPENDED and not reason.strip():
        raise RuleViolation(
            "eligibility.reason", _("Say why the mentor is suspended."), field="reason"
        )
    done = 0
    for mentor in mentors:
        check(actor, "mentorship.review_eligibility", mentor)
        row, _made = Eligibility.objects.select_for_update().get_or_create(mentor=mentor, year=year)
        if (row.state, row.reason) == (state, reason.strip()):
            continue
        before = {"year": year, "state": row.state, "reason": row.reason}
        row.state, row.reason = state, reason.strip()
        row.decided_by, row.decided_at = actor, now()
        row.save()
        done += 1
        record(
            "mentorship.eligibility.decided", actor=actor, subject=mentor, before=before,
            after={"year": year, "state": state, "reason": reason.strip()}, decision=True,
        )  # fmt: skip
        if state == EligibilityState.SUSPENDED:
            quota.release_holds(mentor, year, reason=reason.strip(), actor=actor)
            hooks.tell_suspended(mentor, year, reason.strip(), actor)
            notify(
                [mentor.person], "mentorship.suspended",
                params={"year": year, "reason": reason.strip()}, url="/mentors/me/", unit=mentor.unit,
            )  # fmt: skip
    return done


@transaction.atomic
def set_cap(
    unit: Unit, *, year: int, title: str, category: str, places: int, actor: Person
) -> QuotaCap:
    """Set the most students a mentor of this title and category may take, under ``unit``."""
    check(actor, "mentorship.manage_caps", unit)
    cap, _made = QuotaCap.objects.update_or_create(
        unit=unit, year=year, title=title, category=category, defaults={"places": places}
    )
    record(
        "mentorship.cap.set", actor=actor, subject=unit,
        after={"year": year, "title": title, "category": category, "places": places},
    )  # fmt: skip
    return cap


@transaction.atomic
def remove_cap(cap: QuotaCap, *, actor: Person) -> None:
    """Remove a cap: the one of the unit above counts again."""
    check(actor, "mentorship.manage_caps", cap.unit)
    record(
        "mentorship.cap.removed", actor=actor, subject=cap.unit,
        before={"year": cap.year, "title": cap.title, "category": cap.category, "places": cap.places},
    )  # fmt: skip
    cap.delete()


@transaction.atomic
def open_window(
    unit: Unit, *, opens_on: dt.date, closes_on: dt.date, actor: Person
) -> ChangeWindow:
    """Open days on which students below ``unit`` may ask for another mentor. Refuses ``window.period``."""
    check(actor, "mentorship.manage_windows", unit)
    if closes_on < opens_on:
        raise RuleViolation(
            "window.period", _("The last day is before the first."), field="closes_on"
        )
    window = ChangeWindow.objects.create(unit=unit, opens_on=opens_on, closes_on=closes_on)
    record(
        "mentorship.window.opened", actor=actor, subject=window,
        after={"opens_on": opens_on, "closes_on": closes_on},
    )  # fmt: skip
    return window


@transaction.atomic
def close_window(window: ChangeWindow, *, actor: Person) -> None:
    """Remove days for changes; requests made in them go on."""
    check(actor, "mentorship.manage_windows", window)
    record(
        "mentorship.window.closed", actor=actor, subject=window,
        before={"opens_on": window.opens_on, "closes_on": window.closes_on},
    )  # fmt: skip
    window.delete()
