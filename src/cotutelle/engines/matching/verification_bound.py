"""How many students lists and places alone would admit: a bound that no solver had a hand in."""

from __future__ import annotations

from cotutelle.engines.matching.entities import GroupId, MentorId
from cotutelle.engines.matching.preferences import listed_ids
from cotutelle.engines.matching.problem import MatchingProblem

_Node = tuple[str, str]
_SOURCE: _Node = ("source", "")
_SINK: _Node = ("sink", "")


def size_bound(problem: MatchingProblem) -> int:
    """
    Return an upper bound on the number of students that any result can place.

    Parameters
    ----------
    problem
        The market.

    Returns
    -------
    int
        The greatest number of students that lists, pins, bans and upper quotas admit. It leaves
        stability and minimum quotas aside, and where weights differ it counts the lightest, so
        that the true maximum may be smaller.

    Notes
    -----
    A maximum flow from students through offers, mentors and groups.

    Source: Dinic's algorithm as `scipy.sparse.csgraph.maximum_flow` has it.
    """
    from scipy.sparse import csr_array  # noqa: PLC0415
    from scipy.sparse.csgraph import maximum_flow  # noqa: PLC0415

    capacity_of = {**_wishes(problem), **_quotas(problem)}
    if not capacity_of:
        return 0
    nodes = dict.fromkeys([_SOURCE, _SINK])
    for tail, head in capacity_of:
        nodes[tail] = nodes[head] = None
    number = {node: index for index, node in enumerate(nodes)}
    tails = [number[tail] for tail, _ in capacity_of]
    heads = [number[head] for _, head in capacity_of]
    students = len(problem.student_preferences)
    capacities = [min(capacity, students) for capacity in capacity_of.values()]
    size = len(number)
    graph = csr_array((capacities, (tails, heads)), shape=(size, size), dtype="int32")
    return int(maximum_flow(graph, number[_SOURCE], number[_SINK]).flow_value)


def _wishes(problem: MatchingProblem) -> dict[tuple[_Node, _Node], int]:
    """Return the arcs to the students, and from them to the offers they could hold."""
    accepted = {key: set(listed_ids(m.preferences)) for key, m in problem.mentors.items()}
    arcs: dict[tuple[_Node, _Node], int] = {}
    for student, preferences in problem.student_preferences.items():
        pin = problem.pins.get(student)
        if pin is not None:
            possible = [pin.offer_id]
        else:
            possible = [
                offer_id
                for offer_id in listed_ids(preferences)
                if student in accepted[problem.offers[offer_id].mentor_id]
                and (student, offer_id) not in problem.bans
            ]
        arcs[_SOURCE, ("student", student)] = 1
        for offer_id in possible:
            arcs[("student", student), ("offer", offer_id)] = 1
    return arcs


def _quotas(problem: MatchingProblem) -> dict[tuple[_Node, _Node], int]:
    """Return the arcs from offers through mentors and groups to the sink, in students."""
    lightest: dict[MentorId, int] = {}
    for offer in problem.offers.values():
        lightest[offer.mentor_id] = min(offer.weight, lightest.get(offer.mentor_id, offer.weight))
    arcs: dict[tuple[_Node, _Node], int] = {
        (("offer", key), ("mentor", offer.mentor_id)): offer.quota
        for key, offer in problem.offers.items()
    }
    below: dict[GroupId, int] = {}
    for key, mentor in problem.mentors.items():
        weight = lightest.get(key, 1)
        above = _above(mentor.group_id)
        arcs[("mentor", key), above] = mentor.quota // weight
        group_id = mentor.group_id
        while group_id is not None:
            below[group_id] = min(weight, below.get(group_id, weight))
            group_id = problem.groups[group_id].parent_id
    students = len(problem.student_preferences)
    for key, group in problem.groups.items():
        places = students if group.quota is None else group.quota // below.get(key, 1)
        arcs[("group", key), _above(group.parent_id)] = places
    return arcs


def _above(group_id: GroupId | None) -> _Node:
    return _SINK if group_id is None else ("group", group_id)
