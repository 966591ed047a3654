"""Notices: weekly."""
