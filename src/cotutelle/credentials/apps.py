from __future__ import annotations

from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "cotutelle.credentials"
    label = "credentials"

    def ready(self) -> None:
        """Load permissions and words."""
        from cotutelle.credentials import actions, rules  # noqa: F401, PLC0415
