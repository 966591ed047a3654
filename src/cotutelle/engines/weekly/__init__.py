"""Week-level planning: joint rounds, research half-days, rooms."""
