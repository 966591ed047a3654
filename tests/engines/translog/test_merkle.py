"""Merkle hashes and proofs, against RFC 6962's own recursion and the roots of its first users."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.translog import (
    ProofError,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.engines.translog import oracle

LEAVES = [oracle.leaf(bytes([n])) for n in range(71)]
SIZES = range(1, 71)
LARGE = st.integers(1, 2**63 - 1)

# The eight entries and roots that implementations of RFC 6962 have tested with since 2012.
KNOWN_ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _hashes(count: int, seed: int = 0) -> list[bytes]:
    return [hashlib.sha256(b"%d %d" % (seed, n)).digest() for n in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_known_since_2012(size: int) -> None:
    leaves = [leaf_hash(entry) for entry in KNOWN_ENTRIES[:size]]
    assert root_hash(leaves).hex() == KNOWN_ROOTS[size]
    assert Tree(leaves).root().hex() == KNOWN_ROOTS[size]


def test_hashes_of_leaves_and_nodes_are_kept_apart() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(b"\x01" + left + right) != node_hash(left, right)
    assert leaf_hash(b"data") == hashlib.sha256(b"\0data").digest()
    assert node_hash(left, right) == oracle.pair(left, right)


@pytest.mark.parametrize("make", [list, tuple, Tree], ids=["list", "tuple", "Tree"])
def test_every_proof_is_that_of_the_recursion(make: Callable[[Any], Any]) -> None:
    tree = make(LEAVES)
    for size in SIZES:
        part = LEAVES[:size]
        root = oracle.mth(part)
        assert root_hash(part) == root
        for index in range(size):
            proof = inclusion_proof(tree, index, size)
            assert proof == oracle.path(index, part)
            verify_inclusion(index, size, LEAVES[index], proof, root)
        for size1 in range(1, size + 1):
            proof = consistency_proof(tree, size1, size)
            assert proof == oracle.proof(size1, part)
            verify_consistency(size1, size, oracle.mth(LEAVES[:size1]), root, proof)


def test_proofs_and_roots_are_those_of_another_library() -> None:
    tree, rival = Tree(), pymerkle.InmemoryTree()
    for n in range(300):
        entry = b"entry %d" % n
        tree.append(leaf_hash(entry))
        rival.append_entry(entry)
    for size in (1, 2, 3, 127, 128, 129, 255, 256, 257, 300):
        assert tree.root(size) == rival.get_root(size)
        for index in range(0, size, 7):
            # The rival counts leaves from one and puts the leaf itself first.
            assert [tree[index], *inclusion_proof(tree, index, size)] == rival.prove_inclusion(
                index + 1, size
            ).path


@given(st.data())
@settings(max_examples=200)
def test_inclusion_is_verified_at_any_size(data: st.DataObject) -> None:
    size = data.draw(LARGE)
    index = data.draw(st.integers(0, size - 1))
    leaf, *proof = _hashes(1 + oracle.path_length(index, size))
    root = oracle.proven_root(index, size, leaf, proof)
    verify_inclusion(index, size, leaf, proof, root)
    with pytest.raises(ProofError):
        verify_inclusion(index, size, leaf, [*proof, leaf], root)
    if proof:
        with pytest.raises(ProofError):
            verify_inclusion(index, size, leaf, proof[:-1], root)
        at = data.draw(st.integers(0, len(proof) - 1))
        with pytest.raises(ProofError) as caught:
            verify_inclusion(index, size, leaf, [*proof[:at], leaf, *proof[at + 1 :]], root)
        assert caught.value.code == "proof.root"


@given(st.data())
@settings(max_examples=200)
def test_consistency_is_verified_at_any_size(data: st.DataObject) -> None:
    size2 = data.draw(LARGE)
    size1 = data.draw(st.integers(1, size2))
    root1, *proof = _hashes(1 + oracle.proof_length(size1, size2))
    before, after = oracle.proven_roots(size1, size2, root1, proof)
    verify_consistency(size1, size2, before, after, proof)
    for hashes in (proof[:-1], proof[1:], [*proof, root1], [root1, *proof]):
        if hashes != proof:
            with pytest.raises(ProofError) as caught:
                verify_consistency(size1, size2, before, after, hashes)
            assert caught.value.code == "proof.length"
    with pytest.raises(ProofError):
        verify_consistency(size1, size2, before, root1[::-1], proof)
    with pytest.raises(ProofError):
        verify_consistency(size1, size2, root1[::-1], after, proof)


def _flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (4, 5), (2, 7), (6, 7), (3, 8)])
def test_no_bit_of_an_inclusion_can_change(index: int, size: int) -> None:
    proof = inclusion_proof(LEAVES, index, size)
    root = root_hash(LEAVES[:size])
    for bit in range(256):
        with pytest.raises(ProofError):
            verify_inclusion(index, size, _flipped(LEAVES[index], bit), proof, root)
        with pytest.raises(ProofError):
            verify_inclusion(index, size, LEAVES[index], proof, _flipped(root, bit))
        for at, item in enumerate(proof):
            changed = [*proof[:at], _flipped(item, bit), *proof[at + 1 :]]
            with pytest.raises(ProofError):
                verify_inclusion(index, size, LEAVES[index], changed, root)


@pytest.mark.parametrize(("size1", "size2"), [(1, 2), (3, 5), (4, 8), (4, 7), (6, 7), (7, 7)])
def test_no_bit_of_a_consistency_can_change(size1: int, size2: int) -> None:
    proof = consistency_proof(LEAVES, size1, size2)
    roots = [root_hash(LEAVES[:size1]), root_hash(LEAVES[:size2])]
    for bit in range(256):
        with pytest.raises(ProofError):
            verify_consistency(size1, size2, _flipped(roots[0], bit), roots[1], proof)
        with pytest.raises(ProofError):
            verify_consistency(size1, size2, roots[0], _flipped(roots[1], bit), proof)
        for at, item in enumerate(proof):
            changed = [*proof[:at], _flipped(item, bit), *proof[at + 1 :]]
            with pytest.raises(ProofError):
                verify_consistency(size1, size2, *roots, changed)


def test_a_proof_holds_for_no_other_index_leaf_or_order() -> None:
    for size in range(2, 18):
        root = root_hash(LEAVES[:size])
        proofs = [inclusion_proof(LEAVES, index, size) for index in range(size)]
        for index in range(size):
            for other in set(range(size)) - {index}:
                with pytest.raises(ProofError):
                    verify_inclusion(other, size, LEAVES[index], proofs[index], root)
                with pytest.raises(ProofError):
                    verify_inclusion(index, size, LEAVES[other], proofs[index], root)
                with pytest.raises(ProofError):
                    verify_inclusion(index, size, LEAVES[index], proofs[other], root)
            if len(proofs[index]) > 1:
                with pytest.raises(ProofError):
                    verify_inclusion(index, size, LEAVES[index], proofs[index][::-1], root)


def test_a_consistency_proof_holds_for_no_other_pair_of_roots() -> None:
    roots = [root_hash(LEAVES[:size]) for size in range(18)]
    for size2 in range(2, 18):
        for size1 in range(1, size2):
            proof = consistency_proof(LEAVES, size1, size2)
            with pytest.raises(ProofError):
                verify_consistency(size1, size2, roots[size2], roots[size1], proof)
            for other in set(range(1, 18)) - {size1}:
                with pytest.raises(ProofError):
                    verify_consistency(size1, size2, roots[other], roots[size2], proof)
            if len(proof) > 1:
                with pytest.raises(ProofError):
                    verify_consistency(size1, size2, roots[size1], roots[size2], proof[::-1])


def test_an_inner_node_is_no_leaf() -> None:
    """The attack that the two prefixes are for: a node's children given out as an entry."""
    root = root_hash(LEAVES[:4])
    inner = LEAVES[0] + LEAVES[1]
    with pytest.raises(ProofError):
        verify_inclusion(0, 2, leaf_hash(inner), [node_hash(*LEAVES[2:4])], root)


