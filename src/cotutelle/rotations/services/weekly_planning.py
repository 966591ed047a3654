"""Planning the week of a term: computed by a job, checked anew, changed by hand, asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Policy
from cotutelle.decisions.services import make_official, policy_in_force, record_run
from cotutelle.engines import weekly
from cotutelle.engines.weekly import (
    InvalidProblem,
    WeeklyPlan,
    WeeklyProblem,
)
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.models import Term
from cotutelle.rotations.queries import weekly_problem
from cotutelle.rotations.queries.weekly import series_of
from cotutelle.rotations.queries.weekly_problem import Week, build_week, people_left_out
from cotutelle.rotations.services.weekly_series import set_slot
from cotutelle.rotations.services.weekly_terms import require_open

JOB = "rotations.week"
RUN_KIND = "rotations.week"
CERTIFICATE_FORMAT = "cotutelle.weekly.certificate/1"
TIME_LIMIT = 30
ANSWER_WORKING_DAYS = 3
PARAMETERS = {
    "unwanted_cost": weekly_problem.UNWANTED_COST,
    "left_out_cost": weekly_problem.LEFT_OUT_COST,
    "ward_day_cost": weekly_problem.WARD_DAY_COST,
    "time_limit": TIME_LIMIT,
}


@transaction.atomic
def request_week(term: Term, *, actor: Person) -> Job:
    """
    Ask for the week to be planned; a job computes it.

    Refuses: ``term.state``, ``term.empty`` (nothing to place), ``term.no_room``,
    ``term.running``.
    """
    check(actor, "rotations.plan_week", term)
    Term.objects.select_for_update().get(pk=term.pk)
    require_open(term)
    _require_plannable(term)
    running = Job.objects.filter(
        kind=JOB, subject_id=term.pk, state__in=[JobState.QUEUED, JobState.RUNNING]
    )
    if running.exists():
        raise RuleViolation("term.running", _("This week is being planned already."))
    record("rotations.term.requested", actor=actor, subject=term)
    return start_job(JOB, actor=actor, unit=term.unit, subject=term, args={"term_id": term.pk})


def _require_plannable(term: Term) -> None:
    rows = list(series_of(term))
    if not any(row.members.all() for row in rows):
        raise RuleViolation(
            "term.empty", _("There is nothing to place yet. Propose the teams first.")
        )
    if any(row.needs_room for row in rows) and not any(
        True for _r in weekly_problem.rooms_for(term)
    ):
        raise RuleViolation(
            "term.no_room", _("Something needs a room, and there is none. Add a room first.")
        )


def compute_week(
    term: Term,
    *,
    actor: Person,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    time_limit: float = TIME_LIMIT,
) -> Term:
    """
    Plan the week, have it checked anew, and give every series its slot.

    Placed, then unchanged, then nice. What is unplaced keeps its smallest fixes. Refuses:
    ``term.empty``, ``term.no_room``, ``term.broken`` (times that contradict the grid).
    """
    check(actor, "rotations.plan_week", term)
    _require_plannable(term)
    week = build_week(term)

    def report(state: weekly.Progress) -> bool:
        progress(state.parts_done, max(state.parts, 1))
        return not should_stop()

    try:
        plan = weekly.plan_week(week.problem, time_limit=time_limit, report=report)
    except InvalidProblem as error:
        text = _("Something held every week does not fit the hours of the term. Change either.")
        raise RuleViolation("term.broken", text) from error
    return _keep(week, plan, actor)


def verified(problem: WeeklyProblem, plan: WeeklyPlan) -> dict[str, Any]:
    """Return what the independent check says of a plan, as `decisions` keeps verdicts."""
    problems = [v.message for v in weekly.check_week(problem, plan)]
    return {
        "ok": not problems,
        "problems": problems[:50],
        "checks": [
            {"label": "appointments", "count": len(problem.activities)},
            {"label": "people and rooms", "count": len(problem.parties) + len(problem.rooms)},
        ],
    }


def verify_json(certificate: Any) -> Mapping[str, Any]:
    """Check a certificate with the engine's independent check."""
    try:
        problem = weekly.problem_from_json(certificate["problem"])
        plan = weekly.plan_from_json(certificate["plan"])
    except (InvalidProblem, KeyError, TypeError, ValueError) as error:
        return {"ok": False, "problems": [str(error)[:500]]}
    return verified(problem, plan)


@transaction.atomic
def _keep(week: Week, plan: WeeklyPlan, actor: Person) -> Term:
    term = Term.objects.select_for_update().select_related("unit").get(pk=week.term.pk)
    certificate = {
        "format": CERTIFICATE_FORMAT,
        "problem": weekly.problem_to_json(week.problem),
        "plan": weekly.plan_to_json(plan),
    }
    run = record_run(
        RUN_KIND,
        term,
        unit=term.unit,
        snapshot_data=certificate["problem"],
        policy=_policy(term, actor),
        seed="0",
        result={"placed": len(plan.placements), "bound": plan.bound_placed},
        certificate=certificate,
        verdict=verified(week.problem, plan),
        cpu_seconds=round(plan.cpu_seconds, 3),
        actor=actor,
    )
    make_official(run, actor=actor)
    for name, series in week.series.items():
        where = plan.placements.get(name)
        room = week.rooms[where.room] if where and where.room else None
        set_slot(series, where.start if where else None, room, week.grid)
    term.run, term.outcome = run, _outcome(week, plan)
    term.save(update_fields=["run", "outcome"])
    record(
        "rotations.term.planned",
        actor=actor,
        subject=term,
        after={"placed": len(plan.placements), "count": len(week.problem.activities)},
    )
    return term


def _outcome(week: Week, plan: WeeklyPlan) -> dict[str, Any]:
    left = {name: people_left_out(plan, name) for name in plan.left_out}
    return {
        "placed": len(plan.placements),
        "of": len(week.problem.activities),
        "unchanged": plan.unchanged,
        "before": len(week.problem.previous),
        "cost": plan.cost,
        "is_optimal": plan.is_optimal,
        "bound": plan.bound_placed,
        "cpu_seconds": round(plan.cpu_seconds, 2),
        "planned_at": now().isoformat(),
        "left_out": {name: people for name, people in left.items() if people},
        "unplaced": [
            {
                "series": name,
                "fixes": [
                    {
                        "start": fix.placement.start,
                        "frees": [[person, list(slots)] for person, slots in fix.frees],
                    }
                    for fix in plan.fixes.get(name, ())[:10]
                ],
            }
            for name in plan.unplaced
        ],
    }


def _policy(term: Term, actor: Person) -> Policy:
    """Return today's parameters as a policy."""
    return policy_in_force(
        RUN_KIND,
        unit=term.unit,
        name_zh="周计划",
        name_en="Week of a term",
        parameters=PARAMETERS,
        actor=actor,
    )
