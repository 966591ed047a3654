from __future__ import annotations

from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "cotutelle.workflow"
    label = "workflow"

    def ready(self) -> None:
        """Load permissions, words, notices, and who reads files and histories."""
        from cotutelle.workflow import (  # noqa: F401, PLC0415
            actions,
            notice_kinds,
            personal,
            readers,
            rules,
        )
