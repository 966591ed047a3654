"""Words of the history: planning."""
