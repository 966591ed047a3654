"""What the clock does: late results, missing licences, overdue returns."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.programmes import services


@app.periodic(cron="10 5 * * *")
@app.task(name="cotutelle.programmes.morning", queueing_lock="cotutelle.programmes.morning")
def morning(timestamp: int) -> None:
    """Every morning: ask for results and choices that are due, and after overdue returns."""
    services.ask_for_expired_results()
    services.ask_where_licence_is_missing()
    services.remind_overdue()
