from __future__ import annotations

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "cotutelle.notices"
    label = "notices"

    def ready(self) -> None:
        """Load the words of the history, and what is known and forgotten of a person."""
        from cotutelle.notices import actions, personal  # noqa: F401, PLC0415
