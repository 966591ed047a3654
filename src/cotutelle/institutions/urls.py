"""Addresses of units and calendars."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "institutions"
urlpatterns: list[URLPattern | URLResolver] = []
