"""Reading what can be certified."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Q, QuerySet

from cotutelle.credentials.enums import AchievementState, AwardState, CredentialState
from cotutelle.credentials.models import Achievement, Award, Credential
from cotutelle.credentials.rules import ISSUERS, units_with
from cotutelle.institutions.enums import INSTITUTION_KINDS, UnitState
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below, below
from cotutelle.people.models import Person


def achievements_visible_to(actor: Person) -> QuerySet[Achievement]:
    """Return what is in use; officers of an institution also see its drafts and retired ones."""
    rows = Achievement.objects.select_related("unit")
    if not actor.active_grants:
        return rows.none()
    return rows.filter(Q(state=AchievementState.OPEN) | below(units_with(actor, *ISSUERS)))


visible_to = achievements_visible_to


def managed_by(actor: Person) -> QuerySet[Achievement]:
    """Return the achievements of the institutions whose officer ``actor`` is."""
    found = below(units_with(actor, *ISSUERS))
    return Achievement.objects.filter(found).select_related("unit")


def institutions_of(actor: Person) -> QuerySet[Unit]:
    """Return the active institutions in whose name ``actor`` issues certificates."""
    return (
        at_or_below(units_with(actor, *ISSUERS))
        .filter(kind__in=INSTITUTION_KINDS, state=UnitState.ACTIVE)
        .order_by("path")
    )


def with_counts(rows: QuerySet[Achievement]) -> QuerySet[Achievement]:
    """Add how many proposals wait for signatures, how many for the officer, how many were issued."""
    return rows.annotate(
        waiting=Count("awards", filter=Q(awards__state=AwardState.PROPOSED)),
        signed=Count("awards", filter=Q(awards__state=AwardState.SIGNED)),
        issued=Count("awards", filter=Q(awards__state=AwardState.ISSUED)),
    )


def counts_of(achievement: Achievement) -> list[tuple[str, int]]:
    """Return how many awards stand in each state, and how many certificates no longer hold."""
    awards = dict(
        Award.objects.filter(achievement=achievement)
        .order_by()
        .values_list("state")
        .annotate(n=Count("id"))
    )
    certificates = dict(
        Credential.objects.filter(award__achievement=achievement)
        .exclude(state=CredentialState.VALID)
        .order_by()
        .values_list("state")
        .annotate(n=Count("id"))
    )
    return [
        *((str(AwardState(state).label), awards.get(state, 0)) for state in AwardState.values),
        *(
            (str(CredentialState(state).label), certificates.get(state, 0))
            for state in (CredentialState.SUSPENDED, CredentialState.REVOKED)
        ),
    ]


def names_of_achievements(public_ids: Collection[str]) -> dict[str, str]:
    """Return the names of achievements in the reader's language, by public identifier."""
    rows = Achievement.objects.filter(public_id__in=public_ids)
    return {str(one.public_id): one.display_name for one in rows}
