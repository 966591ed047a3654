"""
How a running job tells its progress.

A handler may work inside one long transaction, which nobody else can see into. So in a worker
the progress and the heartbeat are written by a thread with a connection of its own.
"""

from __future__ import annotations

import threading
from types import TracebackType

from django.db import DatabaseError, connection

from cotutelle.core.clock import now
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job

BEAT_SECONDS = 1.0


def write_beat(job: Job, done: int, total: int) -> bool:
    """Write progress and heartbeat of this attempt; return whether somebody asked to stop."""
    mine = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempt=job.attempt)
    mine.update(done=done, total=total, heartbeat_at=now())
    return mine.filter(stop_requested_at__isnull=False).exists()


class DirectHandle:
    """Writes at once, over the connection of the handler."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.told_to_stop = False
        self._done = 0
        self._total = 0

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is."""
        self._done, self._total = done, total
        write_beat(self.job, done, total)

    def should_stop(self) -> bool:
        """Tell whether somebody asked to stop."""
        self.told_to_stop = write_beat(self.job, self._done, self._total)
        return self.told_to_stop

    def settle(self) -> tuple[int, int]:
        """Return the last progress."""
        return self._done, self._total


class RunningHandle:
    """
    Only remembers; a thread writes every second, so that a dead process goes silent.

    ``beaten`` is set after each writing.
    """

    def __init__(self, job: Job, beat_seconds: float | None = None) -> None:
        self.job = job
        self.told_to_stop = False
        self._progress = (0, 0)
        self._stop_asked = threading.Event()
        self.beaten = threading.Event()
        self._over = threading.Event()
        self._beat_seconds = beat_seconds or BEAT_SECONDS
        self._thread = threading.Thread(target=self._beat, name=f"job-{job.pk}", daemon=True)

    def __enter__(self) -> RunningHandle:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.settle()

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is."""
        self._progress = (done, total)

    def should_stop(self) -> bool:
        """Tell whether somebody asked to stop."""
        self.told_to_stop = self.told_to_stop or self._stop_asked.is_set()
        return self.told_to_stop

    def settle(self) -> tuple[int, int]:
        """Stop writing; return the last progress."""
        self._over.set()
        self._thread.join()
        return self._progress

    def _beat(self) -> None:
        try:
            while not self._over.wait(self._beat_seconds):
                self._write()
        finally:
            connection.close()

    def _write(self) -> None:
        try:
            if write_beat(self.job, *self._progress):
                self._stop_asked.set()
            self.beaten.set()
        except DatabaseError:
            # The database restarts: the job itself will notice; keep beating for when it is back.
            connection.close()
