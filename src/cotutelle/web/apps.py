from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "cotutelle.web"
    label = "web"

    def ready(self) -> None:
        """Name the people of the demonstration on its sign-in page."""
        from cotutelle.people.demo_logins import register  # noqa: PLC0415
        from cotutelle.web.demo.logins import demo_logins  # noqa: PLC0415

        register(demo_logins)
