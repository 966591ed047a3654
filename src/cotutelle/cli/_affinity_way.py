"""How ``cotutelle affinity`` computes: with which models, which cache, on which machines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from cotutelle.engines.affinity import AffinityRow, Models, VectorCache
    from cotutelle.engines.affinity.workers import Spread

_SHOWN_EVERY = 25
_WORTH_ALL_CORES = 100_000_000


@dataclass(frozen=True, slots=True)
class Way:
    """Models (none: words alone), the cache, and where the blocks of students go."""

    models: Models | None
    cache: VectorCache
    spread: Spread | None

    def rows(
        self,
        mentors: Mapping[str, Sequence[str]],
        students: Mapping[str, Sequence[str]],
        top: int | None,
    ) -> Iterator[AffinityRow]:
        """Yield the rows, saying how far it is when a person is watching."""
        from cotutelle.engines.affinity import AffinityProblem, iter_affinity  # noqa: PLC0415

        rows = iter_affinity(
            AffinityProblem(mentors, students),
            top=top,
            models=self.models,
            cache=self.cache,
            spread=self.spread,
        )
        return _watched(rows, len(students)) if sys.stderr.isatty() else rows

    def summary(self) -> dict[str, object]:
        """Return what the JSON summary says about it."""
        from cotutelle.engines.affinity.calibration import calibration_for  # noqa: PLC0415

        model = "tfidf"
        if self.models:
            model = f"{self.models.english.name}+{self.models.multilingual.name}"
        return {
            "model": model,
            "calibration": calibration_for(self.models).version if self.models else None,
            "cached": self.cache.found,
            "encoded": self.cache.encoded,
        }


def choose_way(model: str, folder: Path | None, workers: str | None, *, pairs: int = 0) -> Way:
    """
    Read the options; ``pairs`` of items are to be compared.

    Raises
    ------
    ValueError
        A model or the extra it needs is missing, or ``workers`` is neither a number nor an address.
    """
    if workers is None and pairs >= _WORTH_ALL_CORES:
        workers = _cores()
    if workers and not workers.startswith("tcp://"):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from cotutelle.engines.affinity import VectorCache  # noqa: PLC0415
    from cotutelle.engines.affinity.workers import dask_map, local_map  # noqa: PLC0415

    folder = (folder or default_folder()).resolve()
    load = partial(_load, model)
    models = load()
    if model == "auto" and models is None:
        typer.echo("no text model is installed: words alone are compared (TF-IDF)", err=True)
    spread = None
    if workers and workers.startswith("tcp://"):
        spread = dask_map(workers, load, folder)
    elif workers:
        if not workers.isascii() or not workers.isdigit() or int(workers) < 1:
            raise ValueError(f"--workers: {workers!r} is neither a number nor tcp://HOST:PORT")
        spread = local_map(int(workers))
    return Way(models, VectorCache(folder), spread)


def _cores() -> str | None:
    """Return how many cores copies of this process may use; None for one, and outside Linux."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return str(count) if count > 1 else None


def default_folder() -> Path:
    """Return the cache folder of this user."""
    named = os.environ.get("COTUTELLE_CACHE_DIR")
    if named:
        return Path(named) / "affinity"
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "cotutelle" / "affinity"


@lru_cache(maxsize=1)
def _load(model: str) -> Models | None:
    from cotutelle.engines.affinity.models import (  # noqa: PLC0415
        HubModel,
        Models,
        available,
    )

    if model == "tfidf":
        return None
    found = available()
    if model == "auto":
        return found
    named = HubModel(model)
    return Models(english=named, multilingual=found.multilingual if found else named)


def _watched(rows: Iterator[AffinityRow], students: int) -> Iterator[AffinityRow]:
    done, last = 0, None
    for row in rows:
        if row.student_id != last:
            last = row.student_id
            done += 1
            if done % _SHOWN_EVERY == 0 or done == students:
                typer.echo(f"\r{done}/{students}", err=True, nl=done == students)
        yield row
