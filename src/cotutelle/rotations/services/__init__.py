"""Services of curricula, plans, the week and hours."""
