from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "cotutelle.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Load the permissions this room declares."""
        from cotutelle.ledger import rules  # noqa: F401, PLC0415
