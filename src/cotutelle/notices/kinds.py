"""Kinds of notices: each room registers its texts in its ``notice_kinds.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cotutelle.notices.wording import Text, fill


@dataclass(frozen=True, slots=True)
class Kind:
    """The texts of a kind; ``urgent`` ones reach those who want only urgent notices."""

    title: Text
    body: Text = ""
    urgent: bool = False


_kinds: dict[str, Kind] = {}


def register(kind: str, *, title: Text, body: Text = "", urgent: bool = False) -> None:
    """Declare ``kind`` with lazy texts, or callables of the parameters."""
    _kinds[kind] = Kind(title, body, urgent)


def check_params(kind: str, params: Mapping[str, Any]) -> None:
    """
    Make sure that the texts of ``kind`` can be filled.

    Raises
    ------
    ValueError
        The kind is unknown, or a parameter is missing.
    """
    if kind not in _kinds:
        raise ValueError(f"kind: no notice is registered as {kind!r}")
    try:
        fill(_kinds[kind].title, params, strict=True)
        fill(_kinds[kind].body, params, strict=True)
    except KeyError as error:
        raise ValueError(f"params: the text of {kind!r} needs {error}") from error


def title_of(kind: str, params: Mapping[str, Any]) -> str:
    """Return the line of a notice in the active language."""
    return fill(_kinds[kind].title, params) if kind in _kinds else kind


def body_of(kind: str, params: Mapping[str, Any]) -> str:
    """Return the text of a notice in the active language."""
    return fill(_kinds[kind].body, params) if kind in _kinds else ""


def is_urgent(kind: str) -> bool:
    """Tell whether notices of this kind are urgent."""
    return kind in _kinds and _kinds[kind].urgent
