"""Notices: planning."""
