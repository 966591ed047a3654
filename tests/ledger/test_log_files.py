"""The files of the log over time: what is replaced goes, and nothing is missed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from cotutelle.engines.translog import Policy, read_entry
from cotutelle.ledger import queries, services
from cotutelle.ledger.models import Entry
from cotutelle.ledger.tasks import tidy
from tests.factories.log import WatchedLog, freeze_unseen, make_log
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> WatchedLog:
    return make_log(settings, tmp_path)


def _decide(times: int) -> list[Entry]:
    person = PersonFactory.create()
    with transaction.atomic():
        return [
            services.record(
                "programmes.enrolment.extended", actor=None, subject=person, decision=True
            )
            for _ in range(times)
        ]


def _files(log: WatchedLog) -> set[str]:
    folder = queries.store_of(log.shard).folder
    return {str(file.relative_to(folder)) for file in folder.glob("tile/**/*") if file.is_file()}


def test_files_that_fuller_ones_replace_go_and_the_log_stays_whole(log: WatchedLog) -> None:
    first, *_ = _decide(100)
    size = log.publish().size
    _decide(200)
    log.seal()
    evidence = queries.evidence_of(first)
    before = _files(log)

    tidy(0)

    gone = {f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"}
    assert before - _files(log) == gone, "both of the published head, whose readers take the full"
    assert queries.fsck().faults == []
    assert evidence is not None
    assert queries.evidence_of(first) == evidence
    policy = Policy.parse(queries.policy_text())
    policy.verify(read_entry(evidence["entry"]).data, evidence["proof"])
    assert log.publish().size > size
    assert queries.fsck().faults == []


def test_a_file_that_nothing_replaces_is_missed(log: WatchedLog) -> None:
    _decide(3)
    path = f"tile/0/000.p/{log.publish().size}"
    (queries.store_of(log.shard).folder / path).unlink()

    tidy(0)

    faults = [(fault.code, fault.place) for fault in queries.fsck().faults]
    assert faults == [("file.missing", f"shard 1 {path}")]


def test_files_come_back_though_no_backup_holds_them_of_closed_trees_too(log: WatchedLog) -> None:
    first, *_ = _decide(300)
    log.publish()
    old = log.shard
    freeze_unseen(old)
    log.publish()
    evidence = queries.evidence_of(first)
    shutil.rmtree(queries.store_of(old).folder.parent)

    services.tick()

    assert queries.evidence_of(first) == evidence
    assert queries.fsck().faults == []
