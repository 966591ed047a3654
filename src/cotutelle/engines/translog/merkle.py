"""
Merkle trees of RFC 6962: hashes, proofs and their verification.

A *tree* below is a `Tree`, a `TiledTree`, or any sequence of leaf hashes. The verifiers return
nothing and raise `ProofError` with the evidence for every refusal; they share no code with the
functions that make proofs, except the two hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Protocol, cast

from cotutelle.engines.translog.errors import ProofError
from cotutelle.engines.translog.strict import is_hash, is_number


class Nodes(Protocol):
    """A tree that knows its inner nodes."""

    def __len__(self) -> int: ...

    def node(self, level: int, index: int) -> bytes:
        """Return the root of the leaves ``[index * 2**level, (index + 1) * 2**level)``."""
        ...


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry, SHA-256(0x00 || data). Source: RFC 6962 2.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node, SHA-256(0x01 || left || right). Source: RFC 6962 2.1."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaf_hashes: Sequence[bytes]) -> bytes:
    """
    Return the Merkle tree hash of these leaf hashes (32 bytes each), in O(n).

    The root of no leaves is SHA-256 of nothing. Source: RFC 6962 2.1.
    """
    _refuse_odd_hashes(leaf_hashes)
    return range_root(nodes_of(leaf_hashes), 0, len(leaf_hashes))


def inclusion_proof(tree: Nodes | Sequence[bytes], index: int, size: int) -> list[bytes]:
    """
    Return the audit path of a leaf.

    Parameters
    ----------
    tree
        At least ``size`` leaves.
    index
        Leaf, from 0 to ``size - 1``.
    size
        Leaves of the tree the proof is for.

    Returns
    -------
    list of bytes
        Siblings from the leaf up to the root's child, 32 bytes each.

    Raises
    ------
    ValueError
        When ``index`` or ``size`` lies outside.

    Source: RFC 6962 2.1.1.
    """
    _refuse_size("size", size, 1, len(tree))
    _refuse_size("index", index, 0, size - 1)
    nodes = nodes_of(tree)
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return [range_root(nodes, *part) for part in reversed(path)]


def consistency_proof(tree: Nodes | Sequence[bytes], size1: int, size2: int) -> list[bytes]:
    """
    Return the proof that the tree of ``size1`` leaves is a prefix of that of ``size2``.

    Parameters
    ----------
    tree
        At least ``size2`` leaves.
    size1, size2
        Leaves before and after, ``1 <= size1 <= size2``.

    Returns
    -------
    list of bytes
        Hashes in the order of RFC 6962; empty when the sizes are equal.

    Raises
    ------
    ValueError
        When a size lies outside.

    Source: RFC 6962 2.1.2.
    """
    _refuse_size("size2", size2, 1, len(tree))
    _refuse_size("size1", size1, 1, size2)
    nodes = nodes_of(tree)
    path = []
    start, end, known = 0, size2, True  # known: the verifier has the root of this part already
    while size1 != end:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, known = middle, False
    if not known:
        path.append((start, end))
    return [range_root(nodes, *part) for part in reversed(path)]


def verify_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """
    Check that a leaf is in the tree with this root.

    Parameters
    ----------
    index
        Leaf, from 0 to ``size - 1``.
    size
        Leaves of the tree, at least 1.
    leaf_hash, root
        32 bytes each.
    proof
        Siblings from the leaf upwards, 32 bytes each.

    Raises
    ------
    ProofError
        For every refusal, with the evidence.

    Source: RFC 9162 2.1.3.2.
    """
    evidence = {"index": index, "size": size, "leaf_hash": leaf_hash, "proof": proof, "root": root}
    _refuse_numbers(evidence, "index", "size")
    _refuse_hashes(evidence, "leaf_hash", "root")
    if not 0 <= index < size:
        raise _refusal("proof.index", f"leaf {index} is not in a tree of {size}", evidence)
    below = (index ^ (size - 1)).bit_length()  # levels until the leaf joins the right border
    if len(proof) != below + (index >> below).bit_count():
        raise _refusal("proof.length", "the proof has the wrong number of hashes", evidence)
    computed = leaf_hash
    for level, sibling in enumerate(proof):
        is_left = level < below and not index >> level & 1
        computed = node_hash(computed, sibling) if is_left else node_hash(sibling, computed)
    if computed != root:
        raise _refusal("proof.root", "the proof leads to another root", evidence, computed)


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """
    Check that the tree with ``root1`` is a prefix of the tree with ``root2``.

    Parameters
    ----------
    size1, size2
        Leaves before and after, ``1 <= size1 <= size2``. Nothing is a prefix of everything, but
        a proof of it says nothing: ``size1 = 0`` is refused.
    root1, root2
        32 bytes each.
    proof
        32 bytes each; empty when the sizes are equal.

    Raises
    ------
    ProofError
        For every refusal, with the evidence.

    Source: RFC 9162 2.1.4.2.
    """
    evidence = {"size1": size1, "size2": size2, "root1": root1, "root2": root2, "proof": proof}
    _refuse_numbers(evidence, "size1", "size2")
    _refuse_hashes(evidence, "root1", "root2")
    if not 1 <= size1 <= size2:
        raise _refusal("proof.sizes", f"no proof leads from {size1} to {size2} leaves", evidence)
    if size1 == size2:
        if proof:
            raise _refusal("proof.length", "equal sizes need an empty proof", evidence)
        if root1 != root2:
            raise _refusal("proof.fork", "two roots for one size", evidence)
        return
    if not proof:
        raise _refusal("proof.length", "the proof is empty", evidence)
    computed = _roots_of_consistency(size1, size2, root1, proof, evidence)
    if computed[0] != root1:
        raise _refusal("proof.root1", "the proof leads to another first root", evidence, *computed)
    if computed[1] != root2:
        raise _refusal("proof.root2", "the proof leads to another second root", evidence, *computed)


def _roots_of_consistency(
    size1: int, size2: int, root1: bytes, proof: Sequence[bytes], evidence: dict[str, Any]
) -> tuple[bytes, bytes]:
    """Fold a proof into both roots, step by step as RFC 9162 2.1.4.2 has it."""
    path = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    first, second = size1 - 1, size2 - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if second == 0:
            raise _refusal("proof.length", "the proof has too many hashes", evidence)
        if first & 1 or first == second:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            after = node_hash(after, sibling)
        first, second = first >> 1, second >> 1
    if second != 0:
        raise _refusal("proof.length", "the proof has too few hashes", evidence)
    return before, after


class _Leaves:
    """A plain sequence of leaf hashes; each node is computed when asked for."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._leaf_hashes = leaf_hashes

    def __len__(self) -> int:
        return len(self._leaf_hashes)

    def node(self, level: int, index: int) -> bytes:
        row = list(self._leaf_hashes[index << level : (index + 1) << level])
        while len(row) > 1:
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        return row[0]


