"""Importers of curricula, plans, the week and hours."""
