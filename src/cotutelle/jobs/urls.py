"""Addresses of background work."""

from __future__ import annotations

from django.urls import path

from cotutelle.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="jobs"),
    path("<uuid:public_id>/", views.job_page, name="job"),
    path("<uuid:public_id>/progress/", views.job_progress, name="progress"),
    path("<uuid:public_id>/stop/", views.job_stop, name="stop"),
]
