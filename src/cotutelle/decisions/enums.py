"""Lives of policies and runs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PolicyState(models.TextChoices):
    """Whether a rule set may be used."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("In force")
    RETIRED = "retired", _("No longer in force")


POLICY_TRANSITIONS: dict[PolicyState, frozenset[PolicyState]] = {
    PolicyState.DRAFT: frozenset({PolicyState.ACTIVE}),
    PolicyState.ACTIVE: frozenset({PolicyState.RETIRED}),
    PolicyState.RETIRED: frozenset(),
}


class RunState(models.TextChoices):
    """What became of a computed decision."""

    VERIFIED = "verified", _("Verified")
    OFFICIAL = "official", _("Official")
    SUPERSEDED = "superseded", _("Superseded")
    REFUTED = "refuted", _("Refuted")


# A later check with the independent verifier may refute what was never made official.
RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.VERIFIED: frozenset({RunState.OFFICIAL, RunState.SUPERSEDED, RunState.REFUTED}),
    RunState.OFFICIAL: frozenset({RunState.SUPERSEDED, RunState.REFUTED}),
    RunState.SUPERSEDED: frozenset({RunState.REFUTED}),
    RunState.REFUTED: frozenset(),
}
