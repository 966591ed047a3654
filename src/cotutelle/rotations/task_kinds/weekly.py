"""Tasks: weekly."""
