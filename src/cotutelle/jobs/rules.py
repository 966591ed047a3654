"""Who sees and stops background work."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.rules import is_administrator


@rules.predicate
def started_it(actor: Any, job: Any = None) -> bool:
    """The actor started the job; anybody may have started one."""
    return job is None or job.actor_id == actor.pk


grant(
    "jobs.view_job",
    started_it | is_administrator,
    reason=_("Only the person who started a job and system administrators see it."),
)
grant(
    "jobs.stop_job",
    started_it | is_administrator,
    reason=_("Only the person who started a job and system administrators may stop it."),
)
