"""Killed, restarted, out of disk, restored from a backup: what a witness has signed stays signed."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import httpx

from cotutelle.witness import Folder, Store
from cotutelle.witness.cosigning import Cosigner
from cotutelle.witness.logs import add_log
from tests.factories.witnesses import (
    RunningWitness,
    SmallLog,
    running_witness,
    serving,
    wait_until,
)
from tests.witness.cosignatures import signed_at

KILLS = 8


def _recorded(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "witness.db", timeout=30)) as db:
        row = db.execute("SELECT size FROM records").fetchone()
    return 0 if row is None else int(row[0])


def _extend(witness: RunningWitness, log: SmallLog, acknowledged: list[int]) -> None:
    """Extend one by one, as a log does, until the witness is gone."""
    with contextlib.suppress(httpx.TransportError):
        while acknowledged[-1] < len(log.entries):
            old = acknowledged[-1]
            answer = witness.post("/add-checkpoint", log.request(old, old + 1))
            if answer.status_code == 200:
                acknowledged.append(old + 1)
            else:
                assert answer.status_code == 409
                acknowledged.append(int(answer.text))


def test_killed_at_any_moment_it_remembers_what_it_signed(tmp_path: Path):
    log = SmallLog("log.example/killed").grow(3000)
    folder = Folder.create(tmp_path / "w", "witness.example/killed")
    add_log(Store(folder.path), log.vkey)
    acknowledged = [0]
    for kill in range(KILLS):
        with serving(folder.path, folder.vkeys) as witness:
            target = acknowledged[-1] + 2 + kill
            client = threading.Thread(target=_extend, args=(witness, log, acknowledged))
            client.start()
            # Killed as soon as the new state is seen on disk: mostly before the answer is out.
            wait_until(lambda on_disk=target: _recorded(folder.path) >= on_disk)  # type: ignore[misc]
            os.kill(witness.process.pid, signal.SIGKILL)
            client.join()
        on_disk = _recorded(folder.path)
        assert on_disk in {acknowledged[-1], acknowledged[-1] + 1}

    with serving(folder.path, folder.vkeys) as witness:
        size = _recorded(folder.path)
        conflict = witness.post("/add-checkpoint", log.request(0, 5))
        assert (conflict.status_code, conflict.text) == (409, f"{size}\n")
        fork = log.branch(size - 1).grow(size + 3, "forked")
        assert witness.post("/add-checkpoint", fork.request(size)).status_code == 422
        assert witness.post("/add-checkpoint", log.request(size)).status_code == 200


def test_a_restart_keeps_everything(tmp_path: Path):
    log = SmallLog("log.example/restarted").grow(12)
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        answer = witness.post("/add-checkpoint", log.request(0, 10))
        witness.post("/add-checkpoint", log.branch(9).grow(10, "forked").request(10))
        witness.post("/add-checkpoint", b"nonsense")
        before = witness.status()

    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        after = witness.status()
        assert witness.get(f"/checkpoints/{log.origin}").text == log.note(10) + answer.text
        assert witness.post("/add-checkpoint", log.request(10)).status_code == 200

    assert {**after, "at": before["at"]} == before
    assert len(after["forks"]) == 1
    assert {row["code"]: row["count"] for row in after["refusals"]} == {"fork": 1, "malformed": 1}


def test_without_a_disk_nothing_is_signed(tmp_path: Path):
    log = SmallLog("log.example/full").grow(12)
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        witness.post("/add-checkpoint", log.request(0, 5))
        resource.prlimit(witness.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

        answer = witness.post("/add-checkpoint", log.request(5))

        assert answer.status_code == 503
        assert "—" not in answer.text
        everything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(witness.process.pid, resource.RLIMIT_FSIZE, everything)
        assert witness.post("/add-checkpoint", log.request(5)).status_code == 200


def test_a_folder_set_back_signs_again_what_it_has_forgotten(tmp_path: Path):
    """The limit of what a witness alone can know; the monitor closes it, see test_monitor."""
    log = SmallLog("log.example/restored").grow(20)
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        witness.post("/add-checkpoint", log.request(0, 10))
        path = witness.folder
    shutil.copytree(path, tmp_path / "backup")
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        witness.post("/add-checkpoint", log.request(10, 20))
    shutil.rmtree(path)
    shutil.copytree(tmp_path / "backup", path)

    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        # The log sees it at once: a size below what it holds a cosignature for.
        answer = witness.post("/add-checkpoint", log.request(20, 20))
        assert (answer.status_code, answer.text) == (409, "10\n")
        fork = log.branch(10).grow(20, "forked")
        assert witness.post("/add-checkpoint", fork.request(10)).status_code == 200


def test_time_never_runs_back_in_what_is_signed(tmp_path: Path):
    folder = Folder.create(tmp_path / "w", "witness.example/clock")
    store = Store(folder.path)
    logs = [SmallLog(f"log.example/{n}").grow(5) for n in range(2)]
    clock = iter([2000, 1000, 1500, 2500])
    cosigner = Cosigner(folder, store, lambda: next(clock))
    times = []
    for log in logs:
        add_log(store, log.vkey)
        for old, size in ((0, 3), (3, 5)):
            line = cosigner.add_checkpoint(log.request(old, size))
            times.append(signed_at(log.checkpoint(size).text, line, folder.vkeys[0]))

    assert times == [2000, 2000, 2000, 2500]


def test_no_answer_is_lost_with_a_file_beside_the_store(tmp_path: Path):
    log = SmallLog("log.example/alone").grow(9)
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        witness.post("/add-checkpoint", log.request(0))
        os.kill(witness.process.pid, signal.SIGKILL)
        witness.process.wait()
        copied = tmp_path / "copy.db"
        shutil.copy(witness.folder / "witness.db", copied)

    with contextlib.closing(sqlite3.connect(copied)) as db:
        assert db.execute("SELECT size FROM records").fetchall() == [(9,)]
