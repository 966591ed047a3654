"""
The order of a unit: in which order a group above mentors takes the applications below it.

Every group has a priority list of students: those it lists by their place, ties by the lottery,
then everybody else by the lottery. Its order merges the orders of its children, its direct
mentors by id and then its subgroups by id: among the first applications left of each child the
one whose student has the highest priority is taken next (of the same student the one of the
earlier child). A mentor's order is her whole list, whoever applied, so that no order depends on
what students hand in.

The order of a group never contradicts a mentor's list nor the order of a subgroup. Offers,
mentors and groups then are a laminar family whose orders agree, which is what deferred acceptance
needs; see `deferred_acceptance`. A student who would move between two mentors of one group asks
it with the new application: where that comes after the present one, the present place counts
against it like anybody else's. (Were it given up freely, markets with no stable matching would
exist: a group of one place, whose mentors list x before s, and s alone.)

Source: priority-list deferred acceptance, Goto et al. (2014), "Strategy-proof matching with
regional minimum quotas", Artificial Intelligence 216; Kamada & Kojima (2015), "Efficient matching
under distributional constraints", American Economic Review 105(1), on why a plain cap admits
markets with no stable matching.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from cotutelle.engines.matching.entities import Group, GroupId, Mentor, MentorId, StudentId
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.problem import MatchingProblem

#: Of one group: mentor below it -> the place, from 0, of each student of her list.
UnitOrder = Mapping[MentorId, list[int]]

#: Applications, best first: their students, and beside them their mentors.
_Sequence = tuple[list[StudentId], list[MentorId]]


def unit_orders(
    problem: MatchingProblem,
    lottery: Lottery,
    lists: Mapping[MentorId, list[StudentId]],
    groups: Iterable[GroupId],
) -> dict[GroupId, UnitOrder]:
    """
    Return the orders of the groups asked for.

    Parameters
    ----------
    problem
        The market.
    lottery
        Of its seed.
    lists
        Mentor -> her whole list with ties broken.
    groups
        Whose orders are wanted.

    Returns
    -------
    dict
        Group -> mentor -> places in the group's order, in the order of the mentor's list.

    Notes
    -----
    O(d L log c) time for lists of total length L, groups nested d deep, c children a group.
    """
    wanted = set(groups)
    if not wanted:
        return {}
    below = children(problem.mentors, problem.groups)
    by_lot = sorted(problem.student_preferences, key=lottery.draw)
    drawn = dict(zip(by_lot, range(len(by_lot)), strict=True))
    merged: dict[GroupId, _Sequence] = {}
    orders: dict[GroupId, UnitOrder] = {}
    for group_id in _leaves_first(wanted, below):
        mentors, subgroups = below.get(group_id, ((), ()))
        sequences = [(lists[mentor], [mentor] * len(lists[mentor])) for mentor in mentors]
        sequences.extend(merged.pop(subgroup) for subgroup in subgroups)
        listed = lottery.break_ties(problem.groups[group_id].priority)
        merged[group_id] = _merge(sequences, listed, drawn)
        if group_id in wanted:
            orders[group_id] = _places(merged[group_id])
    return orders


def chain_of(mentor: Mentor, groups: Mapping[GroupId, Group]) -> Iterator[GroupId]:
    """Yield the groups a mentor counts in, the innermost first."""
    group_id = mentor.group_id
    while group_id is not None:
        yield group_id
        group_id = groups[group_id].parent_id


def children(
    mentors: Mapping[MentorId, Mentor], groups: Mapping[GroupId, Group]
) -> dict[GroupId, tuple[list[MentorId], list[GroupId]]]:
    """Return the direct mentors and subgroups of each group that has any, by id."""
    below: dict[GroupId, tuple[list[MentorId], list[GroupId]]] = defaultdict(lambda: ([], []))
    for mentor_id in sorted(mentors):
        parent = mentors[mentor_id].group_id
        if parent is not None:
            below[parent][0].append(mentor_id)
    for group_id in sorted(groups):
        parent = groups[group_id].parent_id
        if parent is not None:
            below[parent][1].append(group_id)
    return dict(below)


def _leaves_first(
    wanted: Iterable[GroupId], below: Mapping[GroupId, tuple[list[MentorId], list[GroupId]]]
) -> list[GroupId]:
    """Return the groups wanted and all below them, each after those it holds."""
    found: dict[GroupId, None] = {}
    waiting = list(wanted)
    while waiting:
        group_id = waiting.pop()
        found.pop(group_id, None)  # met again below another: it moves to the back
        found[group_id] = None
        waiting.extend(below.get(group_id, ((), ()))[1])
    return list(reversed(found))


def _merge(
    sequences: Iterable[_Sequence], listed: Sequence[StudentId], drawn: Mapping[StudentId, int]
) -> _Sequence:
    """
    Merge the children's sequences by the group's priority: who is listed, then the others.

    An application can be taken no earlier than all before it in its own sequence: it counts as
    the lowest priority met so far. Sorting by that, earlier children first, is the merge; the
    sequences are runs that the sort only has to join.
    """
    first = dict(zip(listed, range(len(listed)), strict=True))
    last = len(listed)
    students: list[StudentId] = []
    mentors: list[MentorId] = []
    ready: list[int] = []
    for theirs, owners in sequences:
        priority = [first[s] if s in first else last + drawn[s] for s in theirs]
        ready.extend(accumulate(priority, max))
        students.extend(theirs)
        mentors.extend(owners)
    order = sorted(range(len(ready)), key=ready.__getitem__)
    return [students[at] for at in order], [mentors[at] for at in order]


def _places(merged: _Sequence) -> UnitOrder:
    """Return the places by mentor; within a mentor the order is that of her list."""
    places: defaultdict[MentorId, list[int]] = defaultdict(list)
    for place, mentor_id in enumerate(merged[1]):
        places[mentor_id].append(place)
    return dict(places)
