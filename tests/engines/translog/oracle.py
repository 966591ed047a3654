"""
RFC 6962 word for word: the recursive definitions, for lists of leaf hashes.

Shares nothing with the engine. ``proven_root`` and ``proven_roots`` say which roots a proof of
the right length leads to; they are recursive too, so that they need no tree and reach any size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d: Sequence[bytes]) -> bytes:
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return pair(mth(d[:k]), mth(d[k:]))


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: Sequence[bytes], *, complete: bool = True) -> list[bytes]:
    n = len(d)
    if m == n:
        return [] if complete else [mth(d)]
    k = split(n)
    if m <= k:
        return [*proof(m, d[:k], complete=complete), mth(d[k:])]
    return [*proof(m - k, d[k:], complete=False), mth(d[:k])]


def proven_root(m: int, n: int, leaf_hash: bytes, hashes: list[bytes]) -> bytes:
    if n == 1:
        assert not hashes
        return leaf_hash
    k = split(n)
    *below, last = hashes
    if m < k:
        return pair(proven_root(m, k, leaf_hash, below), last)
    return pair(last, proven_root(m - k, n - k, leaf_hash, below))


def path_length(m: int, n: int) -> int:
    if n == 1:
        return 0
    k = split(n)
    return 1 + (path_length(m, k) if m < k else path_length(m - k, n - k))


def proven_roots(
    m: int, n: int, root1: bytes, hashes: list[bytes], *, complete: bool = True
) -> tuple[bytes, bytes]:
    if m == n:
        if complete:
            assert not hashes
            return root1, root1
        (only,) = hashes
        return only, only
    k = split(n)
    *below, last = hashes
    if m <= k:
        before, after = proven_roots(m, k, root1, below, complete=complete)
        return before, pair(after, last)
    before, after = proven_roots(m - k, n - k, root1, below, complete=False)
    return pair(last, before), pair(last, after)


def proof_length(m: int, n: int, *, complete: bool = True) -> int:
    if m == n:
        return 0 if complete else 1
    k = split(n)
    if m <= k:
        return 1 + proof_length(m, k, complete=complete)
    return 1 + proof_length(m - k, n - k, complete=False)
