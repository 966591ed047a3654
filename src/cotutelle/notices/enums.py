"""How a notice goes out, and when a person wants it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeliveryState(models.TextChoices):
    """Where the sending of a notice over one channel is."""

    PENDING = "pending", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.SENT, DeliveryState.FAILED}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.FAILED: frozenset(),
}


class Wanted(models.TextChoices):
    """Which notices a person wants over a channel; the inbox always has all of them."""

    ALL = "all", _("Every notice")
    URGENT = "urgent", _("Only urgent notices")
    NONE = "none", _("No notices")
