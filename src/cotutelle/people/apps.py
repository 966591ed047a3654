from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "cotutelle.people"
    label = "people"

    def ready(self) -> None:
        """Load permissions, words for the history, who reads it, and sign-in traces."""
        from cotutelle.ledger import access  # noqa: PLC0415
        from cotutelle.people import actions, rules, traces  # noqa: F401, PLC0415

        access.register("people.person", access.by_permission("people.view_person"))
