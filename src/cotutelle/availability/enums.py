"""How firm a span is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SpanState(models.TextChoices):
    """Calendars are told of a cancelled span too, so it stays."""

    CONFIRMED = "confirmed", _("Confirmed")
    CANCELLED = "cancelled", _("Cancelled")
