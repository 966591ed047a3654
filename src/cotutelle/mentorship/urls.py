"""Addresses of mentors, places, reviews, teams and changes of mentor."""

from __future__ import annotations

from django.urls import path

from cotutelle.mentorship.views import changes, mentors, pairs, publications, quota, teams

app_name = "mentorship"
urlpatterns = [
    path("", mentors.mentor_list, name="mentors"),
    path("new/", mentors.mentor_new, name="mentor-new"),
    path("me/", mentors.my_profile, name="my-profile"),
    path("me/publications/", publications.my_publications, name="publications"),
    path("me/quota/", quota.my_quota, name="quota"),
    path("accounts/", quota.account_list, name="accounts"),
    path("accounts/<uuid:public_id>/", quota.account, name="account"),
    path("caps/", quota.caps, name="caps"),
    path("caps/<int:pk>/remove/", quota.cap_remove, name="cap-remove"),
    path("eligibility/", quota.eligibility, name="eligibility"),
    path("eligibility/decide/", quota.eligibility_decide, name="eligibility-decide"),
    path("eligibility/grant/", quota.bulk_grant, name="bulk-grant"),
    path("teams/", teams.team_list, name="teams"),
    path("teams/new/", teams.team_new, name="team-new"),
    path("teams/<uuid:public_id>/", teams.team_edit, name="team"),
    path("changes/", changes.change_list, name="changes"),
    path("changes/new/", changes.change_new, name="change-new"),
    path("changes/windows/", changes.windows, name="windows"),
    path("changes/windows/<int:pk>/remove/", changes.window_remove, name="window-remove"),
    path("changes/<uuid:public_id>/", changes.change, name="change"),
    path("pairs/", pairs.pair_list, name="pairs"),
    path("pairs/<uuid:public_id>/", pairs.pair, name="pair"),
    path("pairs/<uuid:public_id>/add/<slug:record_kind>/", pairs.pair_add, name="pair-add"),
    path("pairs/<uuid:public_id>/duties/", pairs.pair_duties, name="pair-duties"),
    path("pairs/records/<uuid:public_id>/", pairs.pair_record, name="pair-record"),
    path("conflicts/<int:pk>/lift/", pairs.conflict_lift, name="conflict-lift"),
    path("<uuid:public_id>/", mentors.mentor, name="mentor"),
    path("<uuid:public_id>/edit/", mentors.mentor_edit, name="mentor-edit"),
    path("<uuid:public_id>/profile/", mentors.profile_edit, name="profile-edit"),
    path(
        "<uuid:public_id>/publications/",
        publications.mentor_publications,
        name="mentor-publications",
    ),
]
