"""Why somebody is where they are in a month: facts of their own case, counts of others."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cotutelle.engines.rotation import Block, RotationProblem, Trainee, problem_from_json
from cotutelle.rotations.enums import WishKind
from cotutelle.rotations.models import Scenario, Stay
from cotutelle.rotations.queries.planning_keys import key_of, trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import period_of
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_review import calendar_in_force, published_scenario
from cotutelle.rotations.queries.planning_scenarios import share_of


@dataclass(frozen=True, slots=True)
class Option:
    """A ward that trains for the block, with its fullest month of those asked about."""

    name: str
    taken: int
    places: int | None
    is_chosen: bool
    is_wished: bool

    @property
    def is_full(self) -> bool:
        """Whether some month of the stay is full."""
        return self.places is not None and self.taken >= self.places


@dataclass(frozen=True, slots=True)
class Why:
    """One sentence, then the facts."""

    sentence: str
    options: list[Option]
    window: str
    own: int
    alone: int

    @property
    def percent(self) -> int:
        """Own points in per cent of what they would be alone."""
        return share_of(self.own, self.alone)


def why_of(stay: Stay) -> Why | None:
    """Return why a stay of the plan in force is where it is; ``None`` for what was cut off."""
    cycle = stay.participant.cycle
    scenario = published_scenario(cycle)
    if scenario is None or stay.block is None:
        return None
    problem = problem_from_json(scenario.problem)
    id_, key = trainee_key(stay.participant), key_of(stay.block, stay.part)
    trainee = next((t for t in problem.trainees if t.id == id_), None)
    block = next((b for b in trainee.blocks if b.id == key), None) if trainee else None
    if trainee is None or block is None:
        return None
    names = Names(cycle)
    options = _options(problem, block, stay, names)
    own, alone = scenario.outcome.get("satisfaction", {}).get(id_, [0, 0])
    last = block.latest if block.latest is not None else problem.horizon - 1
    return Why(
        sentence=_sentence(trainee, block, stay, options, scenario),
        options=options,
        window=names.months(block.earliest, last),
        own=own,
        alone=alone,
    )


def _options(problem: RotationProblem, block: Block, stay: Stay, names: Names) -> list[Option]:
    cycle = stay.participant.cycle
    periods = range(period_of(cycle, stay.starts_on), period_of(cycle, stay.ends_on) + 1)
    loads: dict[tuple[str, int], int] = {}
    for own in calendar_in_force(cycle).values():
        for period, ward in own.items():
            loads[ward, period] = loads.get((ward, period), 0) + 1
    wished = {
        ward_key(w.ward)
        for w in stay.participant.wishes.filter(kind=WishKind.PREFER_WARD).select_related(
            "ward__hospital"
        )
        if w.ward is not None
    }
    upper = {ward.id: ward.upper for ward in problem.wards}
    found = []
    for ward in sorted(block.wards):
        places = upper.get(ward)
        fullest = max(
            periods,
            key=lambda p: (
                loads.get((ward, p), 0) - (places[p] if places and p < len(places) else 0)
            ),
        )
        found.append(
            Option(
                name=names.ward(ward),
                taken=loads.get((ward, fullest), 0),
                places=places[fullest] if places and fullest < len(places) else None,
                is_chosen=ward == ward_key(stay.ward),
                is_wished=ward in wished,
            )
        )
    return found


def _sentence(
    trainee: Trainee, block: Block, stay: Stay, options: list[Option], scenario: Scenario
) -> str:
    pinned = any(pin.block == block.id for pin in trainee.pins)
    chosen = next((option for option in options if option.is_chosen), None)
    if pinned:
        return _("This stay was held by the residency office, or had begun when the plan was made.")
    if len(options) == 1:
        return _("This is the only ward that trains for this block.")
    if chosen is not None and chosen.is_wished:
        return _("You asked for this ward, and there was a place in these months.")
    others = [option for option in options if not option.is_chosen]
    if others and all(option.is_full for option in others):
        return _("The other wards that train for this block are full in these months.")
    if scenario.outcome.get("status") == "optimal":
        return _(
            "Placed so that the plan as a whole is the best possible one, the worst-off counted most."
        )
    return _(
        "Placed so that the plan as a whole is as good as could be found, the worst-off counted most."
    )
