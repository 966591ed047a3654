"""Addresses of files."""

from __future__ import annotations

from django.urls import path

from cotutelle.files import views

app_name = "files"
urlpatterns = [path("<uuid:public_id>/", views.file_download, name="file")]
