"""Spreadsheets of offers and of preference lists."""

from cotutelle.selection.importers import offers, preferences

__all__ = ["offers", "preferences"]
