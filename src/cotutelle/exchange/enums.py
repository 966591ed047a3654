"""The life of an import."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    """Nothing is changed in the database before ``applied``."""

    UPLOADED = "uploaded", _("Uploaded")
    MAPPED = "mapped", _("Columns chosen")
    CHECKED = "checked", _("Checked")
    APPLYING = "applying", _("Being imported")
    APPLIED = "applied", _("Imported")
    DISCARDED = "discarded", _("Discarded")


RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.UPLOADED: frozenset({RunState.UPLOADED, RunState.MAPPED, RunState.DISCARDED}),
    RunState.MAPPED: frozenset({RunState.MAPPED, RunState.CHECKED, RunState.DISCARDED}),
    RunState.CHECKED: frozenset(
        {RunState.MAPPED, RunState.CHECKED, RunState.APPLYING, RunState.DISCARDED}
    ),
    RunState.APPLYING: frozenset({RunState.CHECKED, RunState.APPLIED}),
    RunState.APPLIED: frozenset(),
    RunState.DISCARDED: frozenset(),
}
