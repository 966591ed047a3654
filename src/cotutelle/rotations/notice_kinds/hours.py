"""Notices: hours."""
