"""Starting, running, stopping and rescuing background work."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.jobs.deferring import defer
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import Kind, kind_of
from cotutelle.jobs.reporting import DirectHandle, RunningHandle
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

RUN_TASK = "cotutelle.jobs.run_job"
MAX_ATTEMPTS = 3
CRASHED = "job.crashed"
BROKEN = "job.broken"
UNKNOWN = "job.unknown"


class LostJob(Exception):
    """The job was given to another worker meanwhile; what this one did is rolled back."""


@transaction.atomic
def start_job(
    kind: str,
    *,
    actor: Person,
    unit: Unit | None = None,
    subject: models.Model | None = None,
    args: dict[str, Any] | None = None,
) -> Job:
    """
    Queue a job in the caller's transaction; it starts after the commit.

    Raises
    ------
    ValueError
        No handler is registered for ``kind``.
    """
    if kind_of(kind) is None:
        raise ValueError(f"kind: no handler is registered for {kind!r}")
    job = Job.objects.create(
        kind=kind,
        actor=actor,
        unit=unit,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        args=args or {},
        created_at=now(),
    )
    record("jobs.job.started", actor=actor, subject=job, after={"kind": kind})
    defer(RUN_TASK, job_id=job.pk)
    return job


def stop_job(job: Job, *, actor: Person) -> None:
    """
    Ask a job to stop: a waiting one never starts, a running one stops at its next safe place.

    Raises
    ------
    RuleViolation
        ``job.over``: it has ended already.
    """
    check(actor, "jobs.stop_job", job)
    with transaction.atomic():
        moment = now()
        waiting = Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(
            state=JobState.STOPPED, stop_requested_at=moment, finished_at=moment
        )
        asked = waiting or Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
            stop_requested_at=moment
        )
        if not asked:
            raise RuleViolation("job.over", _("This job has ended already."))
        record("jobs.job.stopped", actor=actor, subject=job)
    job.refresh_from_db()


def run_now(job: Job) -> Job:
    """Run ``job`` here and now, in this process; for tests and commands."""
    if claimed := _claim(job.pk):
        _run(claimed, DirectHandle(claimed))
    job.refresh_from_db()
    return job


def run_claimed(job_id: int) -> None:
    """Run a queued job in a worker; a job that another worker took is left alone."""
    if claimed := _claim(job_id):
        with RunningHandle(claimed) as handle:
            _run(claimed, handle)


def recover_jobs() -> int:
    """
    Put back jobs whose worker died; give up those that failed so too often. Return how many.

    A dead worker's transaction was rolled back by the database, so nothing is half done.
    """
    moment = now()
    silence = dt.timedelta(seconds=settings.COTUTELLE_JOB_STALE_SECONDS)
    stale = Job.objects.filter(state=JobState.RUNNING, heartbeat_at__lt=moment - silence)
    found = 0
    for job in stale.order_by("id"):
        mine = Q(pk=job.pk, state=JobState.RUNNING, attempt=job.attempt)
        if job.attempt < MAX_ATTEMPTS and job.stop_requested_at is None:
            with transaction.atomic():
                if Job.objects.filter(mine).update(state=JobState.QUEUED, done=0, total=0):
                    defer(RUN_TASK, job_id=job.pk)
                    found += 1
        else:
            stopped = job.stop_requested_at is not None
            state = JobState.STOPPED if stopped else JobState.FAILED
            found += _end(job, state, error_code="" if stopped else CRASHED)
    return found


def _claim(job_id: int) -> Job | None:
    """Move a queued job to running; exactly one worker succeeds."""
    job = Job.objects.select_related("actor", "unit").filter(pk=job_id).first()
    if job is None:
        return None
    moment = now()
    won = Job.objects.filter(pk=job_id, state=JobState.QUEUED, attempt=job.attempt).update(
        state=JobState.RUNNING,
        attempt=job.attempt + 1,
        started_at=moment,
        heartbeat_at=moment,
    )
    if not won:
        return None
    job.state, job.attempt = JobState.RUNNING, job.attempt + 1
    return job


def _run(job: Job, handle: DirectHandle | RunningHandle) -> None:
    kind = kind_of(job.kind)
    if kind is None:
        _end(job, JobState.FAILED, error_code=UNKNOWN)
        return
    with translation.override(job.actor.language):
        try:
            if kind.atomic:
                with transaction.atomic():
                    _work(job, kind, handle)
            else:
                _work(job, kind, handle)
        except LostJob:
            return
        except RuleViolation as error:
            _end(job, JobState.FAILED, error_code=error.code, error=str(error))
        except Exception:
            _end(job, JobState.FAILED, error_code=BROKEN)
            raise


def _work(job: Job, kind: Kind, handle: DirectHandle | RunningHandle) -> None:
    result = kind.run(handle, **job.args)
    done, total = handle.settle()
    state = JobState.STOPPED if handle.told_to_stop else JobState.DONE
    won = _end(
        job, state, result=dict(result) if result is not None else None, done=done, total=total
    )
    if not won:
        raise LostJob


def _end(job: Job, state: JobState, **values: Any) -> int:
    """End the job if it is still ours; then tell its room when it failed."""
    moment = now()
    with transaction.atomic():
        won = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempt=job.attempt).update(
            state=state, finished_at=moment, heartbeat_at=moment, **values
        )
        kind = kind_of(job.kind)
        if won and state == JobState.FAILED and kind is not None and kind.on_failed is not None:
            kind.on_failed(job)
    return won
