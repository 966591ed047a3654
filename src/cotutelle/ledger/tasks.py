"""What the worker does for this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.ledger import services
from cotutelle.ledger.services.asking import CHECK_TASK, TICK_TASK

AGAIN = "cotutelle.ledger.tick_again"


@app.task(name=TICK_TASK)
def tick() -> None:
    """Take one turn of the log: soon after each decision."""
    services.tick()


@app.periodic(cron="* * * * *")
@app.task(name=AGAIN, queueing_lock=AGAIN, lock=TICK_TASK)
def tick_again(timestamp: int) -> None:
    """Every minute: ask the witnesses again that did not answer, and take up what was left."""
    services.tick()


@app.task(name=CHECK_TASK)
def check() -> None:
    """Compare the log with its witnesses, at somebody's wish."""
    services.check_log()
    services.tick()