def nodes_of(tree: Nodes | Sequence[bytes]) -> Nodes:
    """Return ``tree`` itself when it knows its nodes, else a view that computes them."""
    return cast("Nodes", tree) if hasattr(tree, "node") else _Leaves(tree)


def range_root(nodes: Nodes, start: int, end: int) -> bytes:
    """
    Return the Merkle tree hash of the leaves ``[start, end)``.

    ``start`` is a multiple of the smallest power of two that is no less than ``end - start``, as
    in every part of RFC 6962's recursion; the part then is a row of complete subtrees.
    """
    if start == end:
        return sha256(b"").digest()
    computed = b""
    while end > start:
        level = ((end - start) & (start - end)).bit_length() - 1
        end -= 1 << level
        subtree = nodes.node(level, end >> level)
        computed = node_hash(subtree, computed) if computed else subtree
    return computed


def _split(width: int) -> int:
    """Return the largest power of two below ``width``. Source: RFC 6962 2.1."""
    return 1 << (width - 1).bit_length() - 1


def _refuse_size(name: str, value: int, least: int, most: int) -> None:
    if not is_number(value) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {value!r}")


def _refuse_odd_hashes(hashes: Sequence[bytes]) -> None:
    for position, item in enumerate(hashes):
        if not is_hash(item):
            raise ValueError(f"leaf_hashes[{position}] must be 32 bytes")


def _refuse_numbers(evidence: dict[str, Any], *names: str) -> None:
    for name in names:
        if not is_number(evidence[name]):
            raise _refusal("proof.number", f"{name} must be a whole number", evidence)


def _refuse_hashes(evidence: dict[str, Any], *names: str) -> None:
    for name in names:
        if not is_hash(evidence[name]):
            raise _refusal("proof.hash", f"{name} must be 32 bytes", evidence)
    proof = evidence["proof"]
    if not isinstance(proof, list | tuple) or not all(is_hash(item) for item in proof):
        raise _refusal("proof.hash", "proof must be a list of hashes of 32 bytes", evidence)


def _refusal(code: str, message: str, evidence: dict[str, Any], *computed: bytes) -> ProofError:
    shown = {name: _shown(value) for name, value in evidence.items()}
    if computed:
        shown["computed"] = _shown(computed)
    return ProofError(code, message, shown)


def _shown(value: Any) -> Any:
    """Return ``value`` as JSON can carry it: hashes in hexadecimal, strange things by name."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value if is_number(value) else repr(value)[:100]
