"""Asking the worker to go on with the log, soon after a decision or at somebody's wish."""

from __future__ import annotations

from contextlib import suppress

import procrastinate
from django.db import transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued

TICK_TASK = "cotutelle.ledger.tick"
CHECK_TASK = "cotutelle.ledger.check"

_app = procrastinate.App(connector=DjangoConnector(alias="default"))


def seal_soon() -> None:
    """After the commit, queue one turn of the log; many decisions of one transaction ask once."""
    connection = transaction.get_connection()
    if not any(waiting[1] is _queue_tick for waiting in connection.run_on_commit):
        transaction.on_commit(_queue_tick, robust=True)


def queue_check() -> None:
    """After the commit, queue a comparison with the witnesses, and a turn of the log after it."""
    transaction.on_commit(lambda: _queue(CHECK_TASK), robust=True)


def _queue_tick() -> None:
    _queue(TICK_TASK)


def _queue(task: str) -> None:
    """
    Queue ``task`` unless it waits already: one turn does all that is due by then.

    It waits for a turn under way, which may have looked at what waits before this decision came.
    """
    job = _app.configure_task(task, queueing_lock=task, lock=TICK_TASK, allow_unknown=True)
    with suppress(AlreadyEnqueued), transaction.atomic():
        job.defer()
