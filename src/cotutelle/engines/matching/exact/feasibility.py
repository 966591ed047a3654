"""
Can the rules of a market be kept together, stability left aside? Any of them can be suspended.

Students, offers, mentors and groups with weights 1 make a network with whole capacities; with
weights it is a small integer programme. Either way one model is kept and only bounds change.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from time import monotonic
from typing import Any

from ortools.math_opt.python import mathopt
from ortools.sat import sat_parameters_pb2

from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.exact.pairs import chain_of
from cotutelle.engines.matching.infeasibility import Rule, RuleKind
from cotutelle.engines.matching.preferences import listed_ids
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Level

PlaceKey = tuple[Level, str]

LOWER: dict[Level, RuleKind] = {
    "offer": "offer_lower", "mentor": "mentor_lower", "group": "group_lower",
}  # fmt: skip
UPPER: dict[Level, RuleKind] = {
    "offer": "offer_quota", "mentor": "mentor_quota", "group": "group_quota",
}  # fmt: skip


def tables_of(problem: MatchingProblem) -> list[tuple[Level, dict[str, Any]]]:
    """Return new tables of everything that has quotas."""
    return [
        ("offer", dict(problem.offers)),
        ("mentor", dict(problem.mentors)),
        ("group", dict(problem.groups)),
    ]


class Edges:
    """
    Who may sit where, and by what rule not.

    Attributes
    ----------
    accepted
        Pairs who listed each other, banned ones too.
    one_sided
        Pairs of whom only one listed the other.
    """

    def __init__(self, problem: MatchingProblem) -> None:
        self.problem = problem
        offers_of: dict[str, list[OfferId]] = defaultdict(list)
        for offer_id in sorted(problem.offers):
            offers_of[problem.offers[offer_id].mentor_id].append(offer_id)
        by_student = {
            (student, offer)
            for student, preferences in problem.student_preferences.items()
            for offer in listed_ids(preferences)
        }
        by_mentor = {
            (student, offer)
            for mentor_id, mentor in problem.mentors.items()
            for student in listed_ids(mentor.preferences)
            for offer in offers_of[mentor_id]
        }
        self.accepted = sorted(by_student & by_mentor)
        self.one_sided = sorted((by_student ^ by_mentor) - problem.bans.keys())


class Network:
    """
    The feasibility of a market as one model.

    Parameters
    ----------
    problem
        The market.
    """

    def __init__(self, problem: MatchingProblem) -> None:
        self.programme = mathopt.Model(name="feasibility")
        self.edges: dict[tuple[StudentId, OfferId], mathopt.Variable] = {}
        self.pinned: dict[StudentId, mathopt.Variable] = {}
        self.rows: dict[PlaceKey, mathopt.LinearConstraint] = {}
        self._problem = problem
        one_each: dict[StudentId, mathopt.LinearConstraint] = {}
        for student in sorted(problem.student_preferences):
            one_each[student] = self.programme.add_linear_constraint(ub=1)
        for level, table in tables_of(problem):
            for key in sorted(table):
                self.rows[level, key] = self.programme.add_linear_constraint()
        for student, offer in Edges(problem).accepted:
            if problem.pins.get(student) is None or problem.pins[student].offer_id != offer:
                self.edges[student, offer] = self._edge(one_each[student], offer)
        for student in sorted(problem.pins):
            self.pinned[student] = self._edge(one_each[student], problem.pins[student].offer_id)
        self.rules = [*self._quota_rules(), *self._other_rules()]

    def _edge(self, one_each: mathopt.LinearConstraint, offer: OfferId) -> mathopt.Variable:
        edge = self.programme.add_binary_variable()
        one_each.set_coefficient(edge, 1)
        for level, key in chain_of(self._problem, offer):
            take = 1 if level == "offer" else self._problem.offers[offer].weight
            self.rows[level, key].set_coefficient(edge, take)
        return edge

    def _quota_rules(self) -> list[Rule]:
        rules = []
        for level, table in tables_of(self._problem):
            for key in sorted(table):
                owner = table[key]
                if owner.lower_quota:
                    rules.append(Rule(LOWER[level], key, owner.lower_quota))
                if owner.quota is not None:
                    rules.append(Rule(UPPER[level], key, owner.quota))
        return rules

    def _other_rules(self) -> list[Rule]:
        problem = self._problem
        return [
            *(Rule("pin", student, problem.pins[student].offer_id) for student in self.pinned),
            *(
                Rule("ban", pair, problem.bans[pair].kind)
                for pair in sorted(problem.bans)
                if pair in self.edges
            ),
        ]

    def can_keep(self, rules: Collection[Rule], *, deadline: float) -> bool | None:
        """Say whether these rules can be kept together; None when the time was too short."""
        self._enforce(rules)
        left = deadline - monotonic()
        if left <= 0:
            return None
        result = mathopt.solve(
            self.programme,
            mathopt.SolverType.CP_SAT,
            params=mathopt.SolveParameters(
                time_limit=timedelta(seconds=left),
                threads=1,
                random_seed=1,
                cp_sat=sat_parameters_pb2.SatParameters(linearization_level=2),
            ),
        )
        reason = result.termination.reason
        if reason in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE):
            return True
        return False if reason == mathopt.TerminationReason.INFEASIBLE else None

    def _enforce(self, rules: Collection[Rule]) -> None:
        for row in self.rows.values():
            row.lower_bound, row.upper_bound = -math.inf, math.inf
        for edge in self.edges.values():
            edge.upper_bound = 1
        for edge in self.pinned.values():
            edge.lower_bound = 0
        levels = {kind: level for level, kind in (*LOWER.items(), *UPPER.items())}
        lowers = set(LOWER.values())
        for rule in rules:
            key: Any = rule.key  # of the shape that the kind says
            if rule.kind == "pin":
                self.pinned[key].lower_bound = 1
            elif rule.kind == "ban":
                self.edges[key].upper_bound = 0
            elif rule.kind in lowers:
                self.rows[levels[rule.kind], key].lower_bound = rule.value
            else:
                self.rows[levels[rule.kind], key].upper_bound = rule.value
