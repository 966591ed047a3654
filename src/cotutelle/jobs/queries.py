"""Reading jobs."""

from __future__ import annotations

from django.db.models import Model, Q, QuerySet

from cotutelle.jobs.models import Job
from cotutelle.people.enums import Role
from cotutelle.people.models import Person


def visible_to(actor: Person) -> QuerySet[Job]:
    """Return the actor's own jobs; administrators see those of their units too."""
    found = Q(actor=actor)
    for grant in actor.active_grants:
        if grant.role == Role.SYSTEM_ADMINISTRATOR:
            found |= Q(unit__path__startswith=grant.unit.path)
    return Job.objects.filter(found).select_related("actor", "unit")


def jobs_about(subject: Model) -> QuerySet[Job]:
    """Return the jobs of one subject, newest first."""
    return Job.objects.filter(
        subject_type=subject._meta.label_lower, subject_id=subject.pk
    ).order_by("-id")
