"""The week as work in the background: planning it, and asking about rounds nobody recorded."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler
from cotutelle.rotations.models import Term
from cotutelle.rotations.services import weekly_meetings, weekly_planning


def _page(job: Job) -> str:
    term = Term.objects.filter(pk=job.subject_id or 0).first()
    return reverse("rotations:term", args=[term.public_id]) if term else "/"


@handler(
    weekly_planning.JOB,
    title=_("Plan the week"),
    done_url=_page,
    done_label=_("See the week"),
    back_url=_page,
)
def plan_week(handle: JobHandle, term_id: int) -> dict[str, Any]:
    """Plan the week of a term; asked to stop, it keeps the best so far."""
    term = Term.objects.select_related("unit").get(pk=term_id)
    made = weekly_planning.compute_week(
        term, actor=handle.job.actor, should_stop=handle.should_stop, progress=handle.progress
    )
    return {"placed": made.outcome["placed"], "of": made.outcome["of"]}


@app.periodic(cron="20 * * * *")
@app.task(name="cotutelle.rotations.meetings", queueing_lock="cotutelle.rotations.meetings")
def chase_meetings(timestamp: int) -> None:
    """Every hour: ask who came to joint rounds that are over."""
    weekly_meetings.chase_meetings()
