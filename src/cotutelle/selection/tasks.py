"""The run as a job, and what the clock does in the sequential regime."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler
from cotutelle.selection import services
from cotutelle.selection.models import Round


def _round_page(job: Job) -> str:
    round_ = Round.objects.filter(pk=job.subject_id or 0).first()
    return reverse("selection:round", args=[round_.public_id]) if round_ else "/"


def _result_page(job: Job) -> str:
    round_ = Round.objects.filter(pk=job.subject_id or 0).first()
    if round_ is None:
        return "/"
    page = reverse("selection:review", args=[round_.public_id])
    if job.args.get("trial"):
        return f"{page}?run={job.result['run']}" if job.result else _round_page(job)
    return page


@handler(
    services.RUN_JOB,
    title=_("Run the matching"),
    done_url=_result_page,
    done_label=_("Review the result"),
    back_url=_round_page,
    atomic=True,
)
def run(handle: JobHandle, round_id: int, *, trial: bool = False) -> dict[str, Any]:
    """Run the round; the result and the end of the job are one transaction."""
    round_ = Round.objects.select_related("unit", "policy", "official_run").get(pk=round_id)
    handle.progress(0, 2)
    made = services.run_round(round_, actor=handle.job.actor, trial=trial)
    handle.progress(2, 2)
    return {"run": str(made.public_id), "number": made.number, "placed": made.result["placed"]}


@app.periodic(cron="*/10 * * * *")
@app.task(name="cotutelle.selection.expire", queueing_lock="cotutelle.selection.expire")
def expire(timestamp: int) -> None:
    """Every ten minutes: apply the rule of silence to choices not answered in time."""
    services.expire_applications()
