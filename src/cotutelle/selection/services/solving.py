"""Solving a market, with what may go wrong as refusals people can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation
from cotutelle.engines import matching
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.solving import diagnosis_json, match_by_rules, missed_json

_PREVIEW_SECONDS = 5.0


class Infeasible(RuleViolation):
    """``run.infeasible``: no result keeps all rules; ``diagnosis`` is plain JSON, see `diagnose_round`."""

    def __init__(self, diagnosis: Mapping[str, Any]) -> None:
        super().__init__(
            "run.infeasible",
            _(
                "No result keeps all places and minimum places of this round. Nothing was "
                "changed; see the reasons and what would help."
            ),
        )
        self.diagnosis = diagnosis


def solve(problem: matching.MatchingProblem, rules: RoundRules) -> matching.Matching:
    """
    Match by the algorithm of ``rules``, within their time.

    Refuses with ``run.infeasible``, ``run.algorithm`` and ``run.time``.
    """
    try:
        return match_by_rules(problem, rules)
    except matching.Infeasible as error:
        raise Infeasible(diagnosis_json(error.diagnosis)) from error
    except matching.LowerQuotaMissed as error:
        raise Infeasible(missed_json(error)) from error
    except TimeoutError as error:
        raise too_short() from error
    except matching.Unsupported as error:
        raise RuleViolation("run.algorithm", unsupported_words(error)) from error


def too_short() -> RuleViolation:
    """Return the refusal of a search that its time did not suffice for."""
    return RuleViolation(
        "run.time", _("The time was too short to tell. Allow more time in the rules of the round.")
    )


def unsupported_words(error: matching.Unsupported) -> str:
    """Say what the algorithm of the rules cannot count, and which can."""
    return {
        "offers": _("Offers that count as more than one place need the exact way of matching."),
        "groups": _(
            "Promotion knows no places of units; use deferred acceptance or the exact way."
        ),
    }[error.argument]


def quick_match(problem: matching.MatchingProblem) -> matching.Matching:
    """
    Match for a preview in a page: by deferred acceptance, minimum places left aside.

    Where students take several places each, by the exact algorithm within a few seconds. Refuses
    with ``run.time`` what could not be proven by then: it would name the wrong people.
    """
    free = replace(
        problem,
        offers={k: replace(o, lower_quota=0) for k, o in problem.offers.items()},
        mentors={k: replace(m, lower_quota=0) for k, m in problem.mentors.items()},
        groups={k: replace(g, lower_quota=0) for k, g in problem.groups.items()},
    )
    if all(offer.weight == 1 for offer in free.offers.values()):
        return matching.match_students(free)
    try:
        found = matching.match(free, algorithm="exact", time_limit=_PREVIEW_SECONDS)
    except TimeoutError as error:
        raise too_short() from error
    if found.status != "optimal":
        raise too_short()
    return found
