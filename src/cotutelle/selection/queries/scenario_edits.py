"""What-if edits: a market and a list of changes give another market. Nothing is read or written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cotutelle.engines import matching

Edit = Mapping[str, Any]

#: Kind of edit → the names it carries beside its kind.
KINDS: Mapping[str, tuple[str, ...]] = {
    "list": ("student", "offers"),
    "answer": ("mentor", "tiers"),
    "places": ("level", "key", "most", "least"),
    "cap": ("unit", "most", "least", "mentors", "inside", "parent"),
    "pin": ("student", "offer"),
    "unpin": ("student",),
    "ban": ("student", "mentor"),
    "unban": ("student", "mentor"),
    "leave": ("student",),
    "join": ("student", "offers"),
    "accept": ("student", "offer"),
}
#: What an edit is about: a later edit of the same kind and subject replaces the earlier one.
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "places": ("level", "key"),
    "ban": ("student", "mentor"),
    "unban": ("student", "mentor"),
    "accept": ("student", "offer"),
    "answer": ("mentor",),
    "cap": ("unit",),
}
_OPPOSITES: Mapping[str, str] = {
    "pin": "unpin",
    "unpin": "pin",
    "ban": "unban",
    "unban": "ban",
    "leave": "join",
    "join": "leave",
}
_WHAT_IF = "what-if"


class UnknownEdit(ValueError):
    """An edit that names nothing of this market, or is none."""


@dataclass(slots=True)
class _Draft:
    """The market while it is being changed."""

    students: dict[str, matching.Preferences]
    offers: dict[str, matching.Offer]
    mentors: dict[str, matching.Mentor]
    pins: dict[str, matching.Pin]
    bans: dict[tuple[str, str], matching.Ban]
    groups: dict[str, matching.Group]
    order: matching.Preferences

    def offers_of(self, mentor: str) -> list[str]:
        return [key for key, offer in self.offers.items() if offer.mentor_id == mentor]


def apply_edits(
    problem: matching.MatchingProblem,
    edits: Iterable[Edit],
    *,
    order: matching.Preferences = (),
) -> matching.MatchingProblem:
    """
    Return the market after ``edits``, in their order.

    Parameters
    ----------
    problem
        The market before; it is left as it is.
    edits
        Objects with ``kind`` and the names of `KINDS`.
    order
        The order of students in units that are bounded anew.

    Raises
    ------
    UnknownEdit
        A `ValueError`: an edit of no known kind, or about somebody who is not in the market.
    InvalidProblem
        What comes out is no market: a pin against a conflict or beyond the places, a minimum
        above its maximum.
    """
    draft = _Draft(
        students=dict(problem.student_preferences),
        offers=dict(problem.offers),
        mentors=dict(problem.mentors),
        pins=dict(problem.pins),
        bans=dict(problem.bans),
        groups=dict(problem.groups),
        order=order,
    )
    for edit in edits:
        apply = _APPLY.get(str(edit.get("kind")))
        if apply is None or set(KINDS[str(edit["kind"])]) - set(edit):
            raise UnknownEdit(f"edits: {edit!r} is no edit")
        apply(draft, edit)
    return matching.MatchingProblem(
        student_preferences=draft.students,
        offers=draft.offers,
        mentors=draft.mentors,
        pins=draft.pins,
        bans=draft.bans,
        seed=problem.seed,
        groups=draft.groups,
    )


def add_edit(edits: Sequence[Edit], edit: Edit) -> list[Edit]:
    """
    Return ``edits`` with one more; what it replaces or takes back is gone.

    An edit about the same thing replaces the earlier one; the opposite (pin and unpin, leave
    and join) cancels the earlier one, and is itself kept only where there was nothing to cancel.
    """
    opposite = _OPPOSITES.get(edit["kind"])
    subject = _subject(edit)
    cancelled = [one for one in edits if one["kind"] == opposite and _subject(one) == subject]
    kept = [
        one
        for one in edits
        if one not in cancelled and not (one["kind"] == edit["kind"] and _subject(one) == subject)
    ]
    return kept if cancelled else [*kept, dict(edit)]


def edits_of_repair(
    problem: matching.MatchingProblem, changes: Iterable[Mapping[str, Any]]
) -> list[Edit]:
    """
    Return the edits that make the changes of a repair.

    Parameters
    ----------
    problem
        The market that is to be repaired: it says the bound that a change leaves as it is.
    changes
        Objects with ``kind``, ``key``, ``before`` and ``after`` as in `matching.Change`; the
        two bounds of one place come as one edit.

    Raises
    ------
    UnknownEdit
        A change about something that is not in this market any more.
    """
    bounds: dict[tuple[str, str], dict[str, Any]] = {}
    found: list[Edit] = []
    for change in changes:
        kind, key = str(change["kind"]), change["key"]
        level, _gap, bound = kind.rpartition("_")
        if level:
            place = bounds.setdefault((level, key), _bounds_of(problem, level, key))
            place["least" if bound == "lower" else "most"] = change["after"]
        elif kind == "pin":
            found.append({"kind": "unpin", "student": key})
        elif kind == "ban":
            mentor = problem.offers[_known(problem.offers, key[1], "offer")].mentor_id
            found.append({"kind": "unban", "student": key[0], "mentor": mentor})
        else:
            found.append({"kind": "accept", "student": key[0], "offer": key[1]})
    places = [
        {"kind": "places", "level": level, "key": key, **values}
        for (level, key), values in bounds.items()
    ]
    return [*places, *found]


def _bounds_of(problem: matching.MatchingProblem, level: str, key: str) -> dict[str, Any]:
    where: Mapping[str, Mapping[str, Any]] = {
        "offer": problem.offers,
        "mentor": problem.mentors,
        "group": problem.groups,
    }
    one = where[level][_known(where[level], key, level)]
    return {"most": one.quota, "least": one.lower_quota}


def _subject(edit: Edit) -> tuple[Any, ...]:
    names = _SUBJECTS.get(edit["kind"], ("student",))
    return tuple(edit.get(name) for name in names)


# ---------------------------------------------------------------- one function a kind


def _known(where: Mapping[str, Any], key: Any, what: str) -> str:
    if not isinstance(key, str) or key not in where:
        raise UnknownEdit(f"edits: the {what} {key!r} is not in this market")
    return key


def _list(draft: _Draft, edit: Edit) -> None:
    student = _known(draft.students, edit["student"], "student")
    draft.students[student] = [_known(draft.offers, key, "offer") for key in edit["offers"]]


def _answer(draft: _Draft, edit: Edit) -> None:
    mentor = _known(draft.mentors, edit["mentor"], "mentor")
    tiers = [[key for key in tier if key in draft.students] for tier in edit["tiers"]]
    draft.mentors[mentor] = replace(
        draft.mentors[mentor], preferences=[tier for tier in tiers if tier]
    )


def _places(draft: _Draft, edit: Edit) -> None:
    most, least = edit["most"], int(edit["least"])
    if edit["level"] == "group":
        key = _known(draft.groups, edit["key"], "unit")
        draft.groups[key] = replace(draft.groups[key], quota=most, lower_quota=least)
    elif most is None:
        raise UnknownEdit("edits: an offer and a mentor have an upper number of places")
    elif edit["level"] == "mentor":
        key = _known(draft.mentors, edit["key"], "mentor")
        draft.mentors[key] = replace(draft.mentors[key], quota=int(most), lower_quota=least)
    elif edit["level"] == "offer":
        key = _known(draft.offers, edit["key"], "offer")
        draft.offers[key] = replace(draft.offers[key], quota=int(most), lower_quota=least)
    else:
        raise UnknownEdit(f"edits: {edit['level']!r} is no level")


def _cap(draft: _Draft, edit: Edit) -> None:
    """Bound a unit that had no bound: a place in the forest between what lies in and above it."""
    unit, parent = str(edit["unit"]), edit["parent"]
    if unit in draft.groups:
        raise UnknownEdit(f"edits: the unit {unit!r} is bounded already")
    if parent is not None:
        _known(draft.groups, parent, "unit")
    draft.groups[unit] = matching.Group(edit["most"], int(edit["least"]), parent, draft.order)
    for key in edit["inside"]:
        inner = _known(draft.groups, key, "unit")
        draft.groups[inner] = replace(draft.groups[inner], parent_id=unit)
    for key in edit["mentors"]:
        mentor = _known(draft.mentors, key, "mentor")
        draft.mentors[mentor] = replace(draft.mentors[mentor], group_id=unit)


def _pin(draft: _Draft, edit: Edit) -> None:
    student = _known(draft.students, edit["student"], "student")
    offer = _known(draft.offers, edit["offer"], "offer")
    draft.pins[student] = matching.Pin(offer, _WHAT_IF)


def _unpin(draft: _Draft, edit: Edit) -> None:
    draft.pins.pop(_known(draft.students, edit["student"], "student"), None)


def _ban(draft: _Draft, edit: Edit) -> None:
    student = _known(draft.students, edit["student"], "student")
    mentor = _known(draft.mentors, edit["mentor"], "mentor")
    for offer in draft.offers_of(mentor):
        draft.bans[student, offer] = matching.Ban("conflict", _WHAT_IF)


def _unban(draft: _Draft, edit: Edit) -> None:
    student = _known(draft.students, edit["student"], "student")
    mentor = _known(draft.mentors, edit["mentor"], "mentor")
    for offer in draft.offers_of(mentor):
        draft.bans.pop((student, offer), None)


def _leave(draft: _Draft, edit: Edit) -> None:
    student = _known(draft.students, edit["student"], "student")
    del draft.students[student]
    draft.pins.pop(student, None)
    for pair in [pair for pair in draft.bans if pair[0] == student]:
        del draft.bans[pair]
    for key, mentor in draft.mentors.items():
        draft.mentors[key] = replace(mentor, preferences=_without(mentor.preferences, student))
    for name, group in draft.groups.items():
        draft.groups[name] = replace(group, priority=_without(group.priority, student))


def _join(draft: _Draft, edit: Edit) -> None:
    """Take a student in again: behind everybody else with each mentor of the list."""
    student = str(edit["student"])
    if student in draft.students:
        raise UnknownEdit(f"edits: the student {student!r} takes part already")
    offers = [_known(draft.offers, key, "offer") for key in edit["offers"]]
    draft.students[student] = offers
    for mentor in dict.fromkeys(draft.offers[key].mentor_id for key in offers):
        _rank_last(draft, mentor, student)


def _accept(draft: _Draft, edit: Edit) -> None:
    """Let both sides list each other, each at the end where they did not."""
    student = _known(draft.students, edit["student"], "student")
    offer = _known(draft.offers, edit["offer"], "offer")
    listed = draft.students[student]
    if offer not in matching.listed_ids(listed):
        draft.students[student] = [*listed, offer]
    _rank_last(draft, draft.offers[offer].mentor_id, student)
    draft.bans.pop((student, offer), None)


def _rank_last(draft: _Draft, mentor: str, student: str) -> None:
    one = draft.mentors[mentor]
    if student not in matching.listed_ids(one.preferences):
        draft.mentors[mentor] = replace(one, preferences=[*one.preferences, [student]])


def _without(preferences: matching.Preferences, student: str) -> matching.Preferences:
    if student not in matching.listed_ids(preferences):
        return preferences
    tiers = ([key for key in tier if key != student] for tier in matching.tie_groups(preferences))
    return [tier for tier in tiers if tier]


_APPLY: Mapping[str, Callable[[_Draft, Edit], None]] = {
    "list": _list,
    "answer": _answer,
    "places": _places,
    "cap": _cap,
    "pin": _pin,
    "unpin": _unpin,
    "ban": _ban,
    "unban": _unban,
    "leave": _leave,
    "join": _join,
    "accept": _accept,
}
