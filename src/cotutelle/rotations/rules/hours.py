"""Permissions: hours."""
