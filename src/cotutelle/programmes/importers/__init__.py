"""Spreadsheets of students, of their numbers and of their certificates."""

from cotutelle.programmes.importers import certificates, numbers, students  # noqa: F401
