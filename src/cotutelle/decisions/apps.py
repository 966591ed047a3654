from __future__ import annotations

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "cotutelle.decisions"
    label = "decisions"
