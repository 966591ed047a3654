"""Words of the history: weekly."""
