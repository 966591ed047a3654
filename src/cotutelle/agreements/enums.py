"""The life of a joint-cultivation agreement."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AgreementState(models.TextChoices):
    """Drafts bind nobody; an agreement in force lends places and mentors to rounds."""

    DRAFT = "draft", _("Draft")
    IN_FORCE = "in_force", _("In force")
    ENDED = "ended", _("Ended")


AGREEMENT_TRANSITIONS: dict[AgreementState, frozenset[AgreementState]] = {
    AgreementState.DRAFT: frozenset({AgreementState.IN_FORCE, AgreementState.ENDED}),
    AgreementState.IN_FORCE: frozenset({AgreementState.ENDED}),
    AgreementState.ENDED: frozenset(),
}
