from __future__ import annotations

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "cotutelle.documents"
    label = "documents"

    def ready(self) -> None:
        """Load permissions, words, and who reads files and histories."""
        from cotutelle.documents import actions, readers, rules  # noqa: F401, PLC0415
