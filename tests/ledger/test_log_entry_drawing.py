"""On which side the hashes of a proof stand, against the recursion of RFC 6962."""

from __future__ import annotations

from cotutelle.ledger.views.entry import _sides


def by_recursion(index: int, size: int) -> list[str]:
    """RFC 6962 section 2.1.1: split at the largest power of two below the size."""
    if size == 1:
        return []
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return [*by_recursion(index, half), "right"]
    return [*by_recursion(index - half, size - half), "left"]


def test_sides_are_those_of_the_recursion() -> None:
    for size in range(1, 70):
        for index in range(size):
            wanted = by_recursion(index, size)
            assert _sides(index, size, len(wanted)) == wanted, (index, size)
