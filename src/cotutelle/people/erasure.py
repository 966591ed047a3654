"""
What the rooms know about a person, and how they forget it.

A room that keeps personal data registers both from its ``apps.py``; this room asks them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cotutelle.people.forgetting import words_of
from cotutelle.people.models import Person

Exporter = Callable[[Person], Any]
Eraser = Callable[[Person], None]

_exporters: dict[str, Exporter] = {}
_erasers: dict[str, Eraser] = {}


def register_exporter(name: str, exporter: Exporter) -> None:
    """Put ``exporter(person)`` (plain JSON values) into a person's data as ``<name>.json``."""
    _exporters[name] = exporter


def register_eraser(name: str, eraser: Eraser) -> None:
    """Run ``eraser(person)`` inside the transaction that erases a person."""
    _erasers[name] = eraser


def collect(person: Person) -> dict[str, Any]:
    """Return what every room knows about ``person``."""
    return {name: exporter(person) for name, exporter in sorted(_exporters.items())}


def erase_everywhere(person: Person) -> None:
    """
    Let every room forget ``person``, the upper rooms first: lower ones keep what those hold on to.

    What names the person is read before, so that the last room knows it as well.
    """
    words_of(person)
    for eraser in reversed(_erasers.values()):
        eraser(person)
