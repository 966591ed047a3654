"""Why a round has no result, and what would help."""

from __future__ import annotations

from typing import Any

from cotutelle.core.access import check
from cotutelle.engines import matching
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.people.models import Person
from cotutelle.selection.enums import Algorithm
from cotutelle.selection.models import Round
from cotutelle.selection.queries.solving import diagnosis_json
from cotutelle.selection.services._common import rules_of
from cotutelle.selection.services.runs import market_of, require_regime, trial_seed
from cotutelle.selection.services.solving import Infeasible, solve, too_short

DIAGNOSIS_JOB = "selection.diagnose"
_DIAGNOSIS_SECONDS = 60.0


def start_diagnosis(round_: Round, *, actor: Person) -> Job:
    """Queue `diagnose_round` as a job. Refuses with ``run.regime``."""
    check(actor, "selection.run_round", round_)
    require_regime(round_)
    return start_job(
        DIAGNOSIS_JOB,
        actor=actor,
        unit=round_.unit,
        subject=round_,
        args={"round_id": round_.pk},
    )


def diagnose_round(round_: Round, *, actor: Person) -> dict[str, Any]:
    """
    Say whether the round as it stands has a result, and if not, why and what would help.

    Nothing is changed. The answer has ``inputs`` (the digest of what was looked at) and
    ``diagnosis``: ``None``, or ``how`` (``exact``: nothing can keep the rules; ``missed``: the
    algorithm did not reach minimum places), ``reasons`` (kind, key, value and perhaps got) and
    ``repairs`` (cost and changes: kind, key, before, after). Refuses with ``run.time`` and as `market_of`.
    """
    check(actor, "selection.run_round", round_)
    rules = rules_of(round_)
    problem = market_of(round_, seed=trial_seed(round_)).problem
    answer: dict[str, Any] = {"inputs": matching.input_sha256(problem), "diagnosis": None}
    if rules.algorithm == Algorithm.EXACT:
        try:
            found = matching.diagnose(problem, time_limit=_DIAGNOSIS_SECONDS)
        except TimeoutError as error:
            raise too_short() from error
        return answer | {"diagnosis": diagnosis_json(found) if found else None}
    try:
        solve(problem, rules)
    except Infeasible as error:
        return answer | {"diagnosis": error.diagnosis}
    return answer


def inputs_of(round_: Round) -> str:
    """Return the digest of the market as it stands, to tell whether a diagnosis still holds."""
    return matching.input_sha256(market_of(round_, seed=trial_seed(round_)).problem)
