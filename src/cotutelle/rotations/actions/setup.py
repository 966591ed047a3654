"""Words of the history: setup."""
