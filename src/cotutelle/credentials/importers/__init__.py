"""Importers of achievements and proposals."""

from cotutelle.credentials.importers import achievements, awards  # noqa: F401
