"""A real log at sizes 0 to 7 and canonical JSON pairs, by other people."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cotutelle.engines.translog import (
    NoteError,
    TiledTree,
    Tree,
    Verifier,
    canonical_json,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    new_tiles,
    open_checkpoint,
    split_bundle,
    tiles_of,
    verify_consistency,
    verify_inclusion,
)

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("COTUTELLE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "translog"
TILES = DATA / "tiles"
KEY = Verifier.parse(
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
)

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not TILES.is_dir(), reason=f"no shared data at {DATA}"),
]


def _tree(size: int) -> Tree:
    if size == 0:
        return Tree()
    entries = split_bundle((TILES / f"tile/entries/000.p/{size}").read_bytes())
    return Tree(map(leaf_hash, entries))


@pytest.mark.parametrize("size", range(8))
def test_checkpoints_verify_and_state_our_root(size: int) -> None:
    note = (TILES / f"checkpoint.{size}").read_bytes()
    head = open_checkpoint(note, [KEY])
    assert (head.origin, head.size) == ("example.com/log/testdata", size)
    assert head.root == _tree(size).root()
    with pytest.raises(NoteError):
        open_checkpoint(note.replace(b"\n%d\n" % size, b"\n%d\n" % (size + 1)), [KEY])


@pytest.mark.parametrize("size", range(1, 8))
def test_tiles_are_theirs_byte_for_byte(size: int) -> None:
    path = f"tile/0/000.p/{size}"
    assert tiles_of(_tree(size), size) == {path: (TILES / path).read_bytes()}
    assert new_tiles(_tree(7), size - 1, size) == {path: (TILES / path).read_bytes()}


def test_proofs_from_their_tiles_lead_to_the_signed_roots() -> None:
    heads = [
        open_checkpoint((TILES / f"checkpoint.{size}").read_bytes(), [KEY]) for size in range(8)
    ]
    tree = TiledTree(lambda path: (TILES / path).read_bytes(), 7)
    for size2 in range(1, 8):
        for index in range(size2):
            proof = inclusion_proof(tree, index, size2)
            verify_inclusion(index, size2, tree[index], proof, heads[size2].root)
        for size1 in range(1, size2 + 1):
            proof = consistency_proof(tree, size1, size2)
            verify_consistency(size1, size2, heads[size1].root, heads[size2].root, proof)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_canonical_json_is_theirs_byte_for_byte(name: str) -> None:
    value = json.loads((DATA / "rfc8785/input" / f"{name}.json").read_bytes())
    assert canonical_json(value) == (DATA / "rfc8785/output" / f"{name}.json").read_bytes()
