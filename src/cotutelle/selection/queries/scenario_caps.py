"""A what-if that bounds a unit which has no bound yet: who counts below it, and what lies inside."""

from __future__ import annotations

from typing import Any

from cotutelle.engines import matching
from cotutelle.institutions.models import Unit
from cotutelle.selection.models import PlaceCap, Round
from cotutelle.selection.queries.scenario_names import is_uuid


def unbounded_units(round_: Round, problem: matching.MatchingProblem) -> dict[str, Unit]:
    """Return the units below the round's with mentors in it and no bound, by public key."""
    top = round_.unit.path
    keys = {
        int(part)
        for path in _paths(round_, problem).values()
        if path.startswith(top)
        for part in path.removeprefix(top).split("/")
        if part
    }
    bound = set(
        PlaceCap.objects.filter(public_id__in=_uuids(problem)).values_list("unit", flat=True)
    )
    units = Unit.objects.filter(pk__in=keys - bound).order_by("path")
    return {
        str(unit.public_id): unit for unit in units if str(unit.public_id) not in problem.groups
    }


def cap_of(
    round_: Round, problem: matching.MatchingProblem, unit: Unit, most: int | None, least: int
) -> dict[str, Any]:
    """
    Return the edit that bounds ``unit``.

    Mentors below it count in it unless a bound further in, or that of an agreement, has them;
    bounds of units and agreements inside lie in it, and it lies where they lay.
    """
    places = _places_of_groups(problem)
    inside = {key for key, path in places.items() if path.startswith(unit.path)}
    paths = _paths(round_, problem)
    outer = {key: path for key, path in places.items() if unit.path.startswith(path)}
    parent = max(outer, key=lambda key: len(outer[key]), default=None)
    mentors = [
        key
        for key, path in paths.items()
        if path.startswith(unit.path) and problem.mentors[key].group_id in {None, parent}
    ]
    return {
        "kind": "cap",
        "unit": str(unit.public_id),
        "most": most,
        "least": least,
        "mentors": sorted(mentors),
        "inside": sorted(k for k in inside if problem.groups[k].parent_id not in inside),
        "parent": parent,
    }


def _uuids(problem: matching.MatchingProblem) -> list[str]:
    return [key for key in problem.groups if is_uuid(key)]


def _paths(round_: Round, problem: matching.MatchingProblem) -> dict[str, str]:
    """Return mentor or team → path of their unit."""
    rows = round_.answers.select_related("mentor__unit", "team__unit")
    return {
        str(row.public_id): row.owning_unit.path
        for row in rows
        if str(row.public_id) in problem.mentors
    }


def _places_of_groups(problem: matching.MatchingProblem) -> dict[str, str]:
    """Return bound → path of its unit, or of the partner of its agreement."""
    caps = PlaceCap.objects.filter(public_id__in=_uuids(problem))
    found = {
        str(cap.public_id): cap.unit.path if cap.unit else cap.agreement.partner.path  # type: ignore[union-attr]
        for cap in caps.select_related("unit", "agreement__partner")
    }
    units = Unit.objects.filter(public_id__in=[k for k in _uuids(problem) if k not in found])
    return found | {str(unit.public_id): unit.path for unit in units}
