"""Planning as a job."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler
from cotutelle.rotations.models import Scenario
from cotutelle.rotations.services import planning_computing, planning_scenarios


def _page(job: Job) -> str:
    scenario = Scenario.objects.filter(pk=job.subject_id or 0).first()
    return reverse("rotations:scenario", args=[scenario.public_id]) if scenario else "/"


def _failed(job: Job) -> None:
    scenario = Scenario.objects.filter(pk=job.subject_id or 0).first()
    if scenario is not None:
        planning_computing.fail_scenario(scenario, actor=job.actor)


@handler(
    planning_scenarios.JOB,
    title=_("Plan rotations"),
    done_url=_page,
    done_label=_("See the plan"),
    back_url=_page,
    on_failed=_failed,
)
def plan(handle: JobHandle, scenario_id: int) -> dict[str, Any]:
    """Compute a scenario; asked to stop, it keeps the best plan so far."""
    scenario = Scenario.objects.select_related("cycle__unit").get(pk=scenario_id)
    made = planning_computing.compute_scenario(
        scenario, actor=handle.job.actor, should_stop=handle.should_stop
    )
    return {"scenario": str(made.public_id), "state": made.state}
