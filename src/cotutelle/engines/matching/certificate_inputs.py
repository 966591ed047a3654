"""The inputs of a certificate: a market as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cotutelle.engines.matching.entities import Ban, Group, Mentor, Offer, Pin
from cotutelle.engines.matching.preferences import Preferences, is_strict
from cotutelle.engines.matching.problem import MatchingProblem

_PARTS = ("bans", "mentors", "offers", "pins", "seed", "students")


class Malformed(ValueError):
    """The certificate has not the shape it must have."""


def is_plain(problem: MatchingProblem) -> bool:
    """Whether the market has neither groups nor minimum quotas nor weights above 1."""
    return (
        not problem.groups
        and all(not o.lower_quota and o.weight == 1 for o in problem.offers.values())
        and all(not mentor.lower_quota for mentor in problem.mentors.values())
    )


def problem_to_json(problem: MatchingProblem) -> dict[str, Any]:
    """
    Return the inputs in the form that is hashed; see docs/reference/match.md.

    A market without groups, minimum quotas and weights has the form it had before there were
    any, so that its digest stays what it was.
    """
    plain = is_plain(problem)
    inputs: dict[str, Any] = {
        "bans": sorted([s, o, ban.kind, ban.reason] for (s, o), ban in problem.bans.items()),
        "mentors": {key: _mentor(mentor, plain) for key, mentor in problem.mentors.items()},
        "offers": {key: _offer(offer, plain) for key, offer in problem.offers.items()},
        "pins": {
            s: {"offer": pin.offer_id, "reason": pin.reason} for s, pin in problem.pins.items()
        },
        "seed": problem.seed,
        "students": {s: _list_to_json(prefs) for s, prefs in problem.student_preferences.items()},
    }
    if not plain:
        inputs["groups"] = {
            key: {
                "lower_quota": group.lower_quota,
                "parent": group.parent_id,
                "priority": _list_to_json(group.priority),
                "quota": group.quota,
            }
            for key, group in problem.groups.items()
        }
    return inputs


def _mentor(mentor: Mentor, plain: bool) -> dict[str, Any]:
    value = {"preferences": _list_to_json(mentor.preferences), "quota": mentor.quota}
    if plain:
        return value
    return {**value, "group": mentor.group_id, "lower_quota": mentor.lower_quota}


def _offer(offer: Offer, plain: bool) -> dict[str, Any]:
    value = {"mentor": offer.mentor_id, "quota": offer.quota}
    if plain:
        return value
    return {**value, "lower_quota": offer.lower_quota, "weight": offer.weight}


def _list_to_json(preferences: Preferences) -> list[Any]:
    if is_strict(preferences):
        return list(preferences)
    return [
        group if isinstance(group, str) else group[0] if len(group) == 1 else sorted(group)
        for group in preferences
    ]


def problem_arguments(inputs: object, *, units: bool) -> dict[str, Any]:
    """
    Return the arguments of `MatchingProblem` that the inputs stand for.

    Parameters
    ----------
    inputs
        What the certificate holds.
    units
        Whether groups, minimum quotas and weights may be there.

    Raises
    ------
    Malformed
        Naming what has not the shape it must have.
    """
    units = units and isinstance(inputs, dict) and "groups" in inputs
    fields = object_of(inputs, "inputs", (*_PARTS, "groups") if units else _PARTS)
    students = object_of(fields["students"], "students").items()
    arguments: dict[str, Any] = {
        "student_preferences": {key: _preferences(value, key) for key, value in students},
        "offers": _offers(fields["offers"], units=units),
        "mentors": _mentors(fields["mentors"], units=units),
        "pins": _pins(fields["pins"]),
        "bans": _bans(fields["bans"]),
        "seed": text_of(fields["seed"], "seed"),
    }
    if units:
        arguments["groups"] = _groups(fields["groups"])
    return arguments


def _offers(value: object, *, units: bool) -> dict[str, Offer]:
    offers = {}
    names = ("mentor", "quota", *(("lower_quota", "weight") if units else ()))
    for key, item in object_of(value, "offers").items():
        offer = object_of(item, f"offer {key!r}", names)
        offers[key] = Offer(text_of(offer["mentor"], key), _whole(offer["quota"], key))
        if units:
            lower_quota, weight = _whole(offer["lower_quota"], key), _whole(offer["weight"], key)
            offers[key] = Offer(offers[key].mentor_id, offers[key].quota, lower_quota, weight)
    return offers


def _mentors(value: object, *, units: bool) -> dict[str, Mentor]:
    mentors = {}
    names = ("preferences", "quota", *(("group", "lower_quota") if units else ()))
    for key, item in object_of(value, "mentors").items():
        mentor = object_of(item, f"mentor {key!r}", names)
        preferences = _preferences(mentor["preferences"], key)
        mentors[key] = Mentor(_whole(mentor["quota"], key), preferences)
        if units:
            lower_quota, group = _whole(mentor["lower_quota"], key), _known(mentor["group"], key)
            mentors[key] = Mentor(mentors[key].quota, preferences, lower_quota, group)
    return mentors


def _groups(value: object) -> dict[str, Group]:
    groups = {}
    names = ("lower_quota", "parent", "priority", "quota")
    for key, item in object_of(value, "groups").items():
        group = object_of(item, f"group {key!r}", names)
        groups[key] = Group(
            None if group["quota"] is None else _whole(group["quota"], key),
            _whole(group["lower_quota"], key),
            _known(group["parent"], key),
            _preferences(group["priority"], key),
        )
    return groups


def _pins(value: object) -> dict[str, Pin]:
    pins = {}
    for key, item in object_of(value, "pins").items():
        pin = object_of(item, f"the pin of {key!r}", ("offer", "reason"))
        pins[key] = Pin(text_of(pin["offer"], key), text_of(pin["reason"], key))
    return pins


def _bans(value: object) -> dict[tuple[str, str], Ban]:
    bans: dict[tuple[str, str], Ban] = {}
    if not isinstance(value, list):
        raise Malformed("bans is not a list")
    for row in value:
        if not isinstance(row, list) or list(map(type, row)) != [str] * 4:
            raise Malformed(f"the ban {row!r} is not student, offer, kind, reason")
        if (row[0], row[1]) in bans:
            raise Malformed(f"the ban {row!r} is there twice")
        bans[row[0], row[1]] = Ban(row[2], row[3])
    return bans


def object_of(value: object, name: str, keys: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return ``value`` if it is an object with these keys and no others."""
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not an object")
    if keys is not None and value.keys() != set(keys):
        odd = ", ".join(sorted(map(str, value.keys() ^ set(keys))))
        raise Malformed(f"{name} lacks or has too much: {odd}")
    return value


def texts_of(value: object, name: str) -> dict[str, str]:
    """Return ``value`` if it is an object of texts."""
    items: Mapping[str, object] = object_of(value, name)
    return {key: text_of(item, f"{name} of {key!r}") for key, item in items.items()}


def text_of(value: object, name: str) -> str:
    """Return ``value`` if it is a text."""
    if not isinstance(value, str):
        raise Malformed(f"{name}: {value!r} is not text")
    return value


def _known(value: object, name: str) -> str | None:
    return None if value is None else text_of(value, name)


def _whole(value: object, name: str) -> int:
    if type(value) is not int:
        raise Malformed(f"{name}: the quota {value!r} is not a whole number")
    return value


def _preferences(value: object, name: str) -> Preferences:
    if not isinstance(value, list):
        raise Malformed(f"the list of {name!r} is not a list")
    if not is_strict(value):
        for group in value:
            if not isinstance(group, str | list) or not all(isinstance(i, str) for i in group):
                raise Malformed(f"the list of {name!r} holds {group!r}")
    return value
