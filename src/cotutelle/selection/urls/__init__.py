"""Addresses of mutual selection, by who uses them."""

from __future__ import annotations

from cotutelle.selection.urls import mentor, officer, planning, student

app_name = "selection"
urlpatterns = [
    *officer.urlpatterns,
    *planning.urlpatterns,
    *mentor.urlpatterns,
    *student.urlpatterns,
]
