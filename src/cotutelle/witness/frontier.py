"""
The right edge of a Merkle tree: enough to append to it and to know its root, and nothing else.

Whoever follows a log from its first entry needs no proofs: what the edge says about the next
checkpoint is computed from the entries themselves. Source: RFC 6962 2.1.
"""

from __future__ import annotations

import hashlib
from functools import reduce

from cotutelle.engines.translog import leaf_hash, node_hash

HASH_BYTES = 32


class Frontier:
    """
    The roots of the complete subtrees of a tree, largest first, one for each 1 bit of its size.

    Parameters
    ----------
    size
        Entries so far.
    hashes
        What :meth:`__bytes__` gave at that size.
    """

    def __init__(self, size: int = 0, hashes: bytes = b"") -> None:
        if len(hashes) != size.bit_count() * HASH_BYTES:
            raise ValueError("hashes: not those of a tree of this size")
        self.size = size
        self._roots = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]

    def append(self, entry: bytes) -> None:
        """Add the next entry, as it stands in the log."""
        node = leaf_hash(entry)
        merges = (~self.size & (self.size + 1)).bit_length() - 1
        for _ in range(merges):
            node = node_hash(self._roots.pop(), node)
        self._roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self._roots:
            return hashlib.sha256(b"").digest()
        return reduce(lambda right, left: node_hash(left, right), reversed(self._roots))

    def __bytes__(self) -> bytes:
        """Return what the constructor takes."""
        return b"".join(self._roots)
