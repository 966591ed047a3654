"""The same rows here, in processes of this machine and on Dask workers."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import pytest

from cotutelle.engines.affinity import AffinityProblem, VectorCache, iter_affinity
from cotutelle.engines.affinity import blocks as engine_blocks
from cotutelle.engines.affinity.models import available
from cotutelle.engines.affinity.workers import dask_map, local_map
from tests.engines.affinity_models import letters

PROBLEM = AffinityProblem(
    mentors={
        "m1": ["Radiomics of early lung cancer on CT.", "肺癌影像组学研究", "Deep learning"],
        "m2": ["Stroke rehabilitation with robots", "脑卒中康复"],
        "m3": [],
    },
    students={f"s{n}": ["lung nodules", "康复机器人", "gait", "肺癌"][: n % 5] for n in range(11)},
)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(engine_blocks, "_BLOCK_CELLS", 10)


@contextmanager
def dask_cluster():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="(distributed|dask|tornado)")
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster:
            yield cluster.scheduler_address


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("with_models", [True, False])
def test_processes_give_the_rows_of_one_process(tmp_path, with_models):
    models = letters() if with_models else None
    expected = list(iter_affinity(PROBLEM, models=models))
    cache = VectorCache(tmp_path)

    rows = list(iter_affinity(PROBLEM, models=models, cache=cache, spread=local_map(2)))

    assert rows == expected
    assert len(rows) == 33
    assert bool(cache.encoded) == with_models


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
def test_two_dask_workers_give_the_rows_of_one_process(tmp_path):
    models = available()
    assert models is not None
    expected = list(iter_affinity(PROBLEM, models=models))

    with dask_cluster() as address:
        spread = dask_map(address, available, tmp_path / "workers")
        cache = VectorCache(tmp_path / "here")
        rows = list(iter_affinity(PROBLEM, models=models, cache=cache, spread=spread))
        words = list(iter_affinity(PROBLEM, spread=dask_map(address, available, None)))

    assert rows == expected
    assert words == list(iter_affinity(PROBLEM))
    assert any((tmp_path / "workers").iterdir())


def test_an_address_where_nothing_answers_is_named(monkeypatch):
    monkeypatch.setattr("cotutelle.engines.affinity.workers._CONNECT_SECONDS", 0.2)
    spread = dask_map("tcp://127.0.0.1:9", available, None)

    with pytest.raises(ValueError, match=r"workers: tcp://127.0.0.1:9 does not answer"):
        list(iter_affinity(PROBLEM, spread=spread))


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)

    with pytest.raises(ValueError, match=r"cotutelle\[batches\]"):
        dask_map("tcp://127.0.0.1:9", available, None)


def test_no_process_is_refused():
    with pytest.raises(ValueError, match="processes: 0"):
        local_map(0)
