"""Runs: from a round to a verified result, and what became of students between two runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.models import Run
from cotutelle.decisions.services import record_run, supersede_run
from cotutelle.engines import matching
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    PlacementSource,
    PlacementState,
    Regime,
    RoundState,
)
from cotutelle.selection.models import Placement, Round
from cotutelle.selection.queries.problem import Market, build_problem
from cotutelle.selection.services._common import lock_round, require_state, rules_of
from cotutelle.selection.services.solving import solve

RUN_KIND = "selection.matching"
TRIAL_KIND = "selection.trial"
JOB = "selection.run"


def start_run(round_: Round, *, actor: Person, trial: bool = False) -> Job:
    """Queue a run as a job with progress. Refuses as `run_round` does at once what it can see."""
    check(actor, "selection.run_round", round_)
    _require_runnable(round_, trial=trial)
    return start_job(
        JOB,
        actor=actor,
        unit=round_.unit,
        subject=round_,
        args={"round_id": round_.pk, "trial": trial},
    )


@transaction.atomic
def run_round(round_: Round, *, actor: Person, trial: bool = False) -> Run:
    """
    Match, check independently, keep the certificate, and propose the placements.

    A run that is no trial takes the published seed, replaces what an earlier run proposed
    (which is superseded) and leaves the round at review; a trial changes nothing and draws its
    lottery from the commitment, so that it does not give the seed away.
    The rules of the round say by which algorithm. Refuses with ``run.regime``, ``round.state``,
    ``run.seed``, ``run.invalid`` (a pin against a conflict or beyond the places),
    ``run.infeasible`` (minimum places that no result, or not this algorithm, can keep),
    ``run.algorithm`` (places that it cannot count), ``run.changed`` and ``run.refuted``.
    """
    check(actor, "selection.run_round", round_)
    require_state(round_, *RoundState)
    _require_runnable(round_, trial=trial)
    seed = trial_seed(round_) if trial else round_.seed
    market = market_of(round_, seed=seed)
    began = time.process_time()
    result = solve(market.problem, rules_of(round_))
    verdict = matching.verify_matching(market.problem, result.offer_of, algorithm=result.algorithm)
    certificate = certificate_of(market, result, verdict)
    hold_unchanged(round_, market)
    _require_runnable(round_, trial=trial)
    run = record_run(
        TRIAL_KIND if trial else RUN_KIND,
        round_,
        unit=round_.unit,
        snapshot_data=certificate["inputs"],
        policy=round_.policy,
        seed=seed,
        result=result_json(market, result),
        certificate=certificate,
        verdict=verdict_json(verdict),
        cpu_seconds=round(time.process_time() - began, 4),
        actor=actor,
    )
    if trial:
        record("selection.round.tried", actor=actor, subject=round_, after={"run": run.number})
    else:
        propose(round_, run, market, result, actor)
    return run


def market_of(round_: Round, *, seed: str, extra_pins: Mapping[str, str] | None = None) -> Market:
    """Return the market, with what is wrong about its pins as ``run.invalid``."""
    try:
        return build_problem(round_, seed=seed, extra_pins=extra_pins)
    except matching.InvalidProblem as error:
        raise RuleViolation(
            "run.invalid",
            _("The round cannot be run: an assignment by the school breaks a rule. %(faults)s")
            % {"faults": "; ".join(sorted({fault.code for fault in error.problems}))},
        ) from error


def hold_unchanged(round_: Round, market: Market) -> None:
    """
    Hold the row of the round once the result is found: a long search keeps nobody waiting.

    Refuses with ``run.changed`` where lists, answers or places are not those of ``market`` now.
    """
    lock_round(round_, *RoundState)
    present = market_of(round_, seed=market.problem.seed).problem
    if matching.input_sha256(present) != matching.input_sha256(market.problem):
        raise RuleViolation(
            "run.changed",
            _("Lists, answers or places changed while the round was matched. Run it again."),
        )


def trial_seed(round_: Round) -> str:
    """Return the seed of what is only tried: it gives the real lottery not away."""
    return f"trial:{round_.seed_commitment}"


def require_regime(round_: Round) -> None:
    """Refuse with ``run.regime`` a round that has no runs."""
    if rules_of(round_).regime != Regime.DEFERRED_ACCEPTANCE:
        raise RuleViolation(
            "run.regime", _("This round takes one choice at a time; it has no run.")
        )


def _require_runnable(round_: Round, *, trial: bool) -> None:
    require_regime(round_)
    allowed = {RoundState.CLOSED, RoundState.MATCHED}
    if trial:
        allowed.add(RoundState.ANSWERING)
    if round_.state not in allowed:
        raise RuleViolation("round.state", _("Runs are made when the lists are closed."))
    if not trial and (not round_.seed or round_.seed_published_at is None):
        raise RuleViolation("run.seed", _("The seed of the lottery has not been published."))


def certificate_of(
    market: Market, result: matching.Matching, verdict: matching.Verdict
) -> dict[str, Any]:
    """Return the certificate of a result; of a refuted one only its inputs."""
    if not verdict.ok:
        return {"inputs": matching.problem_to_json(market.problem)}
    return matching.build_certificate(market.problem, result, verdict=verdict)


def result_json(market: Market, result: matching.Matching) -> dict[str, Any]:
    """Return a result as a run keeps it."""
    return {
        "offer_of": dict(result.offer_of),
        "rank_profile": list(matching.rank_profile(market.problem, result.offer_of)),
        "students": len(market.participants),
        "placed": len(result.offer_of),
        "pinned": sorted(result.pinned),
        "silent": list(market.silent),
        "algorithm": result.algorithm,
        "objective": result.objective,
        "status": result.status,
        "bound": result.bound,
    }


def verdict_json(verdict: matching.Verdict) -> dict[str, Any]:
    """Return a verdict as a run keeps it."""
    return {
        "ok": verdict.ok,
        "problems": [str(problem) for problem in verdict.problems],
        "checks": [{"label": "tolerated", "count": len(verdict.tolerated)}],
        "admits": verdict.admits,
        "tolerated": [
            {
                "student": t.pair.student,
                "offer": t.pair.offer,
                "cause": t.cause,
                "cause_student": t.cause_student,
                "cause_offer": t.cause_offer,
                "binding": list(t.binding) if t.binding else None,
            }
            for t in verdict.tolerated
        ],
    }


def verify_json(certificate: Any) -> Mapping[str, Any]:
    """Check a certificate with the independent verifier."""
    return verdict_json(matching.verify_certificate(certificate))


def propose(
    round_: Round, run: Run, market: Market, result: matching.Matching, actor: Person
) -> None:
    """Let the run be the one under review: its placements are proposed, the earlier one's go."""
    round_.placements.filter(state=PlacementState.PROPOSED).delete()
    Placement.objects.bulk_create(
        [
            Placement(
                round=round_,
                participant_id=market.participants[student],
                offer_id=market.offers[offer],
                run=run,
                source=PlacementSource.OVERRIDE
                if student in result.pinned
                else PlacementSource.RUN,
                state=PlacementState.PROPOSED,
                student_rank=matching.student_rank(market.problem, student, offer),
            )
            for student, offer in sorted(result.offer_of.items())
        ],
        batch_size=1_000,
    )
    earlier = round_.official_run
    if earlier is not None and earlier.state in {RunState.VERIFIED, RunState.OFFICIAL}:
        supersede_run(earlier, actor=actor)
    round_.official_run = run
    before, round_.state = round_.state, RoundState.MATCHED
    round_.save(update_fields=["official_run", "state"])
    record(
        "selection.round.run",
        actor=actor,
        subject=round_,
        before={"state": before},
        after={
            "state": RoundState.MATCHED,
            "run": run.number,
            "digest": run.certificate_sha256,
            "count": len(result.offer_of),
        },
        decision=True,
    )
