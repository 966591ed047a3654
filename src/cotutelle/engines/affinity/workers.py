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
from itertools import islice
from typing import Any

from cotutelle.engines.affinity.blocks import Scorer
from cotutelle.engines.affinity.index import Method, People
from cotutelle.engines.affinity.problem import AffinityRow

Spread = Callable[[Scorer, Method, Iterable[People]], Iterator[AffinityRow]]
_WAITING_PER_WORKER = 4
_shared: tuple[Scorer, Method] | None = None


def in_turn(scorer: Scorer, method: Method, blocks: Iterable[People]) -> Iterator[AffinityRow]:
    """Score the blocks here, one by one."""
    for students in blocks:
        yield from scorer.score(students, method)


def local_map(processes: int) -> Spread:
    """
    Return a spread over copies of this process, which share the mentors' memory with it.

    Each has its own cache object: what ``cache.found`` and ``cache.encoded`` count here is this
    process's part. Set ``OPENBLAS_NUM_THREADS=1`` before numpy is loaded, or the processes' threads
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
                for rows in _in_order(submit, blocks, _WAITING_PER_WORKER * processes):
                    yield from rows
        finally:
            _shared = None
            gc.unfreeze()

    return spread


def _score_here(students: People) -> list[AffinityRow]:
    assert _shared is not None  # noqa: S101 - set before the copies are made
    scorer, method = _shared
    gc.disable()
    return list(scorer.score(students, method))


def _in_order(
    submit: Callable[[People], Any], blocks: Iterable[People], waiting: int
) -> Iterator[list[AffinityRow]]:
    """Keep a few blocks on their way and give their rows in order."""
    source = iter(blocks)
    under_way: deque[Any] = deque(submit(block) for block in islice(source, waiting))
    while under_way:
        yield under_way.popleft().result()
        under_way.extend(submit(block) for block in islice(source, 1))
