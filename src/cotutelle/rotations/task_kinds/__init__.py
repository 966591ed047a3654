"""What people are asked to do from here."""

from cotutelle.rotations.task_kinds import hours, planning, setup, weekly  # noqa: F401
