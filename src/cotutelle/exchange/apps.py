from __future__ import annotations

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "cotutelle.exchange"
    label = "exchange"

    def ready(self) -> None:
        """Load what this room declares: permissions, words, kinds, its job, who reads files."""
        from cotutelle.exchange import (  # noqa: F401, PLC0415
            actions,
            importers,
            personal,
            readers,
            rules,
            tasks,
        )
