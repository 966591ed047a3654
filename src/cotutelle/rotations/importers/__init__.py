"""Importers of curricula, plans, the week and hours."""

from cotutelle.rotations.importers import (  # noqa: F401
    planning_people,
    planning_wishes,
    roster,
    setup_departments,
    setup_regional,
    setup_wards,
    weekly,
)
