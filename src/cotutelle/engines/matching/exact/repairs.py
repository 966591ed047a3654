"""
The smallest changes after which a market has a matching: an elastic programme.

Every rule may give: a minimum comes down, a quota goes up, a pin or a ban is lifted, one side of
a pair adds the other. A place changed counts one, and so does every pin, ban or pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic

from ortools.math_opt.python import mathopt

from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.exact.feasibility import LOWER, UPPER, Edges, Network, tables_of
from cotutelle.engines.matching.exact.pairs import chain_of
from cotutelle.engines.matching.infeasibility import Change, Repair, Rule, RuleKey
from cotutelle.engines.matching.preferences import listed_ids, tie_groups
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Level

_MOST_REPAIRS = 3


@dataclass(frozen=True, slots=True)
class _Give:
    """How far a rule gives, and whether it does at all; the same variable where it is one."""

    rule: Rule
    amount: mathopt.Variable
    given: mathopt.Variable
    sign: int


def find_repairs(problem: MatchingProblem, *, deadline: float) -> tuple[Repair, ...]:
    """
    Return up to three repairs, the cheapest first, none of which contains another's rules.

    Parameters
    ----------
    problem
        A market without a matching.
    deadline
        Of `time.monotonic`.

    Returns
    -------
    tuple of Repair
        Each has been tried: the changed market has a matching.
    """
    elastic = _Elastic(problem)
    found: list[Repair] = []
    while len(found) < _MOST_REPAIRS:
        changes = elastic.cheapest(deadline)
        if not changes:
            break
        repaired = apply_changes(problem, changes)
        network = Network(repaired)
        if network.can_keep(network.rules, deadline=deadline) is not True:
            break
        found.append(Repair(changes, sum(map(_cost, changes))))
    return tuple(found)


def _cost(change: Change) -> int:
    if isinstance(change.before, int) and isinstance(change.after, int):
        return abs(change.after - change.before)
    return 1


class _Elastic:
    """The programme; every call of `cheapest` shuts out what was found before."""

    def __init__(self, problem: MatchingProblem) -> None:
        self._problem = problem
        self._programme = mathopt.Model(name="repairs")
        self._gives: list[_Give] = []
        self._taken: dict[tuple[Level, str], list[tuple[mathopt.Variable, int]]] = {}
        self._sought = {
            (level, key)
            for level, table in tables_of(problem)
            for key, owner in table.items()
            if owner.lower_quota
        }
        of_student: dict[str, list[mathopt.Variable]] = {}
        for student, pin in sorted(problem.pins.items()):
            of_student[student] = [self._pinned(student, pin.offer_id)]
        self._add_pairs(of_student)
        for edges in of_student.values():
            self._programme.add_linear_constraint(mathopt.fast_sum(edges) <= 1)
        self._add_places()
        cost = mathopt.fast_sum(
            [give.amount * (len(self._gives) + 1) + give.given for give in self._gives]
        )
        self._programme.minimize(cost)

    def _pinned(self, student: str, offer: str) -> mathopt.Variable:
        stays, goes = self._edge(offer), self._programme.add_binary_variable()
        self._programme.add_linear_constraint(stays + goes == 1)
        self._gives.append(_Give(Rule("pin", student, offer), goes, goes, 0))
        return stays

    def _add_pairs(self, of_student: dict[str, list[mathopt.Variable]]) -> None:
        problem, edges = self._problem, Edges(self._problem)
        for student, offer in edges.accepted:
            ban = problem.bans.get((student, offer))
            if _is_pinned(problem, student, offer) or (ban and ban.kind == "conflict"):
                continue
            edge = self._edge(offer)
            of_student.setdefault(student, []).append(edge)
            if ban:
                self._gives.append(_Give(Rule("ban", (student, offer), ban.kind), edge, edge, 0))
        for student, offer in edges.one_sided:
            if _is_pinned(problem, student, offer):
                continue
            if self._sought.isdisjoint(chain_of(problem, offer)):
                continue  # nobody needs more students there
            edge = self._edge(offer)
            of_student.setdefault(student, []).append(edge)
            self._gives.append(_Give(Rule("acceptance", (student, offer), 0), edge, edge, 1))

    def _edge(self, offer: str) -> mathopt.Variable:
        edge = self._programme.add_binary_variable()
        for level, key in chain_of(self._problem, offer):
            take = 1 if level == "offer" else self._problem.offers[offer].weight
            self._taken.setdefault((level, key), []).append((edge, take))
        return edge

    def _add_places(self) -> None:
        for level, table in tables_of(self._problem):
            for key, owner in sorted(table.items()):
                terms = self._taken.get((level, key), [])
                total = mathopt.fast_sum([edge * take for edge, take in terms])
                most = sum(take for _, take in terms)
                if owner.lower_quota:
                    rule = Rule(LOWER[level], key, owner.lower_quota)
                    less = self._slack(rule, owner.lower_quota, -1)
                    self._programme.add_linear_constraint(total + less >= owner.lower_quota)
                if owner.quota is not None and owner.quota < most:
                    more = self._slack(Rule(UPPER[level], key, owner.quota), most - owner.quota, 1)
                    self._programme.add_linear_constraint(total - more <= owner.quota)

    def _slack(self, rule: Rule, most: int, sign: int) -> mathopt.Variable:
        amount = self._programme.add_integer_variable(lb=0, ub=most)
        given = self._programme.add_binary_variable()
        self._programme.add_linear_constraint(amount <= most * given)
        self._gives.append(_Give(rule, amount, given, sign))
        return amount

    def cheapest(self, deadline: float) -> tuple[Change, ...]:
        """Return the changes of the cheapest repair left; nothing when none is known."""
        left = deadline - monotonic()
        if left <= 0:
            return ()
        result = mathopt.solve(
            self._programme,
            mathopt.SolverType.HIGHS,  # close to a network: its relaxation is all but whole
            params=mathopt.SolveParameters(
                time_limit=timedelta(seconds=left), relative_gap_tolerance=0
            ),
        )
        if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
            return ()
        values = result.variable_values()
        given = [give for give in self._gives if round(values[give.amount])]
        self._programme.add_linear_constraint(
            mathopt.fast_sum([give.given for give in given]) <= len(given) - 1
        )
        changes = [_change(give, round(values[give.amount])) for give in given]
        return tuple(sorted(changes, key=lambda change: (change.kind, str(change.key))))


def _change(give: _Give, amount: int) -> Change:
    rule = give.rule
    if isinstance(rule.value, int):
        return Change(rule.kind, rule.key, rule.value, rule.value + give.sign * amount)
    return Change(rule.kind, rule.key, rule.value, None)


def _pair(key: RuleKey) -> tuple[StudentId, OfferId]:
    if isinstance(key, str):
        raise TypeError(f"key: {key!r} is no pair of student and offer")
    return key


def _is_pinned(problem: MatchingProblem, student: str, offer: str) -> bool:
    return student in problem.pins and problem.pins[student].offer_id == offer


def apply_changes(problem: MatchingProblem, changes: Iterable[Change]) -> MatchingProblem:
    """Return the market with these changes made; who is added to a list comes last there."""
    students = dict(problem.student_preferences)
    tables = dict(tables_of(problem))
    pins, bans = dict(problem.pins), dict(problem.bans)
    for change in changes:
        if change.kind == "pin":
            del pins[str(change.key)]
        elif change.kind == "ban":
            del bans[_pair(change.key)]
        elif change.kind == "acceptance":
            student, offer = _pair(change.key)
            if offer not in listed_ids(students[student]):
                students[student] = (*tie_groups(students[student]), (offer,))
            mentor_id = problem.offers[offer].mentor_id
            mentor = tables["mentor"][mentor_id]
            if student not in listed_ids(mentor.preferences):
                longer = (*tie_groups(mentor.preferences), (student,))
                tables["mentor"][mentor_id] = replace(mentor, preferences=longer)
        else:
            level, _, end = change.kind.partition("_")
            table = next(table for name, table in tables.items() if name == level)
            key = str(change.key)
            field = "lower_quota" if end == "lower" else "quota"
            table[key] = replace(table[key], **{field: change.after})
    return replace(
        problem,
        student_preferences=students,
        offers=tables["offer"],
        mentors=tables["mentor"],
        groups=tables["group"],
        pins=pins,
        bans=bans,
    )
