"""Chance in the invented world: always from a generator with a fixed seed."""

from __future__ import annotations

from random import Random

SEED = 20260901


def generator() -> Random:
    """Return the generator of a demonstration: the same one every time."""
    return Random(SEED)  # noqa: S311  nothing here is a secret


def happens(random: Random, share: float) -> bool:
    """Tell whether something happens that does so in ``share`` (0-1) of all cases."""
    return random.random() < share
