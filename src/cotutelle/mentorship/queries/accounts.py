"""Reading quota accounts, caps and the yearly review."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from cotutelle.institutions.queries import below
from cotutelle.mentorship.enums import QuotaLineKind
from cotutelle.mentorship.models import Eligibility, Mentor, QuotaAccount, QuotaCap, QuotaLine
from cotutelle.mentorship.queries.mentors import mentors_staffed_by
from cotutelle.mentorship.rules import READERS
from cotutelle.people.models import Person

# How a line moves the free places. Seating from a hold writes a release and a seat.
_SIGNS = {
    QuotaLineKind.GRANT: 1,
    QuotaLineKind.REDUCE: -1,
    QuotaLineKind.HOLD: -1,
    QuotaLineKind.RELEASE: 1,
    QuotaLineKind.SEAT: -1,
    QuotaLineKind.UNSEAT: 1,
}


def accounts_visible_to(actor: Person) -> QuerySet[QuotaAccount]:
    """Return the accounts of the mentors of the actor's units, and the actor's own."""
    mentors = mentors_staffed_by(actor).values("pk")
    return QuotaAccount.objects.filter(
        Q(mentor__in=mentors) | Q(mentor__person=actor)
    ).select_related("mentor__person", "mentor__unit")


@dataclass(frozen=True, slots=True)
class SignedLine:
    """A movement with its sign, as a statement of account shows it."""

    line: QuotaLine
    signed: str
    kind: str


def lines_of(account: QuotaAccount) -> list[SignedLine]:
    """Return the movements of ``account``, newest first."""
    rows = account.lines.select_related("actor", "unit").order_by("-at", "-id")
    return [
        SignedLine(
            line=row,
            signed=f"{'+' if _SIGNS[QuotaLineKind(row.kind)] > 0 else '−'}{row.places}",
            kind="plus" if _SIGNS[QuotaLineKind(row.kind)] > 0 else "minus",
        )
        for row in rows
    ]


def caps_visible_to(actor: Person) -> QuerySet[QuotaCap]:
    """Return the caps of the actor's units and of those above them."""
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    above = {int(key) for unit in units for key in unit.path.split("/") if key}
    return QuotaCap.objects.filter(below(units) | Q(unit_id__in=above)).select_related("unit")


def cap_of(mentor: Mentor, year: int) -> QuotaCap | None:
    """Return the cap that counts for ``mentor``: of the nearest unit at or above theirs."""
    keys = [int(key) for key in mentor.unit.path.split("/") if key]
    caps = QuotaCap.objects.filter(
        unit_id__in=keys, year=year, title=mentor.title, category=mentor.category
    ).select_related("unit")
    return max(caps, key=lambda cap: len(cap.unit.path), default=None)


def review_rows(actor: Person, year: int) -> QuerySet[Mentor]:
    """Return the mentors of the actor's units with ``review_state`` and ``review_reason``."""
    review = Eligibility.objects.filter(mentor=OuterRef("pk"), year=year)
    account = QuotaAccount.objects.filter(mentor=OuterRef("pk"), year=year)
    return (
        mentors_staffed_by(actor)
        .filter(is_archived=False)
        .annotate(
            review_state=Subquery(review.values("state")[:1]),
            review_reason=Subquery(review.values("reason")[:1]),
            granted=Subquery(account.values("granted")[:1]),
            taken=Subquery(account.values(total=F("held") + F("seated"))[:1]),
        )
    )


def eligibility_of(mentor: Mentor, year: int) -> Eligibility | None:
    """Return the review of ``mentor`` in ``year``; without one it is pending."""
    return Eligibility.objects.filter(mentor=mentor, year=year).first()
