"""What the history calls what happened here."""

from cotutelle.rotations.actions import hours, planning, setup, weekly  # noqa: F401
