from __future__ import annotations

from django.apps import AppConfig


class SelectionConfig(AppConfig):
    name = "cotutelle.selection"
    label = "selection"
