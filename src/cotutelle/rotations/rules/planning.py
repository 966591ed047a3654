"""Permissions: planning."""
