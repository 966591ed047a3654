from __future__ import annotations

from django.apps import AppConfig


class ProgrammesConfig(AppConfig):
    name = "cotutelle.programmes"
    label = "programmes"

    def ready(self) -> None:
        from cotutelle.programmes import (  # noqa: F401, PLC0415
            actions,
            approval_kinds,
            importers,
            notice_kinds,
            paper_kinds,
            personal,
            rules,
            task_kinds,
        )
