"""Kill -9 between, and in the middle of, append, sequence, seal, cosign and publish."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cotutelle.database.testing import shared_server
from cotutelle.database.url import VARIABLE, parse
from cotutelle.ledger import queries, services
from cotutelle.ledger.models import Checkpoint, Entry, Leaf, Pending
from cotutelle.programmes.models import Student
from tests.factories.log import start_afresh, watched_log
from tests.factories.programmes import StudentFactory

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
STEPS = ("append", "sequence", "integrate", "seal", "cosign", "publish")


def environment(folder: Path) -> dict[str, str]:
    server = os.environ.get(VARIABLE) or shared_server().url()
    name = str(connection.settings_dict["NAME"])
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "COTUTELLE_DATA_DIR": str(folder),
        VARIABLE: parse(server).with_name(name).url(),
        "DJANGO_SETTINGS_MODULE": "tests.crash.settings",
    }


def work_until_killed(folder: Path, student: Student, step: str, delay_s: float) -> list[int]:
    """Let a worker run, kill it ``delay_s`` into the second ``step``; return what it had kept."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.log_worker", str(student.pk)],
        env=environment(folder),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    kept, seen, turns = [], [], 2
    for line in worker.stdout:
        kind, word = line.split()
        if kind == "kept":
            kept.append(int(word))
        else:
            seen.append(word)
        if seen.count(step) == turns:
            turns = -1
            threading.Timer(delay_s, os.kill, (worker.pid, signal.SIGKILL)).start()
    assert worker.wait() == -signal.SIGKILL, seen
    return kept


def test_nothing_is_lost_or_doubled_wherever_the_worker_dies(settings: Any, tmp_path: Path) -> None:
    chance = random.Random(20261121)  # noqa: S311 - not for secrets
    with watched_log(settings, tmp_path):
        student = StudentFactory.create()
        kept: list[int] = []
        for step in STEPS:
            kept += work_until_killed(tmp_path, student, step, chance.uniform(0, 0.03))
            audit = queries.fsck()
            assert audit.faults == [], step
        assert len(kept) >= len(STEPS) * 4
        start_afresh()
        turn = services.tick()
        assert turn.problem == ""
        shard = queries.open_shard()
        assert shard is not None
        published = queries.published_checkpoint(shard)
        assert published is not None
        assert published.size == shard.size == Leaf.objects.count()
        assert not Pending.objects.exists()
        decided = Entry.objects.filter(action="programmes.student.admission_changed")
        assert set(kept) <= set(decided.values_list("pk", flat=True))
        assert Leaf.objects.filter(entry__in=decided).count() == decided.count()
        assert Checkpoint.objects.count() > 1
        assert queries.fsck().faults == []
        for witness in services.check_log().findings:
            assert (witness.state, witness.facts["size"]) == ("good", published.size)
