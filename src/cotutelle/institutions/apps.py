from __future__ import annotations

from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    name = "cotutelle.institutions"
    label = "institutions"
