"""Notices: setup."""
