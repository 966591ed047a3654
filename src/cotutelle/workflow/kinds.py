"""Kinds of tasks: each room registers their words in its ``task_kinds.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cotutelle.notices.wording import Text, fill

_titles: dict[str, Text] = {}
_labels: dict[str, Text] = {}


def register(kind: str, *, title: Text, label: Text = "") -> None:
    """
    Declare a kind of task.

    Parameters
    ----------
    title
        What is to be done, filled with the task's parameters.
    label
        The kind in general, for filters and counts; the title without parameters when empty.
    """
    _titles[kind] = title
    _labels[kind] = label


def title_of(kind: str, params: Mapping[str, Any]) -> str:
    """Return what is to be done, in the active language."""
    return fill(_titles[kind], params) if kind in _titles else kind


def label_of(kind: str) -> str:
    """Return the kind in general, in the active language."""
    label = _labels.get(kind)
    return fill(label, {}) if label else title_of(kind, {})


def check_kind(kind: str, params: Mapping[str, Any]) -> None:
    """
    Make sure that a task of ``kind`` can be read.

    Raises
    ------
    ValueError
        The kind is unknown, or a parameter is missing.
    """
    if kind not in _titles:
        raise ValueError(f"kind: no task is registered as {kind!r}")
    try:
        fill(_titles[kind], params, strict=True)
    except KeyError as error:
        raise ValueError(f"params: the title of {kind!r} needs {error}") from error
