from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "cotutelle.people"
    label = "people"

    def ready(self) -> None:
        """Load the permissions this room declares."""
        from cotutelle.people import rules  # noqa: F401, PLC0415
