from __future__ import annotations

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "cotutelle.agreements"
    label = "agreements"

    def ready(self) -> None:
        from cotutelle.agreements import (  # noqa: F401, PLC0415
            actions,
            importers,
            notice_kinds,
            rules,
        )
