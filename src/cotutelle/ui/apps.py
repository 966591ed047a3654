"""The app of base templates and pieces; it has no models and no URLs."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "cotutelle.ui"
    label = "ui"
