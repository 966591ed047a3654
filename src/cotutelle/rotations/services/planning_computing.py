"""Computing a scenario: the engine plans, the independent check decides what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Policy, Run
from cotutelle.decisions.services import policy_in_force, record_run
from cotutelle.engines import rotation
from cotutelle.engines.rotation import Infeasible, InvalidProblem, Plan, RotationProblem, Stay
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import ScenarioKind, ScenarioState
from cotutelle.rotations.models import Cycle, Scenario
from cotutelle.rotations.policy import POLICY_KIND, PlanRules
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import figures, gap_percent, stays_to_json
from cotutelle.rotations.queries.planning_words import rule_json
from cotutelle.rotations.services.planning_progress import Teller

if TYPE_CHECKING:
    from cotutelle.engines.rotation.diagnosis import Diagnosis

RUN_KIND = "rotations.plan"
CERTIFICATE_FORMAT = "cotutelle.rotation.certificate/1"
DIAGNOSIS_SECONDS = 30.0


def compute_scenario(
    scenario: Scenario,
    *,
    actor: Person,
    should_stop: Callable[[], bool] = lambda: False,
) -> Scenario:
    """
    Plan a scenario within its time and keep what the independent check confirms.

    An impossible one keeps the diagnosis and the best elastic plan; contradictions in the data
    are kept as ``fault``. Nothing of the plan in force is touched.
    """
    check(actor, "rotations.plan_cycle", scenario)
    open_states = [ScenarioState.WAITING, ScenarioState.COMPUTING]
    begun = Scenario.objects.filter(pk=scenario.pk, state__in=open_states)
    if not begun.update(state=ScenarioState.COMPUTING):
        return scenario
    scenario.refresh_from_db()
    rules = PlanRules.from_parameters(scenario.rules)
    teller = Teller(scenario, rules.time_limit, should_stop)
    replans = scenario.kind == ScenarioKind.REPLAN
    try:
        problem = build_problem(scenario.cycle, rules=rules, keeps_plan=replans)
    except InvalidProblem as error:
        return _end(scenario, ScenarioState.FAILED, actor, {"faults": _faults(error)})
    scenario.problem = rotation.problem_to_json(problem)
    scenario.save(update_fields=["problem"])
    began = time.process_time()
    try:
        plan, extra = _solve(problem, rules, replans=replans, teller=teller)
    except Infeasible as error:
        return _impossible(scenario, problem, None, sorted(error.trainees), actor)
    if plan.status == "elastic":
        return _impossible(scenario, problem, plan, [], actor, is_stopped=teller.is_stopping)
    plan = replace(plan, cpu_seconds=time.process_time() - began)
    return _keep(scenario, problem, plan, extra, actor)


def _faults(error: InvalidProblem) -> list[list[str]]:
    return [[fault.code, fault.path] for fault in error.faults[:50]]


def _solve(
    problem: RotationProblem, rules: PlanRules, *, replans: bool, teller: Teller
) -> tuple[Plan, dict[str, Any]]:
    if not replans:
        return (
            rotation.plan_rotations(
                problem,
                time_limit=float(rules.time_limit),
                seed=rules.seed,
                report=teller,
            ),
            {},
        )
    from cotutelle.engines.rotation.replanning import replan  # noqa: PLC0415  heavy

    found = replan(
        problem,
        problem.previous,
        time_limit=float(rules.time_limit),
        seed=rules.seed,
        report=teller,
    )
    return found.plan, {
        "replan": {
            "changed_months": found.changed_months,
            "least_changed_months": found.least_changed_months,
        }
    }


def verified(problem: RotationProblem, plan: Plan) -> dict[str, Any]:
    """
    Return what the independent check says of a plan, as `decisions` keeps verdicts.

    ``ok`` when no rule is broken, the score is what was claimed, and the bound follows from the
    prices.
    """
    problems = [v.message for v in rotation.check_plan(problem, plan.stays)]
    if plan.status != "elastic" and rotation.recompute_score(problem, plan.stays) != plan.score:
        problems.append("the score is not what was claimed")
    bound = proven_bound(problem, plan)
    if plan.bound is not None and bound is not None and bound < plan.score - 1e-6:
        problems.append("the bound lies below the score")
    stays = sum(len(own) for own in plan.stays.values())
    return {
        "ok": not problems,
        "problems": problems[:50],
        "checks": [
            {"label": "trainees", "count": len(problem.trainees)},
            {"label": "stays", "count": stays},
            {"label": "ward-months", "count": len(problem.wards) * problem.horizon},
        ],
        "bound": bound,
    }


def proven_bound(problem: RotationProblem, plan: Plan) -> float | None:
    """Return the bound that anybody can recompute from the prices of ``plan``."""
    if plan.evidence is None:
        return None
    return rotation.check_bound(problem, plan.evidence)


def certificate_of(problem: RotationProblem, plan: Plan) -> dict[str, Any]:
    """Return problem and plan as one document that others can check."""
    return {
        "format": CERTIFICATE_FORMAT,
        "problem": rotation.problem_to_json(problem),
        "plan": rotation.plan_to_json(plan),
    }


def verify_json(certificate: Any) -> Mapping[str, Any]:
    """Check a certificate with the engine's independent check."""
    try:
        problem = rotation.problem_from_json(certificate["problem"])
        plan = rotation.plan_from_json(certificate["plan"])
    except (InvalidProblem, KeyError, TypeError) as error:
        return {"ok": False, "problems": [str(error)[:500]]}
    return verified(problem, plan)


