"""The order in which a conflict is looked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.diagnosis.closeness import CloseEnough, without_plan
from cotutelle.engines.rotation.diagnosis.cores import Core, find_core
from cotutelle.engines.rotation.diagnosis.findings import Finding, arithmetic, least_missing
from cotutelle.engines.rotation.diagnosis.model import RuleModel
from cotutelle.engines.rotation.diagnosis.repairs import find_repairs
from cotutelle.engines.rotation.diagnosis.scope import (
    Scope,
    around_wards,
    merged,
    places_of,
    size_of,
    whole_trainees,
)
from cotutelle.engines.rotation.placement import Cell
from cotutelle.engines.rotation.plan import Plan
from cotutelle.engines.rotation.problem import RotationProblem
from cotutelle.engines.rotation.rules import WAIVERS, Kind, Repair, Rule
from cotutelle.engines.rotation.solving import plan_rotations
from cotutelle.engines.rotation.validation import validate_problem

_SMALL = 10_000
"""Starts of blocks up to which repairs look at all blocks of the trainees concerned at once."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    Why there is no plan.

    Parameters
    ----------
    is_feasible
        Whether a plan exists; ``None`` where neither was shown in the time given.
    findings
        What arithmetic alone shows.
    elastic
        The plan that comes closest (or one that keeps all rules, when ``is_feasible``); who has
        no plan even alone has no stays in it. ``None`` when there is nobody else.
    core
        Rules that clash; empty when none were isolated in time.
    is_irreducible
        Without any one of them the others can be kept.
    repairs
        The smallest changes that work, easiest to ask for first. None are offered where only
        the national curriculum is in the way.
    cpu_seconds
        Processor time spent.
    """

    is_feasible: bool | None
    findings: tuple[Finding, ...]
    elastic: Plan | None
    core: tuple[Rule, ...]
    is_irreducible: bool
    repairs: tuple[Repair, ...]
    cpu_seconds: float

    @property
    def is_beyond_waiving(self) -> bool:
        """Whether the rules that clash are all such that nobody may waive them."""
        return bool(self.core) and all(rule.waiver == "nobody" for rule in self.core)


def diagnose(problem: RotationProblem, *, time_limit: float = 10.0, seed: int = 0) -> Diagnosis:
    """
    Say whether a problem has a plan, and if not, why and what would help.

    Parameters
    ----------
    problem
        A valid problem.
    time_limit
        Seconds of wall time.
    seed
        Of the searches.

    Returns
    -------
    See `Diagnosis`.

    Raises
    ------
    InvalidProblem
        The problem makes no sense.

    Notes
    -----
    An irreducible infeasible set by deletion (Chinneck and Dravnieks, *Locating minimal
    infeasible constraint sets in linear programs*, ORSA J. Computing 1991) and minimal correction
    sets by minimising the weight of what is waived.
    """
    validate_problem(problem)
    return _Search(problem, time_limit, seed).run()


class _Search:
    def __init__(self, problem: RotationProblem, time_limit: float, seed: int) -> None:
        self.problem, self.time_limit, self.seed = problem, time_limit, seed
        self.began, self.cpu = time.monotonic(), time.process_time()

    def left(self, share: float = 1.0) -> float:
        """Seconds until ``share`` of the time is used up."""
        return self.time_limit * share - (time.monotonic() - self.began)

    def run(self) -> Diagnosis:
        hopeless = without_plan(self.problem)
        findings = (*arithmetic(self.problem), *self.own_rules(hopeless))
        core = self.core_of(self.sure_scopes(hopeless, findings), 0.4)
        enough = CloseEnough(least_missing(findings), is_hopeless=bool(findings))
        elastic = self.closest(hopeless, enough, 0.6 if not findings else 0.5)
        if elastic is not None and not hopeless and not check_plan(self.problem, elastic.stays):
            return self.result(True, findings, elastic, None, ())
        crowded = {*elastic.over, *elastic.under} if elastic else set()
        if core is None:
            core = self.core_of(self.scopes(crowded), 0.75)
        if core is None and not findings:
            return self.result(None, findings, elastic, None, ())
        scope = whole_trainees(self.problem, hopeless)
        if crowded:
            near = around_wards(self.problem, crowded, whole=True)
            is_small = size_of(self.problem, near) <= _SMALL
            scope |= near if is_small else around_wards(self.problem, crowded, whole=False)
        repairs = find_repairs(self.problem, scope, elastic, self.left)
        return self.result(False, findings, elastic, core, repairs)

    def own_rules(self, hopeless: list[str]) -> Iterator[Finding]:
        """Name, for those without a plan alone, the kinds of rule that are each in the way."""
        for trainee in hopeless:
            model = RuleModel(self.problem, whole_trainees(self.problem, [trainee]))
            kinds: list[Kind] = [
                kind
                for kind in WAIVERS
                if self.left(0.2) > 0
                and any(rule.kind == kind for rule in model.rules)
                and model.solve([rule for rule in model.rules if rule.kind != kind], 1.0)
            ]
            yield Finding("trainee", trainee=trainee, kinds=tuple(kinds))

    def sure_scopes(self, hopeless: list[str], findings: tuple[Finding, ...]) -> Iterator[Scope]:
        """Yield the parts that are known to hold a conflict, the smallest first."""
        for trainee in hopeless:
            yield whole_trainees(self.problem, [trainee])
        for finding in findings:
            if finding.code == "places" and finding.periods is not None:
                yield self.places_scope(finding)
            elif finding.code == "minimum" and finding.periods is not None:
                cells = _cells(finding)
                yield replace(around_wards(self.problem, cells, whole=False), cells=frozenset())

    def places_scope(self, finding: Finding) -> Scope:
        wards = set(finding.wards)
        blocks = {
            trainee.id: frozenset(b.id for b in trainee.blocks if wards & set(b.wards))
            for trainee in self.problem.trainees
        }
        scope = places_of(self.problem, wards, {t: mine for t, mine in blocks.items() if mine})
        return replace(scope, cells=_cells(finding), floors=frozenset())

    def scopes(self, crowded: set[Cell]) -> Iterator[Scope]:
        """Yield growing parts around the places missing, up to the whole problem."""
        if not crowded:
            return
        yield around_wards(self.problem, crowded, whole=False)
        near = around_wards(self.problem, crowded, whole=True)
        yield near
        touched = {
            ward
            for trainee in self.problem.trainees
            if trainee.id in near.blocks
            for block in trainee.blocks
            for ward in block.wards
        }
        yield around_wards(self.problem, {(ward, 0) for ward in touched}, whole=True)

    def core_of(self, scopes: Iterator[Scope], share: float) -> Core | None:
        for scope in scopes:
            if self.left(share) <= 0:
                break
            found = find_core(self.problem, scope, lambda: self.left(share))
            if isinstance(found, Core):
                return found
        return None

    def closest(self, hopeless: list[str], enough: CloseEnough, share: float) -> Plan | None:
        """Plan everybody who has a plan alone, overdrawing places where it must be."""
        trainees = tuple(t for t in self.problem.trainees if t.id not in hopeless)
        if not trainees:
            return None
        previous = {t: s for t, s in self.problem.previous.items() if t not in hopeless}
        return plan_rotations(
            replace(self.problem, trainees=trainees, previous=previous),
            time_limit=max(1.0, self.left(share)),
            seed=self.seed,
            report=lambda progress: not enough(progress),
        )

    def result(
        self,
        is_feasible: bool | None,
        findings: tuple[Finding, ...],
        elastic: Plan | None,
        core: Core | None,
        repairs: tuple[Repair, ...],
    ) -> Diagnosis:
        return Diagnosis(
            is_feasible=is_feasible,
            findings=findings,
            elastic=elastic,
            core=merged(core.rules) if core else (),
            is_irreducible=core.is_irreducible if core else False,
            repairs=repairs,
            cpu_seconds=time.process_time() - self.cpu,
        )


def _cells(finding: Finding) -> frozenset[Cell]:
    first, last = finding.periods or (0, -1)
    return frozenset((ward, p) for ward in finding.wards for p in range(first, last + 1))
