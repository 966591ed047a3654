"""Permissions: weekly."""
