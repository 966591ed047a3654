"""
The published lottery that breaks ties.

The order is that of SHA-256(seed || 0x00 || id), both as UTF-8: anybody can compute it with
one line of shell, and nobody can choose it once the seed is announced.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from cotutelle.engines.matching.preferences import Preferences, is_strict


class Lottery:
    """Draws for one seed, each computed once and only when a tie asks for it."""

    __slots__ = ("_draws", "_seeded")

    def __init__(self, seed: str) -> None:
        self._seeded = sha256(seed.encode() + b"\x00")
        self._draws: dict[str, bytes] = {}

    def draw(self, id_: str) -> tuple[bytes, str]:
        """Return the sort key of ``id_``: the smaller one comes first."""
        digest = self._draws.get(id_)
        if digest is None:
            seeded = self._seeded.copy()
            seeded.update(id_.encode())
            digest = self._draws[id_] = seeded.digest()
        return digest, id_

    def break_ties(self, preferences: Preferences) -> list[str]:
        """Return the strict list that refines ``preferences``."""
        if is_strict(preferences):
            return list(preferences)  # type: ignore[arg-type]  # bare ids, see is_strict
        order: list[str] = []
        for group in preferences:
            if isinstance(group, str):
                order.append(group)
            elif len(group) == 1:
                order.append(group[0])
            else:
                order.extend(sorted(group, key=self.draw))
        return order


def lottery_order(seed: str, student_ids: Iterable[str]) -> tuple[str, ...]:
    """
    Return the ids in the order of the lottery, the luckiest first.

    Parameters
    ----------
    seed
        The published seed.
    student_ids
        The ids that take part; their own order is irrelevant.

    Returns
    -------
    tuple of str
        Ascending by SHA-256(seed || 0x00 || id) over UTF-8 bytes.
    """
    return tuple(sorted(student_ids, key=Lottery(seed).draw))
