"""Vectors kept on disk: counted, shared between processes, and still there after a kill."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from cotutelle.engines.affinity.models import VectorCache

ROOT = Path(__file__).resolve().parents[2]


class Hashing:
    """A text model made of a hash, which notes what it was asked."""

    name = "hashing"
    dimension = 8

    def __init__(self, version="hashing-1", *, die_after=None):
        self.version = version
        self.asked = []
        self.die_after = die_after

    def encode(self, texts):
        if self.die_after is not None and len(self.asked) + len(texts) > self.die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        self.asked += texts
        rows = [hashlib.sha256(text.encode()).digest()[:8] for text in texts]
        found = np.array([list(row) for row in rows], dtype=np.float32) + 1
        found[[text == "" for text in texts]] = 0
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return found / np.where(lengths > 0, lengths, 1)


def texts(first, count):
    return [f"text {number}" for number in range(first, first + count)]


def fill(folder, first, count, die_after=None):
    """Start a process that fills the cache."""
    code = (
        "import sys; from pathlib import Path;"
        "from tests.engines.test_affinity_cache import Hashing, VectorCache, texts;"
        f"model = Hashing(die_after={die_after});"
        f"VectorCache(Path(sys.argv[1])).encode(model, texts({first}, {count}))"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT)


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_text_is_read_once(tmp_path, on_disk):
    model, cache = Hashing(), VectorCache(tmp_path / "new" / "folder" if on_disk else None)
    first = cache.encode(model, ["a", "b", "a", ""])
    assert sorted(model.asked) == ["", "a", "b"]
    assert (cache.found, cache.encoded) == (0, 3)
    again = cache.encode(model, ["c", "b", "a"])
    assert model.asked[3:] == ["c"]
    assert (cache.found, cache.encoded) == (2, 4)
    assert (again[2] == first[0]).all()
    assert (again[1] == first[1]).all()
    assert (first[0] == first[2]).all()
    assert not first[3].any()
    assert np.abs(first[:3] - model.encode(["a", "b", "a"])).max() < 5e-4
    assert np.linalg.norm(first[:3], axis=1) == pytest.approx(1, abs=1e-6)
    assert cache.encode(model, []).shape == (0, 8)


def test_another_object_and_another_process_find_it_and_another_version_does_not(tmp_path):
    assert fill(tmp_path, 0, 3).wait(timeout=60) == 0
    model, newer, cache = Hashing(), Hashing("hashing-2"), VectorCache(tmp_path)
    assert (cache.encode(model, texts(0, 3)) == VectorCache(None).encode(model, texts(0, 3))).all()
    assert (cache.found, cache.encoded) == (3, 0)
    cache.encode(newer, texts(0, 3))
    assert newer.asked == texts(0, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "hashing-1.sqlite3",
        "hashing-2.sqlite3",
    ]


def test_several_processes_fill_one_folder_at_once(tmp_path):
    running = [fill(tmp_path, 100 * number, 300) for number in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0, 0]
    model, cache = Hashing(), VectorCache(tmp_path)
    found = cache.encode(model, texts(0, 600))
    assert model.asked == []
    assert (found == VectorCache(None).encode(Hashing(), texts(0, 600))).all()


def test_a_killed_process_leaves_what_it_had_written(tmp_path):
    assert fill(tmp_path, 0, 500, die_after=300).wait(timeout=60) == -signal.SIGKILL
    model, cache = Hashing(), VectorCache(tmp_path)
    cache.encode(model, texts(0, 500))
    assert 0 < cache.found <= 300
    assert cache.found + cache.encoded == 500
    assert len(model.asked) == cache.encoded


def test_a_vector_of_another_length_is_read_again(tmp_path):
    VectorCache(tmp_path).encode(Hashing(), ["a"])
    longer = Hashing()
    longer.dimension = 9
    longer.encode = lambda found: np.full((len(found), 9), 1 / 3, dtype=np.float32)
    assert VectorCache(tmp_path).encode(longer, ["a"]) == pytest.approx(1 / 3, abs=1e-6)


def test_a_name_from_the_hub_makes_one_file(tmp_path):
    VectorCache(tmp_path).encode(Hashing("owner/../name-ab-256"), ["a"])
    assert [path.name for path in tmp_path.iterdir()] == ["owner_.._name-ab-256.sqlite3"]


def test_progress_counts_what_is_read(tmp_path):
    seen = []
    cache = VectorCache(tmp_path)
    cache.encode(Hashing(), texts(0, 10))
    cache.encode(Hashing(), texts(0, 150), progress=lambda done, of: seen.append((done, of)))
    assert seen == [(64, 140), (128, 140), (140, 140)]


def test_a_file_that_is_no_cache_is_named(tmp_path):
    (tmp_path / "hashing-1.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ValueError, match=r"folder: .*hashing-1\.sqlite3 cannot be used"):
        VectorCache(tmp_path).encode(Hashing(), ["a"])
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="folder: "):
        VectorCache(tmp_path / "file").encode(Hashing(), ["a"])


def test_nothing_is_left_on_disk_after_clearing(tmp_path):
    model = Hashing()
    VectorCache(tmp_path).encode(model, ["胰腺癌"])
    (file,) = tmp_path.glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as store:
        (vector,) = store.execute("SELECT vector FROM vectors").fetchone()
    assert vector in file.read_bytes()

    VectorCache(tmp_path).clear()

    assert vector not in file.read_bytes()
    again = VectorCache(tmp_path)
    again.encode(model, ["胰腺癌"])
    assert (again.found, again.encoded) == (0, 1)
