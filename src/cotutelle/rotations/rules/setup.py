"""Permissions: setup."""
