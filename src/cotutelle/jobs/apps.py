from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "cotutelle.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Load permissions and the words of the history."""
        from cotutelle.jobs import actions, personal, readers, rules  # noqa: F401, PLC0415
