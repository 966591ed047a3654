"""``{% load rotations_hours %}``: hours in words."""

from __future__ import annotations

import datetime as dt

from django import template

from cotutelle.rotations.alert_words import figure_text
from cotutelle.rotations.alert_words import short_day as short_day_text
from cotutelle.rotations.models import HoursAlert
from cotutelle.rotations.queries.hours import hours_text

register = template.Library()


@register.filter
def hours(minutes: int) -> str:
    return hours_text(minutes)


@register.filter
def signed_hours(minutes: int) -> str:
    """``+4`` or ``−2.5``."""
    return f"{'−' if minutes < 0 else '+'}{hours_text(abs(minutes))}"


@register.filter
def short_day(day: dt.date) -> str:
    return short_day_text(day)


@register.filter
def alert_figure(alert: HoursAlert) -> str:
    return figure_text(alert.kind, alert.figures)
