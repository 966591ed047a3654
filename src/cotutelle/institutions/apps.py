from __future__ import annotations

from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    name = "cotutelle.institutions"
    label = "institutions"

    def ready(self) -> None:
        """Load permissions, words for the history and who reads it."""
        from cotutelle.institutions import actions, rules  # noqa: F401, PLC0415
        from cotutelle.ledger import access  # noqa: PLC0415

        access.register("institutions.unit", access.by_permission("institutions.view_units"))
