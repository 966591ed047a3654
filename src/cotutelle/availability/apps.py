from __future__ import annotations

from django.apps import AppConfig


class AvailabilityConfig(AppConfig):
    name = "cotutelle.availability"
    label = "availability"

    def ready(self) -> None:
        """Load the words of the history, and what is known and forgotten of a person."""
        from cotutelle.availability import actions, personal, rules  # noqa: F401, PLC0415
