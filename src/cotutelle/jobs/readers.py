"""Who reads the history of jobs."""

from __future__ import annotations

from cotutelle.ledger.access import by_permission, register

register("jobs.job", by_permission("jobs.view_job"))
