"""
Ways to spread blocks of students: over processes of this machine, or over Dask workers.

A spread maps one function over blocks and gives the answers in the order of the blocks, so that the
rows are the same as without it.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from cotutelle.engines.affinity.blocks import Scorer
from cotutelle.engines.affinity.index import Method, People
from cotutelle.engines.affinity.models import Models, VectorCache
from cotutelle.engines.affinity.problem import AffinityRow

Spread = Callable[[Scorer, Method, Iterable[People]], Iterator[AffinityRow]]
Load = Callable[[], Models | None]
Answer = tuple[list[AffinityRow], int, int]
_WAITING_PER_WORKER = 4
_CONNECT_SECONDS = 10
_one_at_a_time = Lock()
_shared: tuple[Scorer, Method] | None = None


def in_turn(scorer: Scorer, method: Method, blocks: Iterable[People]) -> Iterator[AffinityRow]:
    """Score the blocks here, one by one."""
    for students in blocks:
        yield from scorer.score(students, method)


def local_map(processes: int) -> Spread:
    """
    Return a spread over copies of this process, which share the mentors' memory with it.

    Set ``OPENBLAS_NUM_THREADS=1`` before numpy is loaded, or the processes' threads
    stand in each other's way.

    Raises
    ------
    ValueError
        ``processes`` is below 1.
    """
    if processes < 1:
        raise ValueError(f"processes: {processes} is below 1")

    def spread(scorer: Scorer, method: Method, blocks: Iterable[People]) -> Iterator[AffinityRow]:
        global _shared  # noqa: PLW0603 - what the copies inherit
        _shared = scorer, method
        gc.collect()
        gc.freeze()
        try:
            fork = multiprocessing.get_context("fork")
            with ProcessPoolExecutor(processes, mp_context=fork) as pool:
                submit = lambda block: pool.submit(_score_here, block)  # noqa: E731
                yield from _in_order(submit, method, blocks, _WAITING_PER_WORKER * processes)
        finally:
            _shared = None
            gc.unfreeze()

    return spread


def dask_map(address: str, load: Load, folder: Path | None) -> Spread:
    """
    Return a spread over the workers of a Dask scheduler.

    The index of the mentors is sent to every worker once. A worker loads its own models and keeps
    its own cache.

    Parameters
    ----------
    address
        ``tcp://HOST:PORT`` of the scheduler.
    load
        Gives a worker its models: ``models.available``, or any function it can import.
    folder
        The cache folder on each worker; in memory without it.

    Raises
    ------
    ValueError
        Dask is not installed (the extra ``batches``), or nothing answers at the address.
    """
    try:
        client_class = import_module("distributed").Client
    except ImportError:
        raise ValueError("workers: needs the extra: pip install 'cotutelle[batches]'") from None

    def spread(scorer: Scorer, method: Method, blocks: Iterable[People]) -> Iterator[AffinityRow]:
        try:
            client = client_class(address, set_as_default=False, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError) as refusal:
            raise ValueError(f"workers: {address} does not answer: {refusal}") from None
        with client:
            sent = client.scatter(scorer, broadcast=True, hash=False)
            models = load if method.models else None

            def submit(block: People) -> Any:
                return client.submit(_score_there, sent, models, folder, block, pure=False)

            waiting = _WAITING_PER_WORKER * max(1, len(client.scheduler_info()["workers"]))
            yield from _in_order(submit, method, blocks, waiting)

    return spread


def _score_there(
    scorer: Scorer, load: Load | None, folder: Path | None, students: People
) -> Answer:
    with _one_at_a_time:
        return _answer(scorer, _method_there(load, folder), students)


@lru_cache(maxsize=2)
def _method_there(load: Load | None, folder: Path | None) -> Method:
    return Method(load() if load else None, VectorCache(folder))


def _score_here(students: People) -> Answer:
    assert _shared is not None  # noqa: S101 - set before the copies are made
    gc.disable()
    return _answer(*_shared, students)


def _answer(scorer: Scorer, method: Method, students: People) -> Answer:
    found, encoded = method.cache.found, method.cache.encoded
    rows = list(scorer.score(students, method))
    return rows, method.cache.found - found, method.cache.encoded - encoded


def _in_order(
    submit: Callable[[People], Any], method: Method, blocks: Iterable[People], waiting: int
) -> Iterator[AffinityRow]:
    """Keep a few blocks on their way, give their rows in order, count what their caches did."""
    source = iter(blocks)
    under_way: deque[Any] = deque(submit(block) for block in islice(source, waiting))
    while under_way:
        rows, found, encoded = under_way.popleft().result()
        method.cache.found += found
        method.cache.encoded += encoded
        yield from rows
        under_way.extend(submit(block) for block in islice(source, 1))
