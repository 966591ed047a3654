"""Addresses of mutual selection, by who uses them."""

from __future__ import annotations

from cotutelle.selection.urls import mentor, officer, student

app_name = "selection"
urlpatterns = [*officer.urlpatterns, *mentor.urlpatterns, *student.urlpatterns]
