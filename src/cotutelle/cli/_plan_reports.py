"""The figures of a plan, and what the independent check finds, for programs and in sentences."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cotutelle.engines.rotation import (
    Plan,
    RotationProblem,
    check_bound,
    check_plan,
    recompute_score,
)

_TOLERANCE = 1e-6
_SHOWN = 20

_STATUS = {
    "optimal": "Optimal: no plan scores more.",
    "feasible": "The best plan found; it keeps all rules.",
    "elastic": "No plan that keeps all rules was found. This one comes closest.",
}


def report(plan: Plan, violations: int, cpu_seconds: float) -> dict[str, Any]:
    """Return the figures of a plan that was made; scores being whole, so is the bound."""
    bound = None if plan.bound is None else math.floor(plan.bound + _TOLERANCE)
    return {
        "status": plan.status,
        "score": plan.score,
        "bound": bound,
        "gap": None if bound is None else max(0, bound - plan.score) / max(1, abs(plan.score)),
        "violations": violations,
        "worst": min(plan.trainee_scores.values(), default=0),
        "cpu_seconds": round(cpu_seconds, 3),
    }


def summary(plan: Plan, figures: dict[str, Any], out: Path) -> str:
    """Return the lines about a plan that was written."""
    score = f"Score {plan.score}"
    if figures["bound"] is not None:
        score += f", at most {figures['bound']} possible: {100 * figures['gap']:.2f} % apart"
    lines = [_STATUS[plan.status], f"{score}.", f"{len(plan.stays)} trainees."]
    best = {id_: alone for id_, alone in plan.best_alone.items() if alone > 0}
    if best:
        share, who = min((plan.trainee_scores[id_] / alone, id_) for id_, alone in best.items())
        lines.append(f"Furthest from the best possible alone: {who} with {100 * share:.0f} %.")
    for (ward, period), count in sorted(plan.over.items())[:_SHOWN]:
        lines.append(f"Ward {ward}, period {period}: {count} too many.")
    for (ward, period), count in sorted(plan.under.items())[:_SHOWN]:
        lines.append(f"Ward {ward}, period {period}: {count} missing to the minimum.")
    lines.append(f"Rules broken: {figures['violations']}. Written: {out}")
    return "\n".join(lines)


def audit(problem: RotationProblem, plan: Plan) -> dict[str, Any]:
    """
    Return what the independent check finds.

    ``bound_proven`` is recomputed from the prices; where it is above the stated bound, the
    difference is the solver's word. That the score is above it would be a contradiction.
    """
    violations = check_plan(problem, plan.stays)
    # A plan of unknown blocks or overlapping stays has no score that could be compared.
    broken = {v.code for v in violations} - {"over_capacity", "under_minimum"}
    wrong = [] if broken else _wrong_figures(problem, plan)
    score = None if broken else recompute_score(problem, plan.stays)
    proven = None
    if plan.evidence is not None:
        try:
            proven = check_bound(problem, plan.evidence)
        except ValueError as error:
            wrong.append(str(error))
    if proven is not None and score is not None and not violations and score > proven + _TOLERANCE:
        wrong.append(f"score: {score} is above what the prices prove to be the most: {proven}")
    return {
        "status": "broken" if violations or wrong else "holds",
        "violations": [asdict(violation) for violation in violations],
        "wrong": wrong,
        "score": score,
        "bound": plan.bound,
        "bound_proven": proven if proven is None or math.isfinite(proven) else None,
    }


def _wrong_figures(problem: RotationProblem, plan: Plan) -> list[str]:
    wrong = []
    score = recompute_score(problem, plan.stays)
    if score != plan.score:
        wrong.append(f"score: stated {plan.score}, found {score}")
    alone = replace(problem, fairness=0, smooth=0, keep=0, previous={})
    for trainee in problem.trainees:
        own = recompute_score(replace(alone, trainees=(trainee,)), plan.stays)
        stated = plan.trainee_scores.get(trainee.id)
        if own != stated:
            wrong.append(f"trainee_scores: {trainee.id} stated {stated}, found {own}")
    if plan.bound is not None and plan.score > plan.bound + _TOLERANCE:
        wrong.append(f"bound: {plan.bound} is below the score {plan.score}")
    if plan.status == "optimal" and (
        plan.bound is None or math.floor(plan.bound + _TOLERANCE) > plan.score
    ):
        wrong.append(f"status: optimal, but the bound is {plan.bound}")
    return wrong


def audit_words(path: Path, figures: dict[str, Any]) -> list[str]:
    """Return the same in sentences."""
    failed = [violation["message"] for violation in figures["violations"]] + figures["wrong"]
    if failed:
        return [f"{path}: {message}" for message in failed]
    lines = [f"{path}: every check holds. Score {figures['score']}."]
    bound, proven = figures["bound"], figures["bound_proven"]
    if proven is None:
        lines.append("The plan holds no prices, so nothing is proven of how good it is.")
        return lines
    most = math.floor(proven + _TOLERANCE)
    lines.append(f"No plan scores more than {most}: recomputed here from the prices.")
    if bound is not None and math.floor(bound + _TOLERANCE) < most:
        stated = math.floor(bound + _TOLERANCE)
        lines.append(f"That none scores more than {stated} is the solver's word.")
    return lines
