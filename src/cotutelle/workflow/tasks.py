"""What the worker does for this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.workflow import services


@app.periodic(cron="*/30 * * * *")
@app.task(name="cotutelle.workflow.due_soon", queueing_lock="cotutelle.workflow.due_soon")
def due_soon(timestamp: int) -> None:
    """Every half hour: from 8:00 where the unit is, tell people what is due within two days."""
    services.tell_due_soon()
