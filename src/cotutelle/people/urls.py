"""Addresses of people, of one's own account and of third-party sign-in."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = []
