"""Tasks: setup."""
