"""Preference lists: ordered tie groups, and how they are written in a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

#: An ordered list of tie groups, best first. A group is a sequence of ids; a bare id is a
#: group of one, so that ``["A", "B"]`` is the strict list A before B.
Preferences = Sequence[Sequence[str]]


def strict(ids: Iterable[str]) -> tuple[tuple[str], ...]:
    """Return the preference list without ties that holds ``ids`` in their order."""
    return tuple((id_,) for id_ in ids)


def is_strict(preferences: Preferences) -> bool:
    """Whether every entry is a bare id, so that the list can be used as it is."""
    return not preferences or set(map(type, preferences)) == {str}


def tie_groups(preferences: Preferences) -> list[tuple[str, ...]]:
    """Return the list with every group as a tuple, bare ids as groups of one."""
    return [(group,) if isinstance(group, str) else tuple(group) for group in preferences]


def listed_ids(preferences: Preferences) -> list[str]:
    """Return every id of the list, best first, ties in the order written."""
    if is_strict(preferences):
        return list(preferences)  # type: ignore[arg-type]  # bare ids, see is_strict
    return list(chain.from_iterable(tie_groups(preferences)))


def parse_preferences(text: str) -> tuple[tuple[str, ...], ...]:
    """
    Read ``A > B = C > D``: best first, ``=`` between equals, ids trimmed.

    Raises
    ------
    ValueError
        When a place of the list is empty, as in ``A > > B``.
    """
    if not text.strip():
        return ()
    groups = tuple(
        tuple([id_.strip() for id_ in group.split("=")]) if "=" in group else (group.strip(),)
        for group in text.split(">")
    )
    if any("" in group for group in groups):
        raise ValueError(f"text: an empty place in the list {text.strip()!r}")
    return groups


def format_preferences(preferences: Preferences) -> str:
    """
    Write a list as `parse_preferences` reads it.

    Raises
    ------
    ValueError
        When an id could not be read back: it is empty, holds ``>`` or ``=``, or has blanks
        around it.
    """
    groups = tie_groups(preferences)
    for id_ in chain.from_iterable(groups):
        if not id_ or id_ != id_.strip() or ">" in id_ or "=" in id_:
            raise ValueError(f"preferences: the id {id_!r} cannot be written in a list")
    return " > ".join(" = ".join(group) for group in groups)
