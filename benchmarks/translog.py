"""
Measure the transparency log against pymerkle and against the bare hash function.

    python benchmarks/translog.py [--quick] [--rounds N] [--folder F]

All times are CPU seconds of this process (user and system), medians of interleaved rounds, with
the collector of cycles off, as ``timeit`` has it; for what waits for the disk the wall clock is
shown beside it. Entries are 32 random bytes, so a leaf costs one hash over 33 bytes and, on
average, one over 65: doing just that in a loop is the *hash limit*.

* append: entries into a tree in memory (leaf hash included), one by one and in one batch.
* memory: what tracemalloc counts for a tree, per leaf.
* proof: a cold object opens what lies on disk and proves one random entry.
* durable append: 256 entries in a commit that outlives a power cut (tiles, bundle, fsync of files
  and folders) against pymerkle's SqliteTree, which commits each entry.
* issuing: a credential in both suites (see ``_issuing``).
"""

from __future__ import annotations

import argparse
import gc
import random
import shutil
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pymerkle
from _issuing import measure_issuing

from cotutelle.engines.translog import (
    TiledTree,
    Tree,
    entries_path,
    entry_bundle,
    inclusion_proof,
    leaf_hash,
    split_bundle,
    tiles_of,
    verify_inclusion,
)
from cotutelle.ledger.tilestore import TileStore

BATCH = 256
APPEND_TO_RIVAL = 5.0  # times
SHARE_OF_LIMIT = 0.40
BYTES_A_LEAF = 110.0
PROOF_TO_RIVAL = 50.0
PROOF_GROWTH = 2.0
DURABLE_TO_RIVAL = 20.0


class Verdict:
    """Prints each figure with what is asked of it, and remembers what was missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def line(self, name: str, value: float, asked: float, *, at_least: bool) -> None:
        """Print one judged figure."""
        good = value >= asked if at_least else value <= asked
        sign = ">=" if at_least else "<="
        print(
            f"  {name:<58} {value:>9.2f}   asked {sign} {asked:g}   {'met' if good else 'MISSED'}"
        )
        if not good:
            self.missed.append(name)


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    gc.disable()
    began = time.process_time()
    work()
    spent = time.process_time() - began
    gc.enable()
    return spent


def interleaved(rounds: int, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each, measured in turns so that a busy minute hits all of them."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            spent[name].append(cpu_seconds(work))
    return {name: statistics.median(times) for name, times in spent.items()}


def measure_append(entries: list[bytes], rounds: int, verdict: Verdict) -> None:
    """Append to a tree in memory: ours, the rival's, and the bare hashes."""
    leaf, pair = bytes(33), bytes(65)

    def bare() -> None:
        for _ in entries:
            sha256(leaf).digest()
            sha256(pair).digest()

    def batch() -> Tree:
        return Tree(map(leaf_hash, entries))

    def single() -> Tree:
        tree = Tree()
        for entry in entries:
            tree.append(leaf_hash(entry))
        return tree

    def rival() -> pymerkle.InmemoryTree:
        tree = pymerkle.InmemoryTree()
        for entry in entries:
            tree.append_entry(entry)
        return tree

    if not batch().root() == single().root() == rival().get_root():
        raise SystemExit("the trees differ")
    times = interleaved(rounds, {"bare": bare, "batch": batch, "single": single, "rival": rival})
    print(f"append, {len(entries):,} leaves, microseconds of CPU a leaf")
    for name, seconds in times.items():
        print(f"  {name:<10} {seconds / len(entries) * 1e6:8.2f}")
    for name in ("batch", "single"):
        ratio = times["rival"] / times[name]
        verdict.line(
            f"append ({name}), times pymerkle in memory", ratio, APPEND_TO_RIVAL, at_least=True
        )
        share = times["bare"] / times[name]
        verdict.line(
            f"append ({name}), share of the hash limit", share, SHARE_OF_LIMIT, at_least=True
        )


