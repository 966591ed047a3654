"""An irreducible set of rules that cannot be kept together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cotutelle.engines.rotation.diagnosis.model import RuleModel, narrowed
from cotutelle.engines.rotation.diagnosis.scope import Scope
from cotutelle.engines.rotation.problem import RotationProblem
from cotutelle.engines.rotation.rules import Rule

_STEP_SECONDS = 5.0
_PROOF_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Core:
    """
    Rules that clash.

    Parameters
    ----------
    rules
        Each as small as can be (one trainee, one month).
    is_irreducible
        Without any one of them the others can be kept; each time a fresh solve said so.
    """

    rules: tuple[Rule, ...]
    is_irreducible: bool


def find_core(
    problem: RotationProblem, scope: Scope, left: Callable[[], float]
) -> Core | bool | None:
    """
    Look for rules that clash inside ``scope``.

    Rules are left out in large groups first (a trainee, a ward, a kind), then one by one; what
    remains is proved once more in a model that is built from those rules alone, without presolving
    (with it, where that takes too long).

    Parameters
    ----------
    problem
        A valid problem.
    scope
        The part looked at.
    left
        Seconds left.

    Returns
    -------
    The rules; ``True`` where all rules of the scope can be kept; ``None`` where time ran out.
    """
    model = RuleModel(problem, scope)
    fits = model.solve(model.rules, left())
    if fits is not False:
        return fits
    rules = _without_groups(model, model.rules, left)
    scope = narrowed(problem, scope, rules)
    kept, proved = _one_by_one(RuleModel(problem, scope), rules, left)
    again = RuleModel(problem, narrowed(problem, scope, kept), kept)
    if again.fits(_PROOF_SECONDS, presolve=False) is False or again.fits(_PROOF_SECONDS) is False:
        return Core(tuple(kept), proved)
    return None


def _without_groups(
    model: RuleModel, rules: Sequence[Rule], left: Callable[[], float]
) -> list[Rule]:
    kept = list(rules)
    for group_of in (_by_kind, _by_owner, _by_owner_and_kind):
        groups: dict[object, set[Rule]] = defaultdict(set)
        for rule in kept:
            groups[group_of(rule)].add(rule)
        ordered = sorted(groups.values(), key=lambda group: (-len(group), min(group)))
        kept = _drop_all(model, kept, ordered, left)
    return kept


def _drop_all(
    model: RuleModel, kept: list[Rule], groups: list[set[Rule]], left: Callable[[], float]
) -> list[Rule]:
    """Leave out groups, halves of the list of groups first."""
    width = max(1, len(groups) // 2)
    while left() > 0:
        waiting, groups = groups, []
        for begin in range(0, len(waiting), width):
            some = waiting[begin : begin + width]
            dropped = set().union(*some)
            fewer = [rule for rule in kept if rule not in dropped]
            if left() > 0 and model.solve(fewer, min(_STEP_SECONDS, left())) is False:
                kept = fewer
            else:
                groups += some
        if width == 1:
            break
        width //= 2
    return kept


def _one_by_one(
    model: RuleModel, rules: list[Rule], left: Callable[[], float]
) -> tuple[list[Rule], bool]:
    kept, proved = list(rules), True
    kept = _drop_all(model, kept, [{rule} for rule in rules], left)
    for rule in list(kept):
        fits = (
            model.solve([each for each in kept if each != rule], min(_STEP_SECONDS, left()))
            if left() > 0
            else None
        )
        if fits is False:
            kept.remove(rule)
        proved &= fits is not None
    return kept, proved


def _by_kind(rule: Rule) -> object:
    return rule.kind


def _by_owner(rule: Rule) -> object:
    return rule.trainees or rule.subjects


def _by_owner_and_kind(rule: Rule) -> object:
    return rule.trainees, rule.kind, rule.subjects