BAD_NUMBERS = [-1, True, False, 1.0, "1", None, b"\x01", 2**200]
BAD_HASHES = [b"", bytes(31), bytes(33), "0" * 32, None, 7, bytearray(32), [0] * 32]


@pytest.mark.parametrize("bad", BAD_NUMBERS, ids=repr)
def test_odd_numbers_are_refused_with_evidence(bad: Any) -> None:
    proof = inclusion_proof(LEAVES, 1, 7)
    root = root_hash(LEAVES[:7])
    fork = consistency_proof(LEAVES, 3, 7)
    calls = [
        (verify_inclusion, (bad, 7, LEAVES[1], proof, root)),
        (verify_inclusion, (1, bad, LEAVES[1], proof, root)),
        (verify_consistency, (bad, 7, root, root, fork)),
        (verify_consistency, (3, bad, root, root, fork)),
    ]
    for verify, arguments in calls:
        with pytest.raises(ProofError) as caught:
            verify(*arguments)
        assert caught.value.code.startswith("proof.")
        assert caught.value.evidence["proof"]


@pytest.mark.parametrize("bad", BAD_HASHES, ids=repr)
def test_odd_hashes_are_refused_with_evidence(bad: Any) -> None:
    proof = inclusion_proof(LEAVES, 1, 7)
    root = root_hash(LEAVES[:7])
    fork = consistency_proof(LEAVES, 3, 7)
    root3 = root_hash(LEAVES[:3])
    calls = [
        (verify_inclusion, (1, 7, bad, proof, root)),
        (verify_inclusion, (1, 7, LEAVES[1], proof, bad)),
        (verify_inclusion, (1, 7, LEAVES[1], [proof[0], bad, proof[2]], root)),
        (verify_inclusion, (1, 7, LEAVES[1], bad, root)),
        (verify_consistency, (3, 7, bad, root, fork)),
        (verify_consistency, (3, 7, root3, bad, fork)),
        (verify_consistency, (3, 7, root3, root, [*fork[:-1], bad])),
        (verify_consistency, (3, 7, root3, root, bad)),
    ]
    for verify, arguments in calls:
        with pytest.raises(ProofError) as caught:
            verify(*arguments)
        assert caught.value.code == "proof.hash"
        assert {"proof"} < set(caught.value.evidence)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda r, p: verify_inclusion(0, 0, LEAVES[0], [], r), "proof.index"),
        (lambda r, p: verify_inclusion(7, 7, LEAVES[0], p, r), "proof.index"),
        (lambda r, p: verify_inclusion(9, 7, LEAVES[0], p, r), "proof.index"),
        (lambda r, p: verify_inclusion(1, 7, LEAVES[1], p[:-1], r), "proof.length"),
        (lambda r, p: verify_inclusion(1, 7, LEAVES[1], [*p, p[0]], r), "proof.length"),
        (lambda r, p: verify_inclusion(1, 7, LEAVES[1], [], r), "proof.length"),
        (lambda r, p: verify_consistency(0, 7, r, r, p), "proof.sizes"),
        (lambda r, p: verify_consistency(0, 0, r, r, []), "proof.sizes"),
        (lambda r, p: verify_consistency(8, 7, r, r, p), "proof.sizes"),
        (lambda r, p: verify_consistency(7, 7, r, r, p), "proof.length"),
        (lambda r, p: verify_consistency(7, 7, r, p[0], []), "proof.fork"),
        (lambda r, p: verify_consistency(3, 7, r, r, []), "proof.length"),
        (lambda r, p: verify_consistency(4, 7, r, r, []), "proof.length"),
    ],
)
def test_each_refusal_has_its_code(call: Callable[[bytes, list[bytes]], None], code: str) -> None:
    with pytest.raises(ProofError) as caught:
        call(root_hash(LEAVES[:7]), inclusion_proof(LEAVES, 1, 7))
    assert caught.value.code == code
    assert isinstance(caught.value, ValueError)


