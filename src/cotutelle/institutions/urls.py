"""Addresses of units and calendars."""

from __future__ import annotations

from django.urls import path

from cotutelle.institutions import views

app_name = "institutions"
urlpatterns = [
    path("", views.units, name="units"),
    path("add/", views.unit_create, name="unit-create"),
    path("<uuid:public_id>/", views.unit, name="unit"),
    path("<uuid:public_id>/edit/", views.unit_edit, name="unit-edit"),
    path("<uuid:public_id>/state/", views.unit_state, name="unit-state"),
    path("<uuid:public_id>/people/", views.unit_people, name="unit-people"),
    path("<uuid:public_id>/calendar/", views.unit_calendar, name="unit-calendar"),
    path("<uuid:public_id>/history/", views.unit_history, name="unit-history"),
]
