"""A tree in memory: every node once, 64 bytes a leaf."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from itertools import islice

from cotutelle.engines.translog.merkle import range_root
from cotutelle.engines.translog.strict import HASH_BYTES, is_hash, is_number

_BATCH = 4096  # leaves hashed at a time; bounds the memory held beside the tree


class Tree:
    """
    An append-only Merkle tree of RFC 6962 2.1 in memory.

    ``rows[l]`` holds the roots of all complete subtrees of ``2**l`` leaves, one after another;
    an append adds a leaf and the nodes it completes, one hash each on average.
    """

    __slots__ = ("_rows", "_size")

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._rows = [bytearray()]
        self._size = 0
        self.extend(leaf_hashes)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> bytes:
        """Return leaf hash ``index``; raises ``IndexError`` outside."""
        if not is_number(index) or not 0 <= index < self._size:
            raise IndexError(f"no leaf {index!r} in a tree of {self._size}")
        return bytes(self._rows[0][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def append(self, leaf_hash: bytes) -> int:
        """Add one leaf hash (32 bytes) and return its index. Source: RFC 6962 2.1."""
        if not isinstance(leaf_hash, bytes) or len(leaf_hash) != HASH_BYTES:
            raise ValueError("leaf_hash must be 32 bytes")
        index = position = self._size
        self._size += 1
        node = leaf_hash
        for row in self._rows:
            row.extend(node)
            if not position & 1:
                return index
            node = sha256(b"\x01" + row[-2 * HASH_BYTES :]).digest()
            position >>= 1
        self._rows.append(bytearray(node))
        return index

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """
        Add many leaf hashes (32 bytes each), level by level.

        Raises
        ------
        ValueError
            When one is not 32 bytes; the leaves before its batch of 4096 stay.
        """
        waiting = iter(leaf_hashes)
        while batch := list(islice(waiting, _BATCH)):
            if not all(map(is_hash, batch)):
                raise ValueError("leaf_hashes must be 32 bytes each")
            self._rows[0] += b"".join(batch)
            self._size += len(batch)
            self._complete()

    def _complete(self) -> None:
        """Add every node whose two children are there. Source: RFC 6962 2.1."""
        level = 0
        while self._size >> level + 1:
            if level + 1 == len(self._rows):
                self._rows.append(bytearray())
            above = self._rows[level + 1]
            pairs = bytes(self._rows[level][2 * len(above) : (self._size >> level + 1) << 6])
            if not pairs:
                return
            above += b"".join(
                [
                    sha256(b"\x01" + pairs[at : at + 64]).digest()
                    for at in range(0, len(pairs), 2 * HASH_BYTES)
                ]
            )
            level += 1

    def node(self, level: int, index: int) -> bytes:
        """Return the root of leaves ``[index * 2**level, (index + 1) * 2**level)``."""
        return self.span(level, index, index + 1)

    def span(self, level: int, start: int, stop: int) -> bytes:
        """Return nodes ``start`` to ``stop - 1`` of a level, 32 bytes each, in one piece."""
        if not 0 <= start <= stop <= self._size >> level:
            raise IndexError(f"no nodes {start} to {stop} on level {level}")
        return bytes(self._rows[level][start * HASH_BYTES : stop * HASH_BYTES])

    def root(self, size: int | None = None) -> bytes:
        """
        Return the root of the first ``size`` leaves (all of them by default), in O(log n).

        Source: RFC 6962 2.1.
        """
        size = self._size if size is None else size
        if not is_number(size) or not 0 <= size <= self._size:
            raise ValueError(f"size must be from 0 to {self._size}, not {size!r}")
        return range_root(self, 0, size)
