"""Links by which outsiders see a certificate."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from cotutelle.core.clock import now
from cotutelle.credentials.models import Share
from cotutelle.people.models import Person


def shares_of(person: Person) -> QuerySet[Share]:
    """Return the links that ``person`` made, newest first; those on papers among them."""
    rows = Share.objects.filter(person=person).order_by("-id")
    return rows.select_related(
        "credential__unit", "credential__award__achievement", "credential__award__stay__ward"
    )


def live(rows: QuerySet[Share]) -> QuerySet[Share]:
    """Narrow to links that open something now."""
    lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=now())
    return rows.filter(lasting, ended_at__isnull=True)


def open_share(token: str) -> Share | None:
    """Return the link of ``token`` while it is open; an ended one is as one that never was."""
    rows = live(Share.objects.filter(token=token).exclude(credential__body=""))
    return rows.select_related("credential__unit", "credential__entry", "person").first()
