"""Reading departments and curricula."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CurriculumState, WardState
from cotutelle.rotations.models import Curriculum, Department
from cotutelle.rotations.rules.setup import CURRICULUM_READERS, PLANNERS


def departments() -> QuerySet[Department]:
    """Return the national-standard departments with ``wards_open`` and ``curricula_in_force``."""
    return Department.objects.annotate(
        wards_open=Count(
            "accreditations__ward", Q(accreditations__ward__state=WardState.OPEN), distinct=True
        ),
        curricula_in_force=Count(
            "blocks__curriculum",
            Q(blocks__curriculum__state=CurriculumState.IN_FORCE),
            distinct=True,
        ),
    )


def curricula_visible_to(actor: Person) -> QuerySet[Curriculum]:
    """Return what is or was in force, and the drafts of the units for which ``actor`` plans."""
    roles = {g.role for g in actor.active_grants}
    if not roles & {str(r) for r in CURRICULUM_READERS}:
        return Curriculum.objects.none()
    own = below([g.unit for g in actor.active_grants if g.role in PLANNERS])
    rows = Curriculum.objects.filter(own | ~Q(state=CurriculumState.DRAFT))
    return rows.select_related("unit").annotate(
        block_count=Count("blocks", distinct=True),
        people=Count("participants", distinct=True),
    )


def accredited_departments() -> frozenset[str]:
    """Return the codes of departments for which some open ward is accredited."""
    rows = Department.objects.filter(accreditations__ward__state=WardState.OPEN)
    return frozenset(rows.values_list("code", flat=True))


def earlier_in_force(curriculum: Curriculum) -> QuerySet[Curriculum]:
    """Return the editions that ``curriculum`` replaces when it is put in force."""
    return Curriculum.objects.filter(
        unit=curriculum.unit,
        specialty_code=curriculum.specialty_code,
        state=CurriculumState.IN_FORCE,
    ).exclude(pk=curriculum.pk)


def planning_units(actor: Person) -> QuerySet[Unit]:
    """Return the active units at or below those for which ``actor`` plans rotations."""
    own = below([g.unit for g in actor.active_grants if g.role in PLANNERS], "path")
    return Unit.objects.filter(own, state="active").order_by("path")
