"""Words of the history: hours."""
