from __future__ import annotations

from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "cotutelle.credentials"
    label = "credentials"

    def ready(self) -> None:
        """Load permissions, words, importers and the work in the background."""
        from cotutelle.credentials import (  # noqa: F401, PLC0415
            actions,
            decision_kinds,
            importers,
            links,
            notice_kinds,
            paper_kinds,
            personal,
            personal_shares,
            rules,
            task_kinds,
            tasks,
        )
