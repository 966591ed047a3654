from __future__ import annotations

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "cotutelle.decisions"
    label = "decisions"

    def ready(self) -> None:
        """Load permissions, words, and who reads histories."""
        from cotutelle.decisions import actions, readers, rules  # noqa: F401, PLC0415
