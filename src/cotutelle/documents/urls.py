"""Addresses of papers."""

from __future__ import annotations

from django.urls import path

from cotutelle.documents import views

app_name = "documents"
urlpatterns = [
    path("", views.document_list, name="documents"),
    path("v/<uuid:public_id>/", views.document_verify, name="verify"),
    path("<uuid:public_id>/", views.document_page, name="document"),
    path("<uuid:public_id>/archive/", views.document_archive, name="archive"),
    path("<uuid:public_id>/void/", views.document_void, name="void"),
    path("<uuid:public_id>/<slug:copy>/", views.document_download, name="download"),
]
