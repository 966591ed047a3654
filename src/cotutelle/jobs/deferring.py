"""
Putting work into the queue, inside the transaction of the caller.

Inside a worker the library's own app talks to the database over another connection, so what it
queues would run before (or without) the caller's commit. This app always uses Django's.
"""

from __future__ import annotations

from typing import Any

import procrastinate
from procrastinate.contrib.django.django_connector import DjangoConnector

_app = procrastinate.App(connector=DjangoConnector(alias="default"))


def defer(task: str, **args: Any) -> int:
    """Queue the task called ``task``; it runs after the commit, or never when rolled back."""
    return _app.configure_task(task, allow_unknown=True).defer(**args)
