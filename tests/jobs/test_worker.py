"""A real worker takes jobs and mails out of the queue, and rescues what a dead one held."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app

from cotutelle.core.clock import now
from cotutelle.jobs import registry
from cotutelle.jobs.deferring import defer
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.notices import kinds
from cotutelle.notices.services import notify
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db(transaction=True)
kinds.register("test.mail", title="Hello")


@registry.handler("test.worker", title="Worker test", atomic=True)
def work(handle: registry.JobHandle) -> dict[str, int]:
    """Tell the actor, and start another job: both only when this one is committed."""
    notify([handle.job.actor], "test.mail", params={})
    return {"done": 1}


def run_worker() -> None:
    """
    Let a worker do everything that waits, one after the other, then end.

    In a thread of its own: browser tests leave an event loop running in the main one.
    """
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_work).result(60)


def _work() -> None:
    try:
        _drain()
    finally:
        connections.close_all()


def _drain() -> None:
    with app.replace_connector(app.connector.get_worker_connector()) as worker:  # type: ignore[attr-defined]
        worker.run_worker(
            wait=False, concurrency=1, install_signal_handlers=False, listen_notify=False
        )


def forget_the_queue() -> None:
    """Start from an empty queue: its tables are not emptied between tests."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def test_a_worker_runs_the_job_and_sends_the_mail_it_caused() -> None:
    forget_the_queue()
    job = start_job("test.worker", actor=make_person())
    run_worker()
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"done": 1})
    assert [m.subject for m in mail.outbox] == ["Hello"]


def test_what_is_rolled_back_is_not_queued() -> None:
    forget_the_queue()

    with transaction.atomic():
        start_job("test.worker", actor=make_person())
        transaction.set_rollback(True)
    run_worker()
    assert not Job.objects.exists()
    assert mail.outbox == []


def test_a_worker_finishes_what_a_killed_one_held() -> None:
    forget_the_queue()
    job = start_job("test.worker", actor=make_person())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, attempt=1, heartbeat_at=now() - dt.timedelta(minutes=5)
    )
    defer("cotutelle.jobs.recover", timestamp=0)
    run_worker()
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert len(mail.outbox) == 1
