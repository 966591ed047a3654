"""Kinds of spreadsheet for the rooms below this one on the ladder."""

from __future__ import annotations

from cotutelle.exchange.importers import calendar_days, people, units

__all__ = ["calendar_days", "people", "units"]
