"""The demonstration of the one-page project."""
