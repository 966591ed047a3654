"""Kill -9 in the middle of issuing anew: nothing half done, nobody with two, and it goes on."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from cotutelle.core.clock import now
from cotutelle.credentials.enums import CredentialState, StatusPurpose
from cotutelle.credentials.models import Award, Credential, StatusSlot
from cotutelle.credentials.queries.credentials import to_reissue
from cotutelle.credentials.services.reissuing import start_reissuing
from cotutelle.engines.credentials.status import get_bit
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import MAX_ATTEMPTS, recover_jobs, run_now
from cotutelle.ledger.models import Entry
from tests.credentials.test_reissuing import taken_down
from tests.factories.credentials import make_scene
from tests.ledger.test_log_kills import ROOT, environment

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
COUNT = 14


def run_until_killed(folder: Path, job: Job, after: int, delay_s: float) -> None:
    """Let a worker take the job, and kill it soon after it has begun with number ``after``."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.credentials.reissue_worker", str(job.pk)],
        env=environment(folder),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    for line in worker.stdout:
        if int(line) == after:
            threading.Timer(delay_s, os.kill, (worker.pid, signal.SIGKILL)).start()
    assert worker.wait() == -signal.SIGKILL


def require_whole() -> None:
    """Every award has one certificate that holds; what was replaced is revoked, and its bit is set."""
    for award in Award.objects.all():
        assert Credential.objects.get(award=award).state == CredentialState.VALID
    old = Credential.objects.filter(award=None)
    assert set(old.values_list("state", flat=True)) <= {CredentialState.REVOKED}
    issued = Entry.objects.filter(action="credentials.credential.issued")
    assert issued.count() == Credential.objects.count() == COUNT + old.count()
    for slot in StatusSlot.objects.filter(status_list__purpose=StatusPurpose.REVOCATION):
        revoked = slot.credential.state == CredentialState.REVOKED
        assert get_bit(slot.status_list.bits, slot.index) == revoked


def test_it_goes_on_after_each_death(settings: Any, tmp_path: Path) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path
    chance = random.Random(20261122)  # noqa: S311 - not for secrets
    scene = make_scene()
    key = taken_down(scene, COUNT)
    job = start_reissuing(key, actor=scene.officer)

    for _death in range(MAX_ATTEMPTS - 1):
        left = len(to_reissue(key))
        done_before = COUNT - left
        run_until_killed(tmp_path, job, done_before + 2, chance.uniform(0, 0.03))
        require_whole()
        assert len(to_reissue(key)) < left
        Job.objects.filter(pk=job.pk).update(heartbeat_at=now() - dt.timedelta(hours=1))
        assert recover_jobs() == 1

    job = run_now(Job.objects.get(pk=job.pk))

    assert (job.state, job.result) == (JobState.DONE, {"issued": COUNT, "left": 0})
    require_whole()
    assert to_reissue(key) == []
