"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from cotutelle.jobs.models import Job
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import rows_mentioning, words_of
from cotutelle.people.models import Person


def export_jobs(person: Person) -> list[dict[str, Any]]:
    """Return the work the person started."""
    own = Job.objects.filter(actor=person).order_by("id")
    return [dict(row) for row in own.values("kind", "state", "created_at", "finished_at", "error")]


def erase_jobs(person: Person) -> None:
    """Destroy the words and results that name the person; that work was done stays."""
    words = words_of(person)
    Job.objects.filter(actor=person).update(error="")
    for column in ("args", "result"):
        named = rows_mentioning(Job.objects.all(), column, words).values_list("pk", flat=True)
        Job.objects.filter(pk__in=list(named)).update(**{column: {}})
    for word in words:
        Job.objects.filter(error__contains=word).update(error="")


register_exporter("jobs", export_jobs)
register_eraser("jobs", erase_jobs)
