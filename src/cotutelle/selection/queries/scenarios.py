"""Reads of the what-if room: who sees a scenario, and the market it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet

from cotutelle.decisions.models import Run
from cotutelle.decisions.queries import runs_of
from cotutelle.engines import matching
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person
from cotutelle.selection.enums import Regime, RoundState
from cotutelle.selection.models import Round, Scenario
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.problem import build_problem, order_of_units, problem_of
from cotutelle.selection.queries.review import RUN_KIND
from cotutelle.selection.queries.scenario_edits import apply_edits
from cotutelle.selection.queries.scenario_outcomes import Outcome
from cotutelle.selection.rules import REVIEWERS

#: While a round is here, a scenario may start from it as it stands.
LIVE = (RoundState.ANSWERING, RoundState.CLOSED, RoundState.MATCHED)
#: Rules a scenario may change.
RULE_NAMES = (
    "algorithm",
    "objective",
    "lower_order",
    "time_limit",
    "mentor_answer",
    "silent_mentor",
    "uses_scores",
    "ties_by_score",
    "same_discipline_only",
)
#: Those that shape mentors' lists and bans, not only the way of matching.
SHAPING = ("mentor_answer", "silent_mentor", "uses_scores", "ties_by_score", "same_discipline_only")
_OWN_RUNS, _OTHER_RUNS = 20, 50
#: What a list of runs does not need; of a large round it is megabytes each.
_LARGE = ("certificate", "result", "verdict")


@dataclass(frozen=True, slots=True)
class Base:
    """
    What a scenario starts from.

    Attributes
    ----------
    round
        Whose students and mentors these are.
    problem, rules
        The market and the rules it was, or would be, matched by.
    given
        The result of the run; ``None`` where the round as it stands is the base.
    run
        That run.
    """

    round: Round
    problem: matching.MatchingProblem
    rules: RoundRules
    given: Mapping[str, str] | None = None
    run: Run | None = None


def scenarios_visible_to(actor: Person) -> QuerySet[Scenario]:
    """Return the scenarios of rounds the actor reviews, whose base they review too."""
    units = [g.unit for g in actor.active_grants if g.role in REVIEWERS]
    return Scenario.objects.filter(
        below(units, "round__unit__path"),
        Q(base__isnull=True) | below(units, "base__unit__path"),
    ).select_related(
        "round__unit", "round__cohort", "round__policy", "base", "created_by"
    ).defer(*(f"base__{name}" for name in _LARGE))  # fmt: skip


def bases_for(round_: Round, actor: Person) -> list[tuple[Run | None, Round]]:
    """Return what a scenario filed at ``round_`` may start from, with the round it belongs to."""
    found: list[tuple[Run | None, Round]] = []
    regime = RoundRules.from_parameters(round_.policy.parameters).regime
    if round_.state in LIVE and regime == Regime.DEFERRED_ACCEPTANCE:
        found.append((None, round_))
    found += [(run, round_) for run in runs_of(round_, RUN_KIND)[:_OWN_RUNS]]
    units = [g.unit for g in actor.active_grants if g.role in REVIEWERS]
    others = (
        Round.objects.filter(
            below(units),
            official_run__isnull=False,
            state__in=(RoundState.PUBLISHED, RoundState.CONFIRMED),
        )
        .exclude(pk=round_.pk)
        .select_related("official_run", "unit", "policy")
        .defer(*(f"official_run__{name}" for name in _LARGE))
        .order_by("-quota_year", "-id")
    )
    return found + [(one.official_run, one) for one in others[:_OTHER_RUNS]]


def round_of_run(run: Run) -> Round:
    """Return the round that a matching run is about."""
    return Round.objects.select_related("unit", "cohort", "policy").get(pk=run.subject_id)


def home_of(scenario: Scenario) -> Round:
    """Return the round whose students and mentors the scenario is about."""
    return round_of_run(scenario.base) if scenario.base else scenario.round


def base_of(scenario: Scenario) -> Base:
    """
    Return the market before edits and other rules.

    Raises
    ------
    InvalidProblem
        The round as it stands is no market: a pin against a conflict or beyond the places.
    """
    if run := scenario.base:
        return Base(
            round_of_run(run),
            problem_of(run.certificate["inputs"]),
            base_rules_of(scenario),
            run.result["offer_of"],
            run,
        )
    round_ = scenario.round
    problem = build_problem(round_, seed=seed_of(round_)).problem
    return Base(round_, problem, base_rules_of(scenario))


def seed_of(round_: Round) -> str:
    """Return the published seed, before that one drawn from its digest: nobody fishes for a result."""
    return round_.seed if round_.seed_published_at else f"trial:{round_.seed_commitment}"


def base_rules_of(scenario: Scenario) -> RoundRules:
    """Return the rules of what the scenario starts from."""
    policy = scenario.base.policy if scenario.base else scenario.round.policy
    return RoundRules.from_parameters(policy.parameters)


def rules_of(scenario: Scenario) -> RoundRules:
    """Return the rules of the scenario."""
    return replace(base_rules_of(scenario), **scenario.rules)


def edited(scenario: Scenario, base: Base) -> tuple[matching.MatchingProblem, int]:
    """
    Return the market of the scenario, and how many mentors' answers could not be read again.

    Raises
    ------
    UnknownEdit, InvalidProblem
        As `apply_edits`.
    """
    rules = rules_of(scenario)
    problem, kept = base.problem, 0
    if any(getattr(rules, name) != getattr(base.rules, name) for name in SHAPING):
        problem, kept = _reshaped(base, rules)
    order: Sequence[Sequence[str]] = ()
    if any(one["kind"] == "cap" for one in scenario.edits):
        present = problem.student_preferences
        tiers = ([s for s in tier if s in present] for tier in order_of_units(base.round))
        order = [tier for tier in tiers if tier]
    return apply_edits(problem, scenario.edits, order=order), kept


def _reshaped(base: Base, rules: RoundRules) -> tuple[matching.MatchingProblem, int]:
    """
    Read the answers again under other rules.

    Of a run, only where the rows still give what the run took in: what was erased or changed
    since stays as it was then.
    """
    old = _as_it_would_be(base.round, base.rules, base.problem)
    new = _as_it_would_be(base.round, rules, base.problem)
    mentors, kept = dict(base.problem.mentors), 0
    for key, mentor in mentors.items():
        was, now = old.mentors.get(key), new.mentors.get(key)
        if was is None or now is None or not _same(was, mentor):
            kept += bool(mentor.preferences)
        elif not _same(was, now):
            mentors[key] = replace(mentor, preferences=now.preferences)
    listed, offers = base.problem.student_preferences, base.problem.offers
    bans = {pair: ban for pair, ban in base.problem.bans.items() if pair not in old.bans}
    bans |= {pair: b for pair, b in new.bans.items() if pair[0] in listed and pair[1] in offers}
    return replace(base.problem, mentors=mentors, bans=bans), kept


def _same(one: matching.Mentor, other: matching.Mentor) -> bool:
    return [sorted(tier) for tier in matching.tie_groups(one.preferences)] == [
        sorted(tier) for tier in matching.tie_groups(other.preferences)
    ]


def _as_it_would_be(
    round_: Round, rules: RoundRules, base: matching.MatchingProblem
) -> matching.MatchingProblem:
    """Build the round under ``rules``; the row of the policy is not touched."""
    copy = Round.objects.select_related("policy").get(pk=round_.pk)
    copy.policy.parameters = rules.as_parameters()
    return build_problem(copy, seed=base.seed, as_answered=True).problem


def outcome_of_base(base: Base) -> Outcome | None:
    """Return the result of the base run; ``None`` where it has yet to be computed."""
    if base.run is None or base.given is None:
        return None
    result: Mapping[str, Any] = base.run.result
    return Outcome(
        base.problem,
        base.given,
        result.get("status", "stable"),
        result.get("bound"),
        tuple(base.run.verdict.get("tolerated", ())),
    )
