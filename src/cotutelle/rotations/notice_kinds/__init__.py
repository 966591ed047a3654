"""What people are told from here."""

from cotutelle.rotations.notice_kinds import hours, planning, setup, weekly  # noqa: F401
