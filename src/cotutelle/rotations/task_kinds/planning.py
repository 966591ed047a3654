"""Tasks: planning."""
