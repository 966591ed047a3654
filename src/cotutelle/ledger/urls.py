"""Addresses of histories."""

from __future__ import annotations

from django.urls import path

from cotutelle.ledger.views import history as views

app_name = "ledger"
urlpatterns = [
    path("", views.entries, name="entries"),
    path("<str:subject_type>/<uuid:public_id>/", views.history, name="history"),
]
