"""Data of a chart and its twin: the same numbers as a table, for readers and for the page without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("bar", "hbar", "line", "stackedbar", "share")


@dataclass(frozen=True, slots=True)
class Twin:
    """
    The table under a chart.

    Attributes
    ----------
    heads
        Column titles, the category's first.
    rows
        One tuple a category: its label, then one number a series (``None`` where unknown).
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def build_twin(data: Mapping[str, Any]) -> Twin:
    """
    Return the table of a chart.

    Parameters
    ----------
    data
        ``categories`` (labels), ``series`` (each with ``name`` and ``values`` of equal length),
        optional ``compare`` (one more series), ``category_name`` and ``unit``.

    Raises
    ------
    ValueError
        A series is not as long as ``categories``.
    """
    categories: Sequence[str] = data["categories"]
    series: list[Mapping[str, Any]] = list(data["series"])
    if data.get("compare"):
        series.append(data["compare"])
    for one in series:
        if len(one["values"]) != len(categories):
            msg = f"series {one['name']!r} has {len(one['values'])} values for {len(categories)} categories"
            raise ValueError(msg)
    unit = data.get("unit", "")
    heads = tuple(f"{one['name']} ({unit})" if unit else str(one["name"]) for one in series)
    rows = tuple(
        (label, *(one["values"][i] for one in series)) for i, label in enumerate(categories)
    )
    return Twin(heads=(str(data.get("category_name", "")), *heads), rows=rows)
