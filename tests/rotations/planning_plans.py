"""A hand-made plan for the small world of tests, and scenarios that hold it."""

from __future__ import annotations

from cotutelle.core.clock import now
from cotutelle.engines.rotation import Stay, problem_to_json
from cotutelle.rotations.enums import ScenarioState
from cotutelle.rotations.models import Scenario
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import figures, stays_to_json
from tests.factories.rotations_planning import World

# Starts of IM#1 (2 months), IM#2 (1), SU (2), RE (1): two in medicine, two in surgery at most.
ROUNDS = (
    (("IM#1", "IM1", 0), ("IM#2", "IM1", 2), ("SU", "SU1", 3), ("RE", "RE1", 5)),
    (("IM#1", "IM1", 0), ("IM#2", "IM2", 2), ("SU", "SU1", 3), ("RE", "RE1", 5)),
    (("SU", "SU1", 0), ("IM#1", "IM1", 2), ("IM#2", "IM1", 4), ("RE", "RE1", 5)),
)


def plan_of(world: World) -> dict[str, tuple[Stay, ...]]:
    """Return a plan of the three people that keeps every rule."""
    return {
        trainee_key(person): tuple(
            Stay(key, ward_key(world.wards[ward]), start) for key, ward, start in rows
        )
        for person, rows in zip(world.people, ROUNDS, strict=True)
    }


def ready_scenario(
    world: World, stays: dict[str, tuple[Stay, ...]] | None = None, *, number: int = 1
) -> Scenario:
    """Return a computed scenario that holds ``stays``, or else the plan of `plan_of`."""
    rules = PlanRules.from_parameters(world.cycle.rules)
    problem = build_problem(world.cycle, rules=rules)
    stays = plan_of(world) if stays is None else stays
    outcome = figures(problem, stays, {}) | {"status": "feasible", "bound": None, "gap": None}
    return Scenario.objects.create(
        cycle=world.cycle,
        number=number,
        state=ScenarioState.READY,
        rules=world.cycle.rules,
        problem=problem_to_json(problem),
        stays=stays_to_json(stays),
        outcome=outcome,
        created_by=world.office,
        created_at=now(),
        computed_at=now(),
    )
