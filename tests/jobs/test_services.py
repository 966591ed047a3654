"""The life of a job: every state, crashes, stops, two workers at once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.jobs import registry, reporting, services
from cotutelle.jobs.enums import JOB_TRANSITIONS, OVER, JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle
from cotutelle.jobs.reporting import RunningHandle
from cotutelle.jobs.services import (
    MAX_ATTEMPTS,
    recover_jobs,
    run_claimed,
    run_now,
    start_job,
    stop_job,
)
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_queue(db: None) -> None:
    """Forget what others queued: its tables are not emptied between tests, numbers come again."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def declare(kind: str, run: Callable[..., Any], **values: Any) -> None:
    """Register ``run`` for the time of a test; each test uses a kind of its own."""
    registry.handler(kind, title="Test job", **values)(run)


def counting(handle: JobHandle, *, n: int = 3) -> dict[str, int]:
    for step in range(n):
        handle.progress(step + 1, n)
    return {"counted": n}


def times_queued(job: Job) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs"
            " WHERE task_name = %s AND (args ->> 'job_id')::int = %s",
            [services.RUN_TASK, job.pk],
        )
        (n,) = cursor.fetchone()
    return int(n)


def make_job(kind: str = "test.count", **values: Any) -> Job:
    declare("test.count", counting)
    job = start_job(kind, actor=make_person(), args={})
    if values:
        Job.objects.filter(pk=job.pk).update(**values)
        job.refresh_from_db()
    return job


def test_start_job_queues_its_task_in_the_same_transaction() -> None:
    job = make_job()
    assert job.state == JobState.QUEUED
    assert times_queued(job) == 1
    with pytest.raises(ValueError, match="no handler"):
        start_job("test.nobody", actor=job.actor)
    assert Job.objects.count() == 1


def test_run_now_does_the_work_once() -> None:
    job = run_now(make_job())
    assert (job.state, job.done, job.total, job.percent) == (JobState.DONE, 3, 3, 100)
    assert job.result == {"counted": 3}
    before = job.finished_at
    assert run_now(job).finished_at == before
    assert job.attempt == 1


def test_a_broken_rule_ends_the_job_with_its_sentence() -> None:
    def refuse(handle: JobHandle) -> None:
        UnitFactory.create(code="HALF-DONE")
        raise RuleViolation("test.rule", "The rule says no.")

    told: list[int] = []
    declare("test.refuse", refuse, atomic=True, on_failed=lambda job: told.append(job.pk))
    job = run_now(start_job("test.refuse", actor=make_person()))
    assert (job.state, job.error_code, job.error) == (
        JobState.FAILED,
        "test.rule",
        "The rule says no.",
    )
    assert not Unit.objects.filter(code="HALF-DONE").exists()
    assert told == [job.pk]


def test_a_fault_is_raised_for_the_log_and_ends_the_job() -> None:
    def fail(handle: JobHandle) -> None:
        raise ZeroDivisionError

    declare("test.fault", fail)
    job = start_job("test.fault", actor=make_person())
    with pytest.raises(ZeroDivisionError):
        run_now(job)
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error) == (JobState.FAILED, services.BROKEN, "")


def test_stop_before_and_during() -> None:
    waiting = make_job()
    stop_job(waiting, actor=waiting.actor)
    assert waiting.state == JobState.STOPPED
    assert run_now(waiting).attempt == 0

    def patient(handle: JobHandle) -> dict[str, int]:
        stop_job(handle.job, actor=handle.job.actor)
        return {"stopped": int(handle.should_stop())}

    declare("test.patient", patient)
    running = run_now(start_job("test.patient", actor=make_person()))
    assert (running.state, running.result) == (JobState.STOPPED, {"stopped": 1})


def test_stop_job_asks_the_rules() -> None:
    job = make_job()
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR)
    with pytest.raises(Refused):
        stop_job(job, actor=make_person())
    Job.objects.filter(pk=job.pk).update(unit=administrator.unit)
    job.refresh_from_db()
    stop_job(job, actor=administrator)
    assert job.state == JobState.STOPPED


