"""
Vectors that were computed once.

One SQLite file per model version lies in a folder that the caller names. Rows are written in small
transactions, so that several processes may fill it at once and a killed one loses little. The file
holds hashes and vectors, no text.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cotutelle.engines.affinity.models.protocol import TextModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WRITTEN_AT_ONCE = 64
_READ_AT_ONCE = 500
_BUSY_SECONDS = 60.0
_NOT_IN_A_FILE_NAME = re.compile(r"[^\w.-]+")


class Versioned(Protocol):
    """Whatever answers are kept under."""

    @property
    def version(self) -> str:
        """Two equal versions give equal answers."""


class VectorCache:
    """
    What the models said about texts seen before.

    Vectors are kept in half precision and brought back to length 1, also when they were computed a
    moment ago: a first and a later run give the same numbers.

    Parameters
    ----------
    folder
        Where the files lie; made when missing. None keeps everything in memory, for the life of
        this object. The folder may be shared by processes of one machine; on a network file system
        give each machine its own.

    Attributes
    ----------
    found, encoded
        How many different texts were taken from the cache, and how many a model had to read.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, dict[bytes, bytes]] = {}
        self.found = 0
        self.encoded = 0

    @property
    def folder(self) -> Path | None:
        """Return where the files lie."""
        return self._folder

    def encode(
        self,
        model: TextModel,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """
        Return one row per text, n × ``model.dimension``, of length 1 or all zero.

        Parameters
        ----------
        model
            Reads the texts that are not in the cache under its version.
        texts
            In any order; a text that occurs twice is read once.
        progress
            Called with (texts read so far, texts to read) after every small batch.

        Raises
        ------
        ValueError
            The folder cannot be used, or a file in it is no cache; the message names it.
        """
        import numpy as np  # noqa: PLC0415 - heavy

        keys = [_key(text) for text in texts]
        first: dict[bytes, int] = {}
        for place, key in enumerate(keys):
            first.setdefault(key, place)
        places = {key: place for place, key in enumerate(first)}
        rows = np.zeros((len(places), model.dimension), dtype=np.float16)
        missing = set(places)
        for key, vector in self._read(model, list(places)):
            if len(vector) == 2 * model.dimension:
                rows[places[key]] = np.frombuffer(vector, dtype="<f2")
                missing.discard(key)
        waiting = sorted(missing, key=places.__getitem__)
        for start in range(0, len(waiting), _WRITTEN_AT_ONCE):
            batch = waiting[start : start + _WRITTEN_AT_ONCE]
            fresh = model.encode([texts[first[key]] for key in batch]).astype("<f2")
            self._write(model, {key: fresh[row].tobytes() for row, key in enumerate(batch)})
            rows[[places[key] for key in batch]] = fresh
            if progress:
                progress(start + len(batch), len(waiting))
        self.found += len(places) - len(waiting)
        self.encoded += len(waiting)
        return _unit(rows[[places[key] for key in keys]])

    def clear(self) -> None:
        """
        Forget everything, so that nothing of a text stays on disk; other processes go on as before.

        Raises
        ------
        ValueError
            A file in the folder is no cache; the message names it.
        """
        self._memory.clear()
        files = sorted(self._folder.glob("*.sqlite3")) if self._folder else []
        for path in files:
            with _opened(path) as store:
                store.execute("PRAGMA secure_delete = ON")
                store.execute("DELETE FROM vectors")
                store.execute("VACUUM")

    def _read(self, model: Versioned, keys: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
        if self._folder is None:
            known = self._memory.get(model.version, {})
            yield from ((key, known[key]) for key in keys if key in known)
            return
        with self._open(model) as store:
            for start in range(0, len(keys), _READ_AT_ONCE):
                asked = keys[start : start + _READ_AT_ONCE]
                marks = ",".join("?" * len(asked))
                yield from store.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})",  # noqa: S608 - marks only
                    asked,
                )

    def _write(self, model: Versioned, vectors: dict[bytes, bytes]) -> None:
        if self._folder is None:
            self._memory.setdefault(model.version, {}).update(vectors)
            return
        with self._open(model) as store:
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", vectors.items())
            store.execute("COMMIT")

    @contextmanager
    def _open(self, model: Versioned) -> Iterator[sqlite3.Connection]:
        assert self._folder is not None  # noqa: S101 - the callers looked
        with _opened(
            self._folder / f"{_NOT_IN_A_FILE_NAME.sub('_', model.version)}.sqlite3"
        ) as store:
            yield store


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one file for one piece of work; nothing stays open between two."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as store:
            store.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
            )
            yield store
    except (sqlite3.Error, OSError) as refusal:
        raise ValueError(f"folder: {path} cannot be used as a cache: {refusal}") from refusal


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _unit(rows: NDArray[np.float16]) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415 - heavy

    full = rows.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", full, full))
    full /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return full
