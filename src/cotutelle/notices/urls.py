"""Addresses of the inbox."""

from __future__ import annotations

from django.urls import path

from cotutelle.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.inbox_mark_read, name="mark-read"),
    path("settings/", views.notice_settings, name="settings"),
    path("<uuid:public_id>/", views.notice_page, name="notice"),
    path("<uuid:public_id>/open/", views.notice_open, name="open"),
]
