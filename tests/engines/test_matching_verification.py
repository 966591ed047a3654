"""The verifier against brute force in markets with units, minimum quotas and weights."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from cotutelle.engines.matching import (
    Group,
    MatchingProblem,
    Mentor,
    Offer,
    build_certificate,
    match,
    match_students,
    verification,
    verification_market,
    verification_rules,
    verify_certificate,
    verify_matching,
)
from tests.engines.matching_draws import random_unit_market
from tests.engines.matching_oracle import Oracle
from tests.strategies import random_market

SHAPES: dict[str, dict[str, bool]] = {
    "units": {},
    "units, minima": {"minima": True},
    "units, weights": {"weights": True},
    "everything": {"minima": True, "weights": True},
}


def unit_markets(count: int, **shape: Any) -> list[MatchingProblem]:
    random = Random(20264)  # noqa: S311
    return [random_unit_market(random, **shape) for _ in range(count)]


def verifier_fault(
    problem: MatchingProblem, held: dict[str, str], algorithm: Any, verify: Any = verify_matching
) -> str:
    """Say where the verifier differs from the definition; empty when nowhere."""
    return next(_faults(problem, held, algorithm, verify), "")


def _faults(
    problem: MatchingProblem, held: dict[str, str], algorithm: Any, verify: Any
) -> Iterator[str]:
    weak, strict = Oracle(problem, strict=False), Oracle(problem, strict=True)
    verdict = verify(problem, held, algorithm=algorithm)
    by_lottery = algorithm == "deferred-acceptance"
    lottery = strict.blocking(held) - weak.blocking(held) if by_lottery else set()
    blocking = {(pair.student, pair.offer) for pair in verdict.blocking_pairs}
    if blocking != weak.blocking(held):
        yield f"blocking {blocking}, by definition {weak.blocking(held)}"
    found: dict[str, dict[tuple[str, str], Any]] = {"rule": {}, "cap": {}, "excuse": {}}
    kind_of = {"pin": "rule", "ban": "rule", "group_cap": "cap"}
    for item in verdict.tolerated:
        pair = item.pair.student, item.pair.offer
        found[kind_of.get(item.cause, "excuse")][pair] = item.binding
    if found["rule"].keys() != weak.tolerated(held) - lottery:
        yield f"tolerated {found['rule']}, by definition {weak.tolerated(held)}"
    capped = {pair: place for pair, place in weak.capped(held).items() if pair not in lottery}
    if found["cap"] != capped:
        yield f"apart by a cap {found['cap']}, by definition {capped}"
    minima = any(map(weak.lower, weak.places()))
    weights = any(offer.weight > 1 for offer in problem.offers.values())
    excused = blocking if algorithm == "exact" and (minima or weights) else set()
    if found["excuse"] != {(s, o): weak.binding(held, s, o) for s, o in excused}:
        yield f"excused {found['excuse']}"
    causes = {item.cause for item in verdict.tolerated} & {"lower_quota", "weight"}
    if excused and causes != {"lower_quota" if minima else "weight"}:
        yield f"causes {causes}"
    codes = [violation.code for violation in verdict.problems]
    if codes.count("blocking_pair") != len(blocking - excused):
        yield f"codes {codes}"
    if codes.count("lottery") != len(lottery):
        yield f"codes {codes}, lost ties {lottery}"
    if verdict.ok != (blocking <= excused and not lottery):
        yield "a wrong verdict"


@pytest.mark.parametrize("algorithm", ["deferred-acceptance", "promotion", "exact"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_verifier_names_the_pairs_of_the_definition(shape: str, algorithm: str) -> None:
    for problem in unit_markets(250, **SHAPES[shape]):
        for held in Oracle(problem, strict=False).feasible():
            assert verifier_fault(problem, held, algorithm) == ""


@pytest.mark.parametrize("algorithm", ["deferred-acceptance", "promotion", "exact"])
def test_it_does_so_in_markets_without_units(algorithm: str) -> None:
    random = Random(20265)  # noqa: S311
    for problem in (random_market(random) for _ in range(250)):
        for held in Oracle(problem, strict=False).feasible():
            assert verifier_fault(problem, held, algorithm) == ""


def test_the_order_of_a_unit_is_that_of_the_merge() -> None:
    for problem in unit_markets(400, students=5, offers=5):
        market = verification_market.Market(problem, {})
        oracle = Oracle(problem, strict=True)
        for group, positions in market.position_of.items():
            assert sorted(positions, key=positions.__getitem__) == oracle.orders[group]


def test_deferred_acceptance_with_units_is_the_best_stable_matching_for_every_student() -> None:
    stable_ones = 0
    for problem in unit_markets(800, students=4, offers=3):
        held = match_students(problem).offer_of
        strict = Oracle(problem, strict=True)
        stable = strict.stable()
        stable_ones += len(stable)
        assert held in stable
        assert verify_matching(problem, held).problems == ()
        for student in problem.student_preferences.keys() - problem.pins.keys():
            assert strict.level(held, student) == strict.best_of(stable, student)
    assert stable_ones > 800, "markets with several stable matchings are among them"


def _clinic(**changes: Any) -> MatchingProblem:
    """Two mentors of a clinic with three places, who both rank s1 and s2 equal."""
    arguments: dict[str, Any] = {
        "student_preferences": {"s1": ["a", "b"], "s2": ["a", "b"], "s3": ["b"], "s4": ["a", "b"]},
        "offers": {"a": Offer("wang", 2), "b": Offer("li", 2)},
        "mentors": {
            "wang": Mentor(2, [["s1", "s2"], "s4"], group_id="ward"),
            "li": Mentor(2, ["s3", ["s1", "s2"], "s4"], group_id="clinic"),
        },
        "groups": {"clinic": Group(3, 0, None, ["s3"]), "ward": Group(1, 0, "clinic")},
    }
    return MatchingProblem(**arguments | changes)


def test_a_result_with_units_passes_and_planted_mistakes_do_not() -> None:
    held = match_students(_clinic()).offer_of

    assert held == {"s1": "a", "s2": "b", "s3": "b"}
    assert verify_matching(_clinic(), held).problems == ()


#: Another result or market, how it was found, and what is wrong.
PLANTED: dict[str, tuple[dict[str, str], dict[str, Any], str, set[str]]] = {
    "a ward beyond its places": (
        {"s1": "a", "s2": "a", "s3": "b"},
        {},
        "promotion",
        {"group_over_quota: group 'ward' holds 2 places, the quota is 1"},
    ),
    "a clinic beyond its places, by weight": (
        {"s1": "a", "s2": "b", "s3": "b"},
        {"offers": {"a": Offer("wang", 2, weight=2), "b": Offer("li", 2)},
         "groups": {"clinic": Group(3), "ward": Group(2, 0, "clinic")}},
        "exact",
        {"group_over_quota: group 'clinic' holds 4 places, the quota is 3"},
    ),
    "a minimum of an offer": (
        {"s1": "a", "s2": "b", "s3": "b"},
        {"offers": {"a": Offer("wang", 2, 2), "b": Offer("li", 2)}},
        "exact",
        {"lower_quota_missed: offer 'a' holds 1 students, the minimum is 2"},
    ),
    "a minimum of a mentor": (
        {"s1": "a", "s2": "b", "s3": "b"},
        {"mentors": {"wang": Mentor(2, [["s1", "s2"]], 2, "ward"),
                     "li": Mentor(2, ["s3", "s2"], 0, "clinic")}},
        "exact",
        {"lower_quota_missed: mentor 'wang' holds 1 places, the minimum is 2"},
    ),
    "a minimum of a group": (
        {"s3": "b"},
        {"groups": {"clinic": Group(3, 2), "ward": Group(1, 0, "clinic")}},
        "exact",
        {"lower_quota_missed: group 'clinic' holds 1 places, the minimum is 2"},
    ),
    "a place of the clinic left free": (
        {"s1": "a", "s3": "b"},
        {},
        "exact",
        {"blocking_pair: student 's2' and mentor 'li' would both rather have each other at offer"
         " 'b' (both_have_room)",
         "blocking_pair: student 's4' and mentor 'li' would both rather have each other at offer"
         " 'b' (both_have_room)"},
    ),
    "somebody the ward likes less": (
        {"s4": "a", "s2": "b", "s3": "b"},
        {},
        "promotion",
        {"blocking_pair: student 's1' and mentor 'wang' would both rather have each other at"
         " offer 'a' (group_full)",
         "blocking_pair: student 's2' and mentor 'wang' would both rather have each other at"
         " offer 'a' (group_full)"},
    ),
    "a tie in the ward against the lottery": (
        {"s2": "a", "s1": "b", "s3": "b"},
        {},
        "deferred-acceptance",
        {"lottery: student 's1' won the tie for offer 'a' and lost it"},
    ),
    "the same tie where no lottery is promised": (
        {"s2": "a", "s1": "b", "s3": "b"},
        {},
        "exact",
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_mistake_planted_in_a_result_is_named(name: str) -> None:
    held, changes, algorithm, problems = PLANTED[name]

    verdict = verify_matching(_clinic(**changes), held, algorithm=algorithm)  # type: ignore[arg-type]

    assert problems <= {str(problem) for problem in verdict.problems}
    assert verdict.ok == (not problems)


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ValueError, match="algorithm: 'magic' is unknown"):
        verify_matching(_clinic(), {}, algorithm="magic")  # type: ignore[arg-type]


def _value(oracle: Oracle, held: Mapping[str, str], order: tuple[str, ...]) -> list[int]:
    value = {"blocking": len(oracle.blocking(held)), "size": -len(held)}
    return [value[name] for name in order]


@pytest.mark.parametrize("order", [("blocking", "size"), ("size", "blocking")])
@pytest.mark.parametrize("shape", ["units, minima", "everything"])
def test_exact_results_are_the_best_by_the_same_definition_and_certified(
    shape: str, order: Any
) -> None:
    certified = 0
    for problem in unit_markets(120, students=4, **SHAPES[shape]):
        oracle = Oracle(problem, strict=False)
        feasible = list(oracle.feasible())
        flexible = any(map(oracle.lower, oracle.places())) or any(
            offer.weight > 1 for offer in problem.offers.values()
        )
        if not feasible or not flexible:
            continue
        matching = match(problem, algorithm="exact", order=order)
        best = min(_value(oracle, held, order) for held in feasible)
        assert _value(oracle, matching.offer_of, order) == best
        assert verify_certificate(build_certificate(problem, matching)).problems == ()
        certified += 1
    assert certified > 15


MUTANTS: dict[str, tuple[ModuleType, str, str]] = {
    "same mentor forgotten": (
        verification,
        " or (mentor_id == own_mentor and rank < inside)",
        "",
    ),
    "strictness lost": (verification_market, "weak and ends else", "ends and False else"),
    "student's tie ignored": (verification, "return wanted != held", "return wanted != -1"),
    "offer closed too early": (
        verification,
        'market.limit(("offer", offer_id), 1)',
        'market.limit(("offer", offer_id), 2)',
    ),
    "mentor closed too early": (
        verification,
        "offer.mentor_id), offer.weight)",
        "offer.mentor_id), offer.weight + 1)",
    ),
    "quotas one too large": (
        verification_market,
        "self.count(place, offer_id) > quota:",
        "self.count(place, offer_id) > quota + 1:",
    ),
    "pinned students count as free": (
        verification_market,
        "self.problem.pins if pinned_stay else ()",
        "()",
    ),
    "pinned students may move": (verification, "if student in problem.pins:", "if False:"),
    "bans ignored": (verification, "problem.bans.get((student, offer_id))", "None"),
    "lottery not checked": (verification, "if self._by_lottery and", "if False and"),
    "units ignored": (verification_market, "if quota is None:", 'if place[0] == "group":'),
    "the unit the student is in asks nothing": (
        verification_market,
        "if quota is None:",
        "if quota is None or (current and place in self.places(current)[2:]):",
    ),
    "nobody gives up a place by moving with the mentor": (
        verification_market,
        "if current is not None and place == desk:",
        "if False:",
    ),
    "only the innermost unit counts": (
        verification_market,
        "group_id = self.problem.groups[group_id].parent_id",
        "group_id = None",
    ),
    "order of the unit without its priority": (
        verification_market,
        "(priority[application[0]], child, application)",
        "(0, child, application)",
    ),
    "of one student's two applications the later child's first": (
        verification_market,
        "(priority[application[0]], child, application)",
        "(priority[application[0]], -child, application)",
    ),
    "priorities of units by list alone": (
        verification_market,
        "dict.fromkeys([*listed, *by_lottery])",
        "dict.fromkeys([*listed, *sorted(by_lottery)])",
    ),
    "equals of the mentor lost in the unit": (
        verification_market,
        "ahead += equals.before(end)",
        "ahead += 0 * equals.before(end)",
    ),
    "weights count one": (
        verification_market,
        '1 if place[0] == "offer" else self.problem.offers[offer_id].weight',
        "1",
    ),
    "minimum not named": (verification, "self._missed_by_moving(pair) or self._tight", "None"),
    "first tight minimum forgotten": (verification, "(pair) or self._tight", "(pair)"),
    "move within the minimum breaks it": (
        verification,
        "left += market.count(place, pair.offer)",
        "left += 0",
    ),
    "blocking pairs excused without cause": (
        verification,
        'algorithm == "exact" and (self._has_minima or weights)',
        'algorithm == "exact"',
    ),
}


def _mutant_verifier(module: ModuleType, old: str, new: str) -> Any:
    """Return ``verify_matching`` with a text of one of its modules replaced."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{old!r} is there {source.count(old)} times"
    kept = {key: sys.modules[key] for key in list(sys.modules) if "matching.verification" in key}
    try:
        mutant = _executed(module.__name__, source.replace(old, new))
        if module is verification:
            return mutant.verify_matching
        if module is not verification_rules:
            _executed(verification_rules.__name__, _source(verification_rules))
        return _executed(verification.__name__, _source(verification)).verify_matching
    finally:
        sys.modules.update(kept)


def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _executed(name: str, source: str) -> ModuleType:
    spec = spec_from_loader(name, loader=None)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)  # noqa: S102
    return module


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_planted_in_the_verifier_is_caught_by_the_oracle(name: str) -> None:
    verify = _mutant_verifier(*MUTANTS[name])
    markets = [market for shape in SHAPES.values() for market in unit_markets(150, **shape)]

    def wrong(problem: MatchingProblem) -> bool:
        try:
            return any(
                verifier_fault(problem, held, algorithm, verify)
                for held in Oracle(problem, strict=False).feasible()
                for algorithm in ("deferred-acceptance", "exact")
            )
        except KeyError:
            return True

    assert any(wrong(problem) for problem in markets)
