from __future__ import annotations

from django.apps import AppConfig


class MentorshipConfig(AppConfig):
    name = "cotutelle.mentorship"
    label = "mentorship"

    def ready(self) -> None:
        from cotutelle.mentorship import (  # noqa: F401, PLC0415
            actions,
            importers,
            notice_kinds,
            personal,
            rules,
            task_kinds,
        )