def test_the_evidence_holds_what_was_given_and_what_came_out() -> None:
    proof = inclusion_proof(LEAVES, 1, 7)
    with pytest.raises(ProofError) as caught:
        verify_inclusion(1, 7, LEAVES[2], proof, root_hash(LEAVES[:7]))
    assert caught.value.evidence == {
        "index": 1,
        "size": 7,
        "leaf_hash": LEAVES[2].hex(),
        "proof": [item.hex() for item in proof],
        "root": root_hash(LEAVES[:7]).hex(),
        "computed": [oracle.proven_root(1, 7, LEAVES[2], proof).hex()],
    }


@pytest.mark.parametrize(
    "call",
    [
        lambda: inclusion_proof(LEAVES, 0, 0),
        lambda: inclusion_proof(LEAVES, 7, 7),
        lambda: inclusion_proof(LEAVES, -1, 7),
        lambda: inclusion_proof(LEAVES, 0, 72),
        lambda: inclusion_proof(LEAVES, True, 7),
        lambda: consistency_proof(LEAVES, 0, 7),
        lambda: consistency_proof(LEAVES, 8, 7),
        lambda: consistency_proof(LEAVES, 1, 72),
        lambda: root_hash([bytes(31)]),
    ],
)
def test_makers_of_proofs_name_the_argument_they_refuse(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"index|size|leaf_hashes"):
        call()
