"""What the worker does for this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.notices import services


@app.task(name=services.SEND_TASK)
def send() -> None:
    """Send what is due."""
    services.send_due()


@app.periodic(cron="* * * * *")
@app.task(name="cotutelle.notices.send_again", queueing_lock="cotutelle.notices.send_again")
def send_again(timestamp: int) -> None:
    """Every minute: send what failed before or was left behind."""
    services.send_due()
