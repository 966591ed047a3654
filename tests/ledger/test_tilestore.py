"""The store of tiles: durable, whole, never overwritten."""

from __future__ import annotations

import multiprocessing
import os
from hashlib import sha256
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from cotutelle.engines.translog import TiledTree, Tree, inclusion_proof, new_tiles, tiles_of
from cotutelle.ledger.tilestore import TileConflict, TileStore

LEAVES = [sha256(b"%d" % n).digest() for n in range(700)]


@pytest.fixture
def store(tmp_path: Path) -> TileStore:
    return TileStore(tmp_path / "log" / "1")


def _files(store: TileStore) -> dict[str, bytes]:
    return {
        path.relative_to(store.folder).as_posix(): path.read_bytes()
        for path in store.folder.glob("tile/**/*")
        if path.is_file()
    }


def test_a_log_grows_in_files_and_proves_from_them(store: TileStore) -> None:
    tree, size = Tree(), 0
    written: dict[str, bytes] = {}
    for step in (1, 3, 252, 1, 44, 256, 143):
        tree.extend(LEAVES[size : size + step])
        fresh = new_tiles(tree, size, size + step)
        store.write(fresh)
        written |= fresh
        size += step
        assert _files(store) == written
        read = TiledTree(TileStore(store.folder).read, size)
        assert read.root() == tree.root()
        assert inclusion_proof(read, size // 2, size) == inclusion_proof(tree, size // 2, size)


def test_the_same_bytes_may_be_written_again_and_others_never(store: TileStore) -> None:
    tiles = tiles_of(LEAVES[:300], 300)
    store.write(tiles)
    before = _files(store)
    store.write(tiles)
    with pytest.raises(TileConflict) as caught:
        store.write({"tile/0/000": bytes(8192)})
    assert caught.value.path == "tile/0/000"
    assert _files(store) == before


def test_a_write_that_was_cut_short_is_completed_by_the_same_call(store: TileStore) -> None:
    tiles = tiles_of(LEAVES, 700)
    store.write(dict(list(tiles.items())[:2]))
    (store.folder / ".incoming" / "left-behind").write_bytes(b"half")
    store.write(tiles)
    assert _files(store) == tiles


def test_nothing_unfinished_is_ever_among_the_tiles(
    store: TileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash just before the bytes are safe leaves no tile, whole or half."""

    def crash(handle: int) -> None:
        raise OSError("power cut")

    store.write({"tile/0/000.p/1": LEAVES[0]})
    with monkeypatch.context() as cut:
        cut.setattr(os, "fsync", crash)
        with pytest.raises(OSError, match="power cut"):
            store.write({"tile/0/000.p/2": LEAVES[0] + LEAVES[1]})
        with pytest.raises(OSError, match="power cut"):
            store.publish(b"new")
    assert set(_files(store)) == {"tile/0/000.p/1"}
    assert not (store.folder / "checkpoint").exists()


def test_everything_written_is_synced_files_and_names(
    store: TileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    store.write({"tile/0/x001/000.p/1": LEAVES[0]})
    root = store.folder
    assert Path(synced[0]).parent == root / ".incoming"
    new = ["tile/0/x001/000.p", "tile/0/x001", "tile/0", "tile", ""]
    assert {str(root / name) for name in new} <= set(synced[1:])
    assert {str(root.parent), str(root.parent.parent)} <= set(synced[1:])


def _race(folder: Path, byte: int, start: Barrier, results: multiprocessing.Queue[int]) -> None:
    start.wait()
    try:
        TileStore(folder).write({f"tile/0/{n:03d}": bytes([byte]) * 8192 for n in range(20)})
    except TileConflict:
        return
    results.put(byte)


def test_of_two_processes_with_two_histories_at_most_one_wins(store: TileStore) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(2), context.Queue()
    racers = [
        context.Process(target=_race, args=(store.folder, byte, start, results)) for byte in (1, 2)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    winners = [results.get() for _ in range(2) if not results.empty()]
    assert len(winners) <= 1
    for data in _files(store).values():
        assert data in (b"\1" * 8192, b"\2" * 8192)


def test_a_checkpoint_is_replaced_whole(store: TileStore) -> None:
    store.publish(b"one")
    store.publish(b"two")
    assert store.read("checkpoint") == b"two"
    with pytest.raises(ValueError, match="checkpoint"):
        store.write({"checkpoint": b"three"})
    assert not list((store.folder / ".incoming").iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "/tile/0/000",
        "../tile/0/000",
        "tile/0/../000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/0/0000",
        "tile/0/00",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/data/000",
        ".incoming/x",
    ],
)
def test_paths_that_are_none_of_a_log_are_refused(store: TileStore, path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        store.read(path)
    with pytest.raises(ValueError, match="not a path"):
        store.write({"tile/0/000": bytes(8192), path: b""})
    assert not store.folder.exists()


def test_partial_tiles_go_when_the_full_one_is_there(store: TileStore) -> None:
    for size in (3, 200, 256, 300):
        store.write(tiles_of(LEAVES[:size], size))
        store.write({f"tile/entries/000.p/{size}" if size < 256 else "tile/entries/000": b"\0\0"})
    assert store.drop_partials() == 4
    assert set(_files(store)) == {
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
    }
    assert TiledTree(store.read, 200).root() == Tree(LEAVES[:200]).root()
    assert store.drop_partials() == 0


def test_a_missing_tile_is_said_so(store: TileStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.read("tile/0/000")
