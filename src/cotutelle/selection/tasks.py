"""The run as a job, and what the clock does in the sequential regime."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler
from cotutelle.selection import services
from cotutelle.selection.models import Round, Scenario
from cotutelle.selection.services import diagnosis, rerun, scenario_computing, scenarios
from cotutelle.selection.services.solving import Infeasible


def _round_page(job: Job) -> str:
    round_ = Round.objects.filter(pk=job.subject_id or 0).first()
    return reverse("selection:round", args=[round_.public_id]) if round_ else "/"


def _result_page(job: Job) -> str:
    round_ = Round.objects.filter(pk=job.subject_id or 0).first()
    if round_ is None:
        return "/"
    page = reverse("selection:review", args=[round_.public_id])
    if job.result and "diagnosis" in job.result:
        return reverse("selection:infeasible", args=[round_.public_id])
    if job.args.get("trial"):
        return f"{page}?run={job.result['run']}" if job.result else _round_page(job)
    return page


@handler(
    services.RUN_JOB,
    title=_("Run the matching"),
    done_url=_result_page,
    done_label=_("See what came of it"),
    back_url=_round_page,
    atomic=True,
)
def run(handle: JobHandle, round_id: int, *, trial: bool = False) -> dict[str, Any]:
    """Run the round; the result and the end of the job are one transaction."""
    round_ = Round.objects.select_related("unit", "policy", "official_run").get(pk=round_id)
    handle.progress(0, 2)
    try:
        made = services.run_round(round_, actor=handle.job.actor, trial=trial)
    except Infeasible as refusal:
        # Nothing was written; the page of the round shows why.
        return {"inputs": diagnosis.inputs_of(round_), "diagnosis": refusal.diagnosis}
    handle.progress(2, 2)
    return {"run": str(made.public_id), "number": made.number, "placed": made.result["placed"]}


@handler(
    diagnosis.DIAGNOSIS_JOB,
    title=_("Look for the reasons why there is no result"),
    done_url=_result_page,
    done_label=_("See the reasons"),
    back_url=_round_page,
)
def diagnose(handle: JobHandle, round_id: int) -> dict[str, Any]:
    """Look at the round as it stands; it is only read."""
    round_ = Round.objects.select_related("unit", "policy").get(pk=round_id)
    return diagnosis.diagnose_round(round_, actor=handle.job.actor)


@handler(
    rerun.JOB,
    title=_("Match again with as few changes as possible"),
    done_url=_result_page,
    done_label=_("See what came of it"),
    back_url=_round_page,
    atomic=True,
)
def run_again(handle: JobHandle, round_id: int) -> dict[str, Any]:
    """Keep whoever can be kept; the result and the end of the job are one transaction."""
    round_ = Round.objects.select_related("unit", "policy", "official_run").get(pk=round_id)
    handle.progress(0, 2)
    try:
        made = rerun.rerun_round(round_, actor=handle.job.actor)
    except Infeasible as refusal:
        return {"inputs": diagnosis.inputs_of(round_), "diagnosis": refusal.diagnosis}
    handle.progress(2, 2)
    return {"run": str(made.public_id), "number": made.number, "placed": made.result["placed"]}


def _scenario_page(job: Job) -> str:
    scenario = Scenario.objects.filter(pk=job.subject_id or 0).first()
    return reverse("selection:scenario", args=[scenario.public_id]) if scenario else "/"


@handler(
    scenarios.JOB,
    title=_("Compute a what-if"),
    done_url=_scenario_page,
    done_label=_("See what would change"),
    back_url=_scenario_page,
)
def compute(handle: JobHandle, scenario_id: int) -> dict[str, Any] | None:
    """Compute the copy; the round is only read."""
    scenario = Scenario.objects.select_related("round__policy", "base__policy").get(pk=scenario_id)
    made = scenario_computing.compute_scenario(
        scenario,
        actor=handle.job.actor,
        progress=handle.progress,
        should_stop=handle.should_stop,
    )
    return {"state": made.state}


@app.periodic(cron="*/10 * * * *")
@app.task(name="cotutelle.selection.expire", queueing_lock="cotutelle.selection.expire")
def expire(timestamp: int) -> None:
    """Every ten minutes: apply the rule of silence to choices not answered in time."""
    services.expire_applications()
