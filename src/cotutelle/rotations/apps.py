from __future__ import annotations

from django.apps import AppConfig


class RotationsConfig(AppConfig):
    name = "cotutelle.rotations"
    label = "rotations"

    def ready(self) -> None:
        from cotutelle.rotations import (  # noqa: F401, PLC0415
            actions,
            decision_kinds,
            hours_tasks,
            importers,
            notice_kinds,
            personal,
            planning_links,
            rules,
            task_kinds,
            tasks,
            weekly_decisions,
            weekly_jobs,
        )