def record_plan(
    scenario: Scenario,
    problem: RotationProblem,
    plan: Plan,
    *,
    actor: Person,
    verdict: Mapping[str, Any] | None = None,
) -> Run:
    """Keep a plan with its inputs, rules and evidence. Refuses: ``run.refuted``."""
    rules = PlanRules.from_parameters(scenario.rules)
    certificate = certificate_of(problem, plan)
    return record_run(
        RUN_KIND,
        scenario,
        unit=scenario.cycle.unit,
        snapshot_data=certificate["problem"],
        policy=policy_of(scenario.cycle, rules, actor),
        seed=str(rules.seed),
        result={"score": plan.score, "bound": plan.bound, "stays": stays_to_json(plan.stays)},
        certificate=certificate,
        verdict=verdict or verified(problem, plan),
        cpu_seconds=round(plan.cpu_seconds, 3),
        actor=actor,
    )


def policy_of(cycle: Cycle, rules: PlanRules, actor: Person) -> Policy:
    """Return the policy with exactly these parameters, made as the next version if need be."""
    return policy_in_force(
        POLICY_KIND,
        unit=cycle.unit,
        name_zh=cycle.name_zh,
        name_en=cycle.name_en,
        parameters=rules.as_parameters(),
        actor=actor,
    )


def _keep(
    scenario: Scenario,
    problem: RotationProblem,
    plan: Plan,
    extra: dict[str, Any],
    actor: Person,
) -> Scenario:
    verdict = verified(problem, plan)
    plan = replace(plan, bound=verdict["bound"])
    outcome = figures(problem, plan.stays, plan.best_alone) | extra
    outcome |= {
        "status": plan.status,
        "bound": plan.bound,
        "gap": gap_percent(plan.score, plan.bound),
        "cpu_seconds": round(plan.cpu_seconds, 1),
    }
    with transaction.atomic():
        scenario.run = record_plan(scenario, problem, plan, actor=actor, verdict=verdict)
        return _end(scenario, ScenarioState.READY, actor, outcome, plan.stays)


def _impossible(
    scenario: Scenario,
    problem: RotationProblem,
    plan: Plan | None,
    alone: Sequence[str],
    actor: Person,
    *,
    is_stopped: bool = False,
) -> Scenario:
    """
    Say why there is no plan; where the diagnosis finds one after all, keep that.

    Who stopped the search does not wait for reasons: nothing is claimed then.
    """
    from cotutelle.engines.rotation.diagnosis import Diagnosis, diagnose  # noqa: PLC0415  heavy

    if is_stopped:
        found = Diagnosis(None, (), plan, (), is_irreducible=False, repairs=(), cpu_seconds=0.0)
    else:
        found = diagnose(problem, time_limit=DIAGNOSIS_SECONDS)
    if found.is_feasible and found.elastic is not None:
        return _keep(scenario, problem, found.elastic, {}, actor)
    plan = found.elastic if found.elastic is not None else plan
    if plan is not None and not any(plan.stays.values()):
        plan = None  # stopped before anybody had a stay: there is nothing to show
    stays: Mapping[str, Sequence[Stay]] = plan.stays if plan is not None else {}
    outcome: dict[str, Any] = {"status": "elastic", "diagnosis": diagnosis_json(found, alone)}
    if plan is not None:
        outcome |= figures(problem, stays, plan.best_alone)
    return _end(scenario, ScenarioState.IMPOSSIBLE, actor, outcome, stays)


def diagnosis_json(found: Diagnosis, alone: Sequence[str]) -> dict[str, Any]:
    """Return a diagnosis of the engine as plain values; ``alone``: who has no plan even alone."""
    return {
        "alone": list(alone),
        "is_proven": bool(alone) or found.is_feasible is False,
        "is_irreducible": found.is_irreducible,
        "findings": [
            {
                "code": one.code,
                "needed": one.needed,
                "has": one.has,
                "wards": list(one.wards),
                "periods": list(one.periods) if one.periods else None,
                "trainee": one.trainee,
                "block": one.block,
                "kinds": list(one.kinds),
            }
            for one in found.findings
        ],
        "core": [rule_json(rule) for rule in found.core],
        "repairs": [
            {
                "changes": [rule_json(change) for change in repair.changes],
                "size": repair.size,
                "stays": stays_to_json(repair.stays),
            }
            for repair in found.repairs
        ],
    }


def _end(
    scenario: Scenario,
    state: ScenarioState,
    actor: Person,
    outcome: dict[str, Any],
    stays: Mapping[str, Sequence[Stay]] | None = None,
) -> Scenario:
    with transaction.atomic():
        kept = Scenario.objects.select_for_update(of=("self",)).get(pk=scenario.pk)
        if kept.state != ScenarioState.COMPUTING:  # another run of the job has ended it
            return kept
        scenario.state, scenario.outcome = state, outcome
        scenario.stays = stays_to_json(stays or {})
        scenario.computed_at, scenario.is_stopping = now(), False
        scenario.save(
            update_fields=["state", "outcome", "stays", "computed_at", "is_stopping", "run"]
        )
        record(
            "rotations.scenario.computed",
            actor=actor,
            subject=scenario,
            after={"state": state, "score": outcome.get("score")},
        )
    return scenario


@transaction.atomic
def fail_scenario(scenario: Scenario, *, actor: Person) -> None:
    """Note that the computation broke off; nothing was kept."""
    open_states = [ScenarioState.WAITING, ScenarioState.COMPUTING]
    moved = Scenario.objects.filter(pk=scenario.pk, state__in=open_states).update(
        state=ScenarioState.FAILED, is_stopping=False
    )
    if moved:
        record(
            "rotations.scenario.computed",
            actor=actor,
            subject=scenario,
            after={"state": ScenarioState.FAILED},
        )


def require_ready(scenario: Scenario) -> None:
    """Refuse with ``scenario.state`` what has not been computed or is published already."""
    if scenario.state != ScenarioState.READY:
        raise RuleViolation("scenario.state", _("Only a computed scenario is published."))
