"""Reading agreements and whom they lend."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q, QuerySet

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.mentorship.models import Mentor
from cotutelle.people.enums import Role
from cotutelle.people.models import Person

_PEOPLE = ("mentor__person", "mentor__unit")


def agreements_visible_to(actor: Person) -> QuerySet[Agreement]:
    """Return the agreements of the graduate school's units and of the partner's office."""
    held = [g.unit for g in actor.active_grants if g.role == Role.GRADUATE_OFFICER]
    offices = [g.unit for g in actor.active_grants if g.role == Role.PARTNER_OFFICER]
    above = {int(key) for unit in offices for key in unit.path.split("/") if key}
    partner = below(offices, "partner__path") | Q(partner__in=above)
    return Agreement.objects.filter(below(held) | partner).select_related("unit", "partner")


visible_to = agreements_visible_to


def with_counts(rows: QuerySet[Agreement]) -> QuerySet[Agreement]:
    """Add ``lent``: how many mentors each agreement lends."""
    return rows.annotate(lent=Count("mentors"))


def in_force(day: dt.date) -> QuerySet[Agreement]:
    """Return the agreements that bind on ``day``."""
    return Agreement.objects.filter(
        state=AgreementState.IN_FORCE, starts_on__lte=day, ends_on__gte=day
    )


def lines_of(agreement: Agreement) -> QuerySet[AgreementMentor]:
    """Return the mentors an agreement lends, with their people."""
    return agreement.mentors.select_related(*_PEOPLE, "added_by")


def lent_on(day: dt.date) -> QuerySet[AgreementMentor]:
    """Return the eligible set of every agreement that binds on ``day``."""
    return AgreementMentor.objects.filter(agreement__in=in_force(day))


def lendable_mentors(agreement: Agreement, actor: Person) -> QuerySet[Mentor]:
    """
    Return the partner's mentors who are not in the agreement yet and whom ``actor`` may lend.

    Visiting mentors count; a partner officer lends those of their own units alone.
    """
    rows = _lendable(agreement, actor).filter(is_archived=False)
    present = AgreementMentor.objects.filter(agreement=agreement).values("mentor")
    return rows.exclude(pk__in=present).select_related("person", "unit")


def may_lend(agreement: Agreement, mentor: Mentor, actor: Person) -> bool:
    """Tell whether ``actor`` may put ``mentor`` into the agreement or take them out."""
    return _holds(agreement, actor) or _lendable(agreement, actor).filter(pk=mentor.pk).exists()


def _holds(agreement: Agreement, actor: Person) -> bool:
    return any(
        g.role == Role.GRADUATE_OFFICER and g.unit.covers(agreement.unit)
        for g in actor.active_grants
    )


def _lendable(agreement: Agreement, actor: Person) -> QuerySet[Mentor]:
    rows = Mentor.objects.filter(_mentors_below([agreement.partner]))
    if _holds(agreement, actor):
        return rows
    own = [g.unit for g in actor.active_grants if g.role == Role.PARTNER_OFFICER]
    return rows.filter(_mentors_below(own))


def _mentors_below(units: list[Unit]) -> Q:
    visiting = Mentor.other_units.through.objects.filter(below(units)).values("mentor_id")
    return below(units) | Q(pk__in=visiting)
