"""Matching by the rules of a round, and why there is no result, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from cotutelle.engines import matching
from cotutelle.selection.enums import Algorithm
from cotutelle.selection.policy import RoundRules


def match_by_rules(
    problem: matching.MatchingProblem, rules: RoundRules, *, time_limit: float | None = None
) -> matching.Matching:
    """
    Match as the rules say; ``time_limit`` (seconds) stands in for theirs.

    Raises
    ------
    Infeasible, LowerQuotaMissed, Unsupported, TimeoutError
        As `matching.match`.
    """
    exact = rules.algorithm == Algorithm.EXACT  # only it chooses among equally large results
    return matching.match(
        problem,
        algorithm=cast("matching.Algorithm", str(rules.algorithm)),
        objective=cast("matching.Objective", str(rules.objective) if exact else "size"),
        time_limit=float(rules.time_limit) if time_limit is None else time_limit,
        order=cast("tuple[matching.Priority, ...]", tuple(rules.lower_order.split(","))),
    )


def diagnosis_json(found: matching.Diagnosis) -> dict[str, Any]:
    """Return reasons and repairs; ``how`` is ``exact``: nothing can keep the rules."""
    return {
        "how": "exact",
        "reasons": [
            {"kind": rule.kind, "key": _plain(rule.key), "value": rule.value}
            for rule in found.reasons
        ],
        "repairs": [
            {
                "cost": repair.cost,
                "changes": [
                    {
                        "kind": change.kind,
                        "key": _plain(change.key),
                        "before": change.before,
                        "after": change.after,
                    }
                    for change in repair.changes
                ],
            }
            for repair in found.repairs
        ],
    }


def missed_json(error: matching.LowerQuotaMissed) -> dict[str, Any]:
    """Return the minimum places an algorithm did not reach (``how``: ``missed``)."""
    rows = [
        {"kind": f"{one.level}_lower", "key": one.key, "value": one.minimum, "got": one.got}
        for one in error.missed
    ]
    changes = [
        {"kind": row["kind"], "key": row["key"], "before": row["value"], "after": row["got"]}
        for row in rows
    ]
    cost = sum(one.minimum - one.got for one in error.missed)
    return {"how": "missed", "reasons": rows, "repairs": [{"cost": cost, "changes": changes}]}


def _plain(key: str | Iterable[str]) -> str | list[str]:
    return key if isinstance(key, str) else list(key)
