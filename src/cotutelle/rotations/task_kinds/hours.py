"""Tasks: hours."""
