from __future__ import annotations

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "cotutelle.files"
    label = "files"

    def ready(self) -> None:
        """Load the words of the history."""
        from cotutelle.files import actions, personal  # noqa: F401, PLC0415
