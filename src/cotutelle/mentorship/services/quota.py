"""
The quota account: every place a mentor has in a year, and where it went.

Amounts move by one conditional UPDATE, so that no race and no hand overspends; every movement
leaves a line. Callers are services of other rooms and pages of this one: they have checked who
may. ``reference`` names what a place is for (``answer:<uuid>``); seating from a hold writes a
release and a seat, so that the lines of a reference always add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Case, F, IntegerField, Sum, When
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import ancestors
from cotutelle.ledger.services import record
from cotutelle.mentorship.enums import EligibilityState, QuotaLineKind
from cotutelle.mentorship.models import Eligibility, Mentor, QuotaAccount, QuotaCap, QuotaLine
from cotutelle.people.models import Person


def account_of(mentor: Mentor, year: int) -> QuotaAccount:
    """Return the account of a mentor person in ``year``, opened empty where there is none."""
    QuotaAccount.objects.bulk_create(
        [QuotaAccount(mentor=mentor, year=year)], ignore_conflicts=True
    )
    return QuotaAccount.objects.select_related("mentor__unit").get(mentor=mentor, year=year)


def cap_of(mentor: Mentor, year: int) -> int | None:
    """Return the most places by title and category, from the nearest unit that sets them."""
    line = [unit.pk for unit in reversed(ancestors(mentor.unit))]
    caps = dict(
        QuotaCap.objects.filter(
            unit_id__in=line, year=year, title=mentor.title, category=mentor.category
        ).values_list("unit_id", "places")
    )
    return next((caps[key] for key in line if key in caps), None)


def require_eligible(mentor: Mentor, year: int) -> None:
    """Refuse with ``quota.suspended`` a mentor who may not take students in ``year`` (停招)."""
    if is_suspended(mentor, year):
        raise RuleViolation(
            "quota.suspended",
            _("%(mentor)s may not take students in %(year)s: eligibility is suspended.")
            % {"mentor": mentor.display_name, "year": year},
        )


def is_suspended(mentor: Mentor, year: int) -> bool:
    """Tell whether eligibility is suspended in ``year``."""
    return Eligibility.objects.filter(
        mentor=mentor, year=year, state=EligibilityState.SUSPENDED
    ).exists()


@transaction.atomic
def grant_places(
    mentor: Mentor, year: int, places: int, *, reason: str, actor: Person
) -> QuotaAccount:
    """
    Give places. Refuses with ``quota.places``, ``quota.suspended`` and ``quota.cap``.

    The cap by title and category is that of the nearest unit at or above the mentor's own.
    """
    account = account_of(mentor, year)
    check(actor, "mentorship.change_quota", account)
    _require_positive(places)
    require_eligible(mentor, year)
    rows = QuotaAccount.objects.filter(pk=account.pk)
    cap = cap_of(mentor, year)
    if cap is not None:
        rows = rows.filter(granted__lte=cap - places)
    if rows.update(granted=F("granted") + places) != 1:
        raise RuleViolation(
            "quota.cap",
            _("A mentor of this title and category may have at most %(cap)s places.")
            % {"cap": cap},
            field="places",
        )
    return _settled(account, QuotaLineKind.GRANT, places, reason=reason, actor=actor)


@transaction.atomic
def reduce_places(
    mentor: Mentor, year: int, places: int, *, reason: str, actor: Person
) -> QuotaAccount:
    """Take back free places. Refuses with ``quota.places`` and ``quota.short``."""
    account = account_of(mentor, year)
    check(actor, "mentorship.change_quota", account)
    _require_positive(places)
    _move(account, places, free=-places, granted=F("granted") - places)
    return _settled(account, QuotaLineKind.REDUCE, places, reason=reason, actor=actor)


@transaction.atomic
def hold_for_round(
    mentor: Mentor,
    year: int,
    places: int,
    *,
    reference: str,
    actor: Person | None,
    unit: Unit | None = None,
) -> QuotaAccount:
    """Set places aside. Refuses with ``quota.suspended`` and ``quota.short``."""
    _require_positive(places)
    require_eligible(mentor, year)
    account = account_of(mentor, year)
    _move(account, places, free=-places, held=F("held") + places)
    return _settled(
        account, QuotaLineKind.HOLD, places, reference=reference, actor=actor, unit=unit
    )


@transaction.atomic
def release(
    mentor: Mentor,
    year: int,
    places: int,
    *,
    reference: str,
    actor: Person | None,
    unit: Unit | None = None,
    reason: str = "",
) -> QuotaAccount:
    """Give held places back to the account. Refuses with ``quota.not_held``."""
    _require_positive(places)
    account = account_of(mentor, year)
    if held_places([mentor.pk], year, reference).get(mentor.pk, 0) < places:
        raise _not_held()
    rows = QuotaAccount.objects.filter(pk=account.pk, held__gte=places)
    if rows.update(held=F("held") - places) != 1:
        raise _not_held()
    return _settled(
        account,
        QuotaLineKind.RELEASE,
        places,
        reference=reference,
        actor=actor,
        unit=unit,
        reason=reason,
    )


@transaction.atomic
def release_holds(
    mentor: Mentor, year: int, *, reason: str, actor: Person | None, reference: str = ""
) -> int:
    """
    Release whatever is held, for ``reference`` or for everything; return how many places.

    Used when eligibility is suspended, when a mentor leaves, and when a round is over.
    """
    account = QuotaAccount.objects.filter(mentor=mentor, year=year).select_for_update().first()
    if account is None or account.held == 0:
        return 0
    wanted = {"reference": reference} if reference else {}
    found = [
        (row["reference"], row["places"])
        for row in _held_rows([account.pk], **wanted)
        if row["places"] > 0
    ]
    total: int = min(sum(places for _reference, places in found), account.held)
    for one, places in found:
        _line(account, QuotaLineKind.RELEASE, places, reference=one, actor=actor, reason=reason)
    QuotaAccount.objects.filter(pk=account.pk).update(held=F("held") - total)
    return total


@transaction.atomic
def seat(
    mentor: Mentor,
    year: int,
    *,
    reference: str,
    actor: Person | None,
    places: int = 1,
    from_hold: bool = True,
    unit: Unit | None = None,
    reason: str = "",
) -> QuotaAccount:
    """
    Seat students, on held places or (``from_hold=False``) on free ones.

    Refuses with ``quota.not_held`` or ``quota.short``; free places also ask for eligibility.
    """
    _require_positive(places)
    account = account_of(mentor, year)
    told: dict[str, Any] = {
        "reference": reference,
        "actor": actor,
        "unit": unit,
        "reason": reason,
    }
    if from_hold:
        rows = QuotaAccount.objects.filter(pk=account.pk, held__gte=places)
        if rows.update(held=F("held") - places, seated=F("seated") + places) != 1:
            raise _not_held()
        _line(account, QuotaLineKind.RELEASE, places, **told)
    else:
        require_eligible(mentor, year)
        _move(account, places, free=-places, seated=F("seated") + places)
    return _settled(account, QuotaLineKind.SEAT, places, **told)


@transaction.atomic
def unseat(
    mentor: Mentor,
    year: int,
    *,
    reference: str,
    actor: Person | None,
    places: int = 1,
    unit: Unit | None = None,
    reason: str = "",
) -> QuotaAccount:
    """Return a seat: no-show, deferred entry, a change of mentor. Refuses with ``quota.not_seated``."""
    _require_positive(places)
    account = account_of(mentor, year)
    rows = QuotaAccount.objects.filter(pk=account.pk, seated__gte=places)
    if rows.update(seated=F("seated") - places) != 1:
        raise RuleViolation("quota.not_seated", _("No student is seated on this account."))
    return _settled(
        account,
        QuotaLineKind.UNSEAT,
        places,
        reference=reference,
        actor=actor,
        unit=unit,
        reason=reason,
    )


def held_places(mentors: Iterable[int], year: int, reference: str) -> dict[int, int]:
    """Return mentor key → places held for ``reference``."""
    accounts = dict(
        QuotaAccount.objects.filter(mentor_id__in=mentors, year=year).values_list("pk", "mentor_id")
    )
    return {
        accounts[row["account_id"]]: row["places"]
        for row in _held_rows(accounts, reference=reference)
    }


def held_for_references(references: Iterable[str]) -> dict[tuple[str, int], int]:
    """Return (reference, mentor key) → places held: one query for a whole round."""
    rows = (
        QuotaLine.objects.filter(reference__in=references)
        .values_list("reference", "account__mentor_id")
        .annotate(places=_signed())
        .order_by()
    )
    return {(reference, mentor): places for reference, mentor, places in rows}


def _signed() -> Sum:
    return Sum(
        Case(
            When(kind=QuotaLineKind.HOLD, then=F("places")),
            When(kind=QuotaLineKind.RELEASE, then=-F("places")),
            default=0,
            output_field=IntegerField(),
        )
    )


def _held_rows(accounts: Iterable[int], **wanted: str) -> list[dict[str, Any]]:
    rows = QuotaLine.objects.filter(account_id__in=accounts, **wanted)
    held = rows.values("account_id", "reference").annotate(places=_signed())
    return [dict(row) for row in held.order_by("reference")]


def _move(account: QuotaAccount, places: int, *, free: int, **changes: object) -> None:
    """Change the account if ``-free`` places are free."""
    rows = QuotaAccount.objects.filter(pk=account.pk, granted__gte=F("held") + F("seated") - free)
    if rows.update(**changes) != 1:
        account.refresh_from_db()
        raise RuleViolation(
            "quota.short",
            _("%(mentor)s has %(free)s free places in %(year)s; %(wanted)s are needed.")
            % {
                "mentor": account.mentor.display_name,
                "free": account.free,
                "year": account.year,
                "wanted": places,
            },
            field="places",
        )


def _settled(
    account: QuotaAccount,
    kind: QuotaLineKind,
    places: int,
    *,
    actor: Person | None,
    reference: str = "",
    reason: str = "",
    unit: Unit | None = None,
) -> QuotaAccount:
    """Write the line and the history, and return the account as it is now."""
    before = {"granted": account.granted, "held": account.held, "seated": account.seated}
    _line(account, kind, places, reference=reference, reason=reason, unit=unit, actor=actor)
    account.refresh_from_db(fields=["granted", "held", "seated"])
    record(
        f"mentorship.quota.{_WORDS[kind]}",
        actor=actor,
        subject=account,
        before=before,
        after={
            "granted": account.granted,
            "held": account.held,
            "seated": account.seated,
            "places": places,
            "reason": reason,
        },
    )
    return account


_WORDS = {
    QuotaLineKind.GRANT: "granted",
    QuotaLineKind.REDUCE: "reduced",
    QuotaLineKind.HOLD: "held",
    QuotaLineKind.RELEASE: "released",
    QuotaLineKind.SEAT: "seated",
    QuotaLineKind.UNSEAT: "unseated",
}


def _line(
    account: QuotaAccount,
    kind: QuotaLineKind,
    places: int,
    *,
    actor: Person | None,
    reference: str = "",
    reason: str = "",
    unit: Unit | None = None,
) -> None:
    QuotaLine.objects.create(
        account=account,
        kind=kind,
        places=places,
        reference=reference,
        reason=reason[:300],
        unit=unit,
        actor=actor,
        at=now(),
    )


def _require_positive(places: int) -> None:
    if places < 1:
        raise RuleViolation("quota.places", _("At least one place."), field="places", status=400)


def _not_held() -> RuleViolation:
    return RuleViolation("quota.not_held", _("These places are not held any more."))
