"""What the worker does for this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.ledger import services
from cotutelle.ledger.services.asking import CHECK_TASK, TICK_TASK
from cotutelle.ledger.services.sealing import drop_partial_files

AGAIN = "cotutelle.ledger.tick_again"
TIDY = "cotutelle.ledger.tidy"


@app.task(name=TICK_TASK)
def tick() -> None:
    """Take one turn of the log: soon after each decision."""
    services.tick()


@app.periodic(cron="* * * * *")
@app.task(name=AGAIN, queueing_lock=AGAIN, lock=TICK_TASK)
def tick_again(timestamp: int) -> None:
    """Every minute: ask the witnesses again that did not answer, and take up what was left."""
    services.tick()


@app.periodic(cron="40 3 * * *")
@app.task(name=TIDY, queueing_lock=TIDY, lock=TICK_TASK)
def tidy(timestamp: int) -> None:
    """Every night: delete files of the log that fuller ones have replaced."""
    drop_partial_files()


@app.task(name=CHECK_TASK)
def check() -> None:
    """Compare the log with its witnesses, at somebody's wish."""
    services.check_log()
    services.tick()
