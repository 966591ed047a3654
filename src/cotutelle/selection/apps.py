from __future__ import annotations

from django.apps import AppConfig


class SelectionConfig(AppConfig):
    name = "cotutelle.selection"
    label = "selection"

    def ready(self) -> None:
        """Load permissions, words of the history, notices, tasks and jobs."""
        from cotutelle.selection import (  # noqa: F401, PLC0415
            actions,
            affinity_tasks,
            decision_kinds,
            importers,
            links,
            notice_kinds,
            paper_kinds,
            paper_tasks,
            personal,
            rules,
            task_kinds,
            tasks,
        )
