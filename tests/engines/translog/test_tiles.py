"""Trees in memory and in tiles, against slices of naively computed levels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.translog import (
    TiledTree,
    TranslogError,
    Tree,
    consistency_proof,
    entries_path,
    entry_bundle,
    inclusion_proof,
    leaf_hash,
    new_tiles,
    split_bundle,
    tile_path,
    tiles_of,
    verify_consistency,
    verify_inclusion,
)
from tests.engines.translog import oracle

COUNT = 70_000
EDGES = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 70_000]


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    return [hashlib.sha256(b"%d" % n).digest() for n in range(COUNT)]


@pytest.fixture(scope="module")
def tree(leaves: list[bytes]) -> Tree:
    return Tree(leaves)


def _naive_tiles(leaves: list[bytes]) -> dict[str, bytes]:
    """Tiles by their definition: MTH(D[(n*256+i)*256**l : (n*256+i+1)*256**l])."""
    tiles = {}
    level, row = 0, leaves
    while row:
        for n in range(0, len(row), 256):
            part = row[n : n + 256]
            path = f"{n // 256 % 1000:03d}"
            if n // 256 >= 1000:
                path = f"x{n // 256 // 1000:03d}/{path}"
            suffix = "" if len(part) == 256 else f".p/{len(part)}"
            tiles[f"tile/{level}/{path}{suffix}"] = b"".join(part)
        row = [oracle.mth(row[n : n + 256]) for n in range(0, len(row) - 255, 256)]
        level += 1
    return tiles


def test_the_example_of_the_specification(tree: Tree) -> None:
    """A tree of 70,000: 273 full and one partial tile of 112, 1 and 17, 1 of 1."""
    tiles = tiles_of(tree, COUNT)
    assert len(tiles) == 274 + 2 + 1
    assert len(tiles["tile/0/273.p/112"]) == 112 * 32
    assert len(tiles["tile/1/000"]) == 8192
    assert len(tiles["tile/1/001.p/17"]) == 17 * 32
    assert len(tiles["tile/2/000.p/1"]) == 32
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"


def test_a_tree_of_256_has_a_full_tile_and_one_above(tree: Tree) -> None:
    assert set(tiles_of(tree, 256)) == {"tile/0/000", "tile/1/000.p/1"}
    assert tiles_of(tree, 0) == {}


@pytest.mark.parametrize("size", EDGES)
def test_tiles_are_those_of_the_definition(leaves: list[bytes], tree: Tree, size: int) -> None:
    assert tiles_of(tree, size) == _naive_tiles(leaves[:size])


def test_tiles_of_a_plain_sequence_are_the_same(leaves: list[bytes], tree: Tree) -> None:
    assert tiles_of(leaves[:600], 600) == tiles_of(tree, 600)


@given(st.integers(0, 1200), st.integers(0, 1200))
@settings(max_examples=60)
def test_new_tiles_are_what_the_old_log_lacked(a: int, b: int) -> None:
    old_size, size = sorted((a, b))
    tree = Tree([oracle.leaf(b"%d" % n) for n in range(size)])
    old, new = tiles_of(tree, old_size), tiles_of(tree, size)
    assert new_tiles(tree, old_size, size) == {p: d for p, d in new.items() if p not in old}


@pytest.mark.parametrize("size", EDGES)
def test_a_tiled_tree_proves_what_the_tree_in_memory_does(
    leaves: list[bytes], tree: Tree, size: int
) -> None:
    tiled = TiledTree(tiles_of(tree, size).__getitem__, size)
    root = tree.root(size)
    assert tiled.root() == root
    for index in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        assert tiled[index] == tree[index] == leaves[index]
        proof = inclusion_proof(tiled, index, size)
        assert proof == inclusion_proof(tree, index, size)
        verify_inclusion(index, size, leaves[index], proof, root)
    for size1 in {edge for edge in EDGES if edge <= size}:
        assert tiled.root(size1) == tree.root(size1)
        proof = consistency_proof(tiled, size1, size)
        assert proof == consistency_proof(tree, size1, size)
        verify_consistency(size1, size, tree.root(size1), root, proof)


def test_a_tree_read_at_a_smaller_size_uses_full_tiles_for_dropped_partials(tree: Tree) -> None:
    tiles = tiles_of(tree, COUNT)
    small = TiledTree(tiles.__getitem__, 300)
    assert small.root() == tree.root(300)
    assert small.tile(0, 1) == tree.span(0, 256, 300)
    with pytest.raises(KeyError, match="tile/2"):
        TiledTree({p: d for p, d in tiles.items() if "tile/2" not in p}.__getitem__, COUNT).root()


def test_a_proof_reads_a_few_tiles_only(tree: Tree) -> None:
    tiles = tiles_of(tree, COUNT)
    asked: list[str] = []

    def read(path: str) -> bytes:
        asked.append(path)
        return tiles[path]

    inclusion_proof(TiledTree(read, COUNT), 34_567, COUNT)
    assert len(asked) == len(set(asked))
    assert len(asked) <= 5


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + bytes(32), lambda d: b""])
def test_a_tile_of_another_length_is_refused(tree: Tree, change: Callable[[bytes], bytes]) -> None:
    tiles = tiles_of(tree, 300)
    for path in tiles:
        bent = TiledTree({**tiles, path: change(tiles[path])}.__getitem__, 300)
        with pytest.raises(TranslogError) as caught:
            [bent.tile(0, 0), bent.tile(0, 1), bent.tile(1, 0)]
        assert caught.value.code == "tile.length"
        assert caught.value.evidence["path"] == path


def test_a_changed_tile_changes_the_root(tree: Tree) -> None:
    tiles = tiles_of(tree, 300)
    for path in ("tile/0/001.p/44", "tile/1/000.p/1"):
        bent = {**tiles, path: bytes(32) + tiles[path][32:]}
        assert TiledTree(bent.__getitem__, 300).root() != tree.root(300)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
@settings(max_examples=60)
def test_appending_to_tiles_gives_the_same_tiles(batches: list[int]) -> None:
    tiles: dict[str, bytes] = {}
    tiled = TiledTree(tiles.__getitem__, 0)
    whole = Tree()
    for batch in batches:
        fresh = [oracle.leaf(b"%d" % n) for n in range(len(whole), len(whole) + batch)]
        size = len(whole)
        whole.extend(fresh)
        grown, added = tiled.appended(fresh)
        assert grown.root() == whole.root()
        assert added == new_tiles(whole, size, len(whole))
        tiles |= added
        for index in {0, len(whole) // 2, len(whole) - 1} & {*range(len(whole))}:
            proof = inclusion_proof(whole, index, len(whole))
            assert inclusion_proof(grown, index, len(whole)) == proof
        tiled = TiledTree(tiles.__getitem__, len(whole))
    assert {path: tiles[path] for path in tiles_of(whole, len(whole))} == tiles_of(
        whole, len(whole)
    )


def test_more_can_be_appended_before_anything_is_written() -> None:
    whole = Tree()
    tiled = TiledTree({}.__getitem__, 0)
    written: dict[str, bytes] = {}
    for batch in (1, 254, 1, 300, 0, 65_000, 236, 1, 65_280):
        fresh = [oracle.leaf(b"%d" % n) for n in range(len(whole), len(whole) + batch)]
        whole.extend(fresh)
        tiled, added = tiled.appended(fresh)
        written |= added
        assert tiled.root() == whole.root()
    assert {*tiles_of(whole, len(whole)).items()} <= {*written.items()}


@given(st.lists(st.integers(0, 5000), max_size=6))
@settings(max_examples=30)
def test_single_appends_and_batches_make_one_tree(batches: list[int]) -> None:
    batched, single = Tree(), Tree()
    for batch in batches:
        fresh = [oracle.leaf(b"%d" % n) for n in range(len(batched), len(batched) + batch)]
        batched.extend(iter(fresh))
        for place, item in enumerate(fresh, len(single)):
            assert single.append(item) == place
    assert len(batched) == len(single) == sum(batches)
    for size in {0, len(single) // 2, len(single)}:
        assert batched.root(size) == single.root(size)
        assert single.root(size) == oracle.mth([single[n] for n in range(size)])


def test_a_tree_refuses_what_is_no_leaf_hash_and_what_lies_outside() -> None:
    tree = Tree([bytes(32)])
    for bad in (bytes(31), "0" * 32, None):
        with pytest.raises(ValueError, match="leaf_hash"):
            tree.append(bad)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="leaf_hashes"):
            tree.extend([bytes(32), bad])  # type: ignore[list-item]
        with pytest.raises(ValueError, match="leaf_hashes"):
            TiledTree({}.__getitem__, 0).appended([bad])  # type: ignore[list-item]
    assert len(tree) == 1
    for index in (-1, 1, True):
        with pytest.raises(IndexError):
            tree[index]
        with pytest.raises(IndexError):
            TiledTree({"tile/0/000.p/1": bytes(32)}.__getitem__, 1)[index]
    with pytest.raises(ValueError, match="size"):
        tree.root(2)
    for outside in (
        TiledTree({}.__getitem__, 0),
        TiledTree({}.__getitem__, 0).appended([bytes(32)])[0],
    ):
        with pytest.raises(ValueError, match="width"):
            outside.tile(0, 1)


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "000"),
        (67, 12, "067.p/12"),
        (999, 256, "999"),
        (1000, 1, "x001/000.p/1"),
        (1_234_067, 256, "x001/x234/067"),
        (2**63 - 1, 255, "x009/x223/x372/x036/x854/x775/807.p/255"),
    ],
)
def test_paths(index: int, width: int, path: str) -> None:
    assert tile_path(3, index, width) == f"tile/3/{path}"
    assert entries_path(index, width) == f"tile/entries/{path}"


@pytest.mark.parametrize(
    "arguments", [(-1, 0), (64, 0), (0, -1), (0, 0, 0), (0, 0, 257), (0, True), (True, 0), (0, 0.0)]
)
def test_paths_outside_the_format_are_refused(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"level|index|width"):
        tile_path(*arguments)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_come_back(entries: list[bytes]) -> None:
    assert split_bundle(entry_bundle(entries)) == entries


def test_a_bundle_is_lengths_and_entries() -> None:
    long = b"x" * 65_535
    assert entry_bundle([b"ab", b"", long]) == b"\x00\x02ab\x00\x00\xff\xff" + long


@pytest.mark.parametrize("entries", [[], [b""] * 257, [b"x" * 65_536]])
def test_bundles_that_cannot_be_are_refused(entries: list[bytes]) -> None:
    with pytest.raises(ValueError, match="entr"):
        entry_bundle(entries)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\x02a", b"\0\x01ab", b"\0\0" * 257])
def test_bundles_that_are_cut_or_too_long_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="entr"):
        split_bundle(data)


def test_leaves_of_a_bundle_are_those_of_the_tile(tree: Tree) -> None:
    entries = [b"%d" % n for n in range(256)]
    hashes = b"".join(leaf_hash(entry) for entry in split_bundle(entry_bundle(entries)))
    assert tiles_of(Tree(map(leaf_hash, entries)), 256)["tile/0/000"] == hashes
