"""Addresses of computed decisions."""

from __future__ import annotations

from django.urls import path

from cotutelle.decisions import views

app_name = "decisions"
urlpatterns = [
    path("runs/", views.run_list, name="runs"),
    path("runs/<uuid:public_id>/", views.run_page, name="run"),
    path("runs/<uuid:public_id>/certificate.json", views.run_certificate, name="certificate"),
    path("runs/<uuid:public_id>/check/", views.run_check, name="check"),
    path("policies/", views.policy_list, name="policies"),
    path("policies/<uuid:public_id>/", views.policy_page, name="policy"),
]
