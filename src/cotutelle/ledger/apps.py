from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "cotutelle.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Load what this room declares: permissions, words, what it knows of people, its jobs."""
        from cotutelle.ledger import (  # noqa: F401, PLC0415
            anchor_tasks,
            log_actions,
            personal,
            rules,
        )
