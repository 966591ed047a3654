"""Addresses of calendars."""

from __future__ import annotations

from django.urls import path

from cotutelle.availability import views

app_name = "availability"
urlpatterns = [
    path("", views.my_calendar, name="calendar"),
    path("addresses/", views.feeds, name="feeds"),
    path("addresses/<uuid:public_id>/revoke/", views.feed_revoke, name="feed-revoke"),
    path("feed/<str:token>.ics", views.feed_file, name="feed"),
]
