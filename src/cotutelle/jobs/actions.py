"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.jobs.enums import JobState
from cotutelle.ledger.actions import register, register_fields

register(
    {
        "jobs.job.started": _("Job started"),
        "jobs.job.stopped": _("Stop of a job requested"),
    }
)
register_fields(
    "jobs.job",
    {"kind": _("Kind"), "state": _("State")},
    values={"state": {s.value: s.label for s in JobState}},
)
