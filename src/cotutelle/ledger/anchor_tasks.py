"""Anchors under way, followed by the clock."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.ledger.services.anchors import advance_anchors


@app.periodic(cron="* * * * *")
@app.task(name="cotutelle.ledger.anchor", queueing_lock="cotutelle.ledger.anchor")
def anchor(timestamp: int) -> None:
    """Every minute: do the next step of what is being anchored."""
    advance_anchors()
