"""Kinds of spans: each room registers their words; calendars outside the house show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cotutelle.notices.wording import Text, fill

_titles: dict[str, Text] = {}


def register(kind: str, *, title: Text) -> None:
    """
    Declare a kind of span.

    Parameters
    ----------
    title
        What is going on, filled with the span's parameters. It leaves the house through
        calendar feeds: nothing about health, marks or other people's affairs belongs into it.
    """
    _titles[kind] = title


def title_of(kind: str, params: Mapping[str, Any]) -> str:
    """Return what is going on, in the active language."""
    return fill(_titles[kind], params) if kind in _titles else kind


def check_kind(kind: str, params: Mapping[str, Any]) -> None:
    """
    Make sure that a span of ``kind`` can be read.

    Raises
    ------
    ValueError
        The kind is unknown, or a parameter is missing.
    """
    if kind not in _titles:
        raise ValueError(f"kind: no span is registered as {kind!r}")
    try:
        fill(_titles[kind], params, strict=True)
    except KeyError as error:
        raise ValueError(f"params: the title of {kind!r} needs {error}") from error