@pytest.mark.parametrize("state", sorted(OVER))
def test_nothing_moves_a_job_that_is_over(state: JobState) -> None:
    job = make_job(state=state, finished_at=now())
    with pytest.raises(RuleViolation) as refused:
        stop_job(job, actor=job.actor)
    assert refused.value.code == "job.over"
    run_now(job)
    recover_jobs()
    job.refresh_from_db()
    assert job.state == state
    assert JOB_TRANSITIONS[state] == frozenset()


def stale(**values: Any) -> Job:
    """Return a job whose worker was killed: running, and silent for too long."""
    beat = now() - dt.timedelta(seconds=settings.COTUTELLE_JOB_STALE_SECONDS + 1)
    return make_job(**({"state": JobState.RUNNING, "attempt": 1, "heartbeat_at": beat} | values))


def test_a_dead_workers_job_is_queued_again_and_finished_by_the_next() -> None:
    job = stale(done=2, total=3)
    assert recover_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.QUEUED, 0)
    assert times_queued(job) == 2
    job = run_now(job)
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert recover_jobs() == 0


def test_a_job_that_kills_its_workers_is_given_up_with_a_reason() -> None:
    told: list[int] = []
    job = stale(attempt=MAX_ATTEMPTS)
    declare("test.count", counting, on_failed=lambda job: told.append(job.pk))
    recover_jobs()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, services.CRASHED)
    assert told == [job.pk]


def test_a_dead_job_that_should_stop_is_stopped() -> None:
    job = stale(stop_requested_at=now())
    recover_jobs()
    job.refresh_from_db()
    assert job.state == JobState.STOPPED


def test_a_living_job_is_left_alone() -> None:
    job = make_job(state=JobState.RUNNING, attempt=1, heartbeat_at=now())
    assert recover_jobs() == 0
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_given_up_worker_cannot_finish_for_its_successor() -> None:
    def lost(handle: JobHandle) -> dict[str, str]:
        UnitFactory.create(code="TOO-LATE")
        Job.objects.filter(pk=handle.job.pk).update(attempt=9)
        return {"from": "the first worker"}

    declare("test.lost", lost, atomic=True)
    job = run_now(start_job("test.lost", actor=make_person()))
    assert (job.state, job.result) == (JobState.RUNNING, None)
    assert not Unit.objects.filter(code="TOO-LATE").exists()


def test_an_unknown_kind_ends_with_a_reason() -> None:
    job = make_job()
    Job.objects.filter(pk=job.pk).update(kind="test.gone")
    job = run_now(job)
    assert (job.state, job.error_code) == (JobState.FAILED, services.UNKNOWN)


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_and_a_stop_is_heard_from_inside_a_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reporting, "BEAT_SECONDS", 0.01)
    seen: list[Any] = []

    def elsewhere(work: Callable[[], Any]) -> None:
        def run() -> None:
            seen.append(work())
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    def work(handle: RunningHandle) -> None:
        assert connection.in_atomic_block
        handle.progress(7, 10)
        _wait_for_a_beat(handle)
        pk = handle.job.pk
        elsewhere(lambda: Job.objects.get(pk=pk).done)
        elsewhere(lambda: stop_job(Job.objects.get(pk=pk), actor=handle.job.actor))
        _wait_for_a_beat(handle)
        seen.append(handle.should_stop())

    declare("test.inside", work, atomic=True)
    job = start_job("test.inside", actor=make_person())
    run_claimed(job.pk)
    job.refresh_from_db()
    assert seen == [7, None, True]
    assert (job.state, job.done, job.total) == (JobState.STOPPED, 7, 10)


def _wait_for_a_beat(handle: RunningHandle) -> None:
    """Wait until what was told so far is written: two beats, as one may be under way."""
    for _beat in range(2):
        handle.beaten.clear()
        assert handle.beaten.wait(60)


def test_the_handle_stops_its_thread() -> None:
    with RunningHandle(make_job(), beat_seconds=60) as handle:
        handle.progress(1, 2)
    assert handle.settle() == (1, 2)
    assert not handle._thread.is_alive()