def measure_memory(count: int, verdict: Verdict) -> None:
    """Bytes a leaf of a tree in memory, filled from a generator."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tree = Tree(sha256(number.to_bytes(8, "big")).digest() for number in range(count))
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"memory, {len(tree):,} leaves (peak while filling {(peak - before) / count:.1f} bytes a leaf)"
    )
    verdict.line("bytes a leaf", (after - before) / count, BYTES_A_LEAF, at_least=False)


def store_durably(folder: Path, entries: list[bytes]) -> tuple[Path, Path]:
    """Lay down both logs on disk; only what is measured later needs fsync."""
    tiles, database = folder / f"log{len(entries)}", folder / f"{len(entries)}.db"
    for path, data in tiles_of(Tree(map(leaf_hash, entries)), len(entries)).items():
        place = tiles / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    first, kept = divmod(len(entries), BATCH)
    if kept:
        place = tiles / entries_path(first, kept)
        place.parent.mkdir(parents=True)
        place.write_bytes(entry_bundle(entries[-kept:]))
    rival = pymerkle.SqliteTree(str(database))
    rival.append_entries(entries)
    rival.close()
    return tiles, database


def measure_proofs(
    folder: Path, sizes: list[int], rounds: int, verdict: Verdict
) -> tuple[Path, Path]:
    """Prove from disk with a cold object, at each size."""
    draw = random.Random(7)  # noqa: S311
    ours: dict[int, float] = {}
    places = (folder, folder)
    for size in sizes:
        entries = [draw.randbytes(32) for _ in range(size)]
        tiles, database = places = store_durably(folder, entries)

        def prove(tiles: Path = tiles, size: int = size) -> None:
            inclusion_proof(TiledTree(TileStore(tiles).read, size), draw.randrange(size), size)

        def rival(database: Path = database, size: int = size) -> None:
            with pymerkle.SqliteTree(str(database)) as tree:
                tree.prove_inclusion(draw.randrange(size) + 1)

        index = draw.randrange(size)
        tree = TiledTree(TileStore(tiles).read, size)
        verify_inclusion(
            index, size, leaf_hash(entries[index]), inclusion_proof(tree, index, size), tree.root()
        )
        works = {f"ours{n}": prove for n in range(20)} | {"rival": rival}
        times = interleaved(rounds, works)
        ours[size] = statistics.median(t for name, t in times.items() if name != "rival")
        print(
            f"durable proof, {size:,} leaves: ours {ours[size] * 1e3:.3f} ms,"
            f" SqliteTree {times['rival'] * 1e3:.1f} ms of CPU"
        )
    verdict.line(
        f"durable proof at {size:,}, times SqliteTree",
        times["rival"] / ours[size],
        PROOF_TO_RIVAL,
        at_least=True,
    )
    growth = ours[sizes[-1]] / ours[sizes[0]]
    verdict.line(f"durable proof, growth from {sizes[0]:,}", growth, PROOF_GROWTH, at_least=False)
    return places


def commit(store: TileStore, entries: list[bytes], size: int) -> None:
    """Add entries to a log of this size on disk, durably, with a new head."""
    tree, tiles = TiledTree(store.read, size).appended([leaf_hash(entry) for entry in entries])
    first, kept = divmod(size, BATCH)
    held = split_bundle(store.read(entries_path(first, kept))) if kept else []
    for number in range(0, kept + len(entries), BATCH):
        part = (held + entries)[number : number + BATCH]
        tiles[entries_path(first + number // BATCH, len(part))] = entry_bundle(part)
    store.write(tiles)
    store.publish(b"log.example\n%d\n%s\n" % (len(tree), tree.root().hex().encode()))


def measure_durable_append(
    places: tuple[Path, Path], size: int, rounds: int, verdict: Verdict
) -> None:
    """Append durably to the logs that lie on disk."""
    draw = random.Random(11)  # noqa: S311
    store, database = TileStore(places[0]), places[1]
    rival = pymerkle.SqliteTree(str(database))
    spent: dict[str, list[float]] = {
        name: [] for name in ("ours", "ours_wall", "rival", "rival_wall")
    }
    singles = 64

    for _ in range(rounds):
        entries = [draw.randbytes(32) for _ in range(BATCH)]
        began, wall = time.process_time(), time.perf_counter()
        commit(store, entries, size)
        spent["ours"].append((time.process_time() - began) / BATCH)
        spent["ours_wall"].append((time.perf_counter() - wall) / BATCH)
        size += BATCH
        entries = [draw.randbytes(32) for _ in range(singles)]
        began, wall = time.process_time(), time.perf_counter()
        for entry in entries:
            rival.append_entry(entry)
        spent["rival"].append((time.process_time() - began) / singles)
        spent["rival_wall"].append((time.perf_counter() - wall) / singles)
    rival.close()
    medians = {name: statistics.median(times) for name, times in spent.items()}
    print(
        "durable append, microseconds an entry:"
        f" ours {medians['ours'] * 1e6:.1f} CPU {medians['ours_wall'] * 1e6:.1f} wall,"
        f" SqliteTree {medians['rival'] * 1e6:.1f} CPU {medians['rival_wall'] * 1e6:.1f} wall"
    )
    for kind, suffix in (("CPU", ""), ("wall clock", "_wall")):
        ratio = medians[f"rival{suffix}"] / medians[f"ours{suffix}"]
        verdict.line(
            f"durable append, times SqliteTree ({kind})", ratio, DURABLE_TO_RIVAL, at_least=True
        )


def main() -> int:
    """Measure all of it; the exit status is 1 when something asked was missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, for trying")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the logs on disk go for the while")
    options = parser.parse_args()
    size = 100_000 if options.quick else 1_000_000
    draw = random.Random(3)  # noqa: S311
    verdict = Verdict()
    measure_append([draw.randbytes(32) for _ in range(size)], options.rounds, verdict)
    measure_memory(size, verdict)
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        places = measure_proofs(folder, [size // 10, size], options.rounds, verdict)
        measure_durable_append(places, size, 15 * options.rounds, verdict)
    finally:
        shutil.rmtree(folder)
    measure_issuing(500 * options.rounds, verdict)
    return 1 if verdict.missed else 0


if __name__ == "__main__":
    sys.exit(main())
