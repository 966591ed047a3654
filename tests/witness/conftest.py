"""One witness process for each module, a fresh log for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from cotutelle.witness import Store
from cotutelle.witness.logs import add_log
from tests.factories.witnesses import RunningWitness, SmallLog, running_witness

COUNTER = itertools.count()


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWitness]:
    """A witness with both kinds of keys that trusts nobody yet."""
    with running_witness(tmp_path_factory.mktemp("witness"), mldsa=True) as running:
        yield running


@pytest.fixture
def new_log(witness: RunningWitness) -> Callable[[], SmallLog]:
    """Return a maker of logs that the witness trusts and has never seen."""

    def make() -> SmallLog:
        made = SmallLog(f"log.example/{next(COUNTER)}")
        add_log(Store(witness.folder), made.vkey)
        return made

    return make


@pytest.fixture
def log(new_log: Callable[[], SmallLog]) -> SmallLog:
    """A trusted log of twenty entries."""
    return new_log().grow(20)
