"""Where curricula, plans, the week and hours answer."""

from __future__ import annotations

from cotutelle.rotations.urls import hours, planning, setup, weekly

app_name = "rotations"
urlpatterns = [
    *setup.urlpatterns,
    *planning.urlpatterns,
    *weekly.urlpatterns,
    *hours.urlpatterns,
]
