from __future__ import annotations

from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "cotutelle.workflow"
    label = "workflow"

    def ready(self) -> None:
        """Load permissions, words, notices, and who reads files and histories."""
        from cotutelle.workflow import actions, notice_kinds, readers, rules  # noqa: F401, PLC0415
