"""Who may do what with curricula, plans, the week and hours."""

from cotutelle.rotations.rules import hours, planning, setup, weekly  # noqa: F401
