from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "cotutelle.api"
    label = "api"

    def ready(self) -> None:
        """Load how this room forgets a person."""
        from cotutelle.api import personal  # noqa: F401, PLC0415
