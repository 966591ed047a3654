"""Addresses of people and of one's own pages."""

from __future__ import annotations

from django.urls import path

from cotutelle.people.views import own, persons, roles, signing_in

app_name = "people"
urlpatterns = [
    path("", persons.people, name="people"),
    path("add/", persons.person_create, name="person-create"),
    path("bulk/", persons.people_bulk, name="bulk"),
    path("roles/", roles.roles, name="roles"),
    path("roles/<uuid:public_id>/end/", roles.grant_end, name="grant-end"),
    path("language/", signing_in.set_language, name="set-language"),
    path("me/", own.profile, name="profile"),
    path("me/security/", own.security, name="security"),
    path("me/tokens/", own.tokens, name="tokens"),
    path("me/tokens/<uuid:public_id>/revoke/", own.token_revoke, name="token-revoke"),
    path("me/views/", own.views, name="views"),
    path("views/save/", own.view_save, name="view-save"),
    path("views/<uuid:public_id>/", own.saved_view, name="saved-view"),
    path("views/<uuid:public_id>/delete/", own.view_delete, name="view-delete"),
    path("<uuid:public_id>/", persons.person, name="person"),
    path("<uuid:public_id>/edit/", persons.person_edit, name="person-edit"),
    path("<uuid:public_id>/roles/", roles.person_roles, name="person-roles"),
    path("<uuid:public_id>/roles/add/", roles.grant_create, name="grant-create"),
    path("<uuid:public_id>/history/", persons.person_history, name="person-history"),
    path("<uuid:public_id>/export/", persons.person_export, name="person-export"),
    path(
        "<uuid:public_id>/second-factor/",
        roles.second_factor_remove,
        name="second-factor-remove",
    ),
    path("<uuid:public_id>/erase/", persons.person_erase, name="person-erase"),
]
