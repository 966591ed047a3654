"""Addresses of agreements."""

from __future__ import annotations

from django.urls import path

from cotutelle.agreements import views

app_name = "agreements"
urlpatterns = [
    path("", views.agreement_list, name="agreements"),
    path("new/", views.agreement_new, name="agreement-new"),
    path("<uuid:public_id>/", views.agreement, name="agreement"),
    path("<uuid:public_id>/edit/", views.agreement_edit, name="agreement-edit"),
    path("<uuid:public_id>/in-force/", views.agreement_force, name="agreement-force"),
    path("<uuid:public_id>/end/", views.agreement_end, name="agreement-end"),
    path("<uuid:public_id>/document/", views.agreement_document, name="agreement-document"),
    path("<uuid:public_id>/mentors/", views.mentors, name="mentors"),
    path("<uuid:public_id>/mentors/add/", views.mentors_add, name="mentors-add"),
    path("<uuid:public_id>/mentors/remove/", views.mentors_remove, name="mentors-remove"),
]
