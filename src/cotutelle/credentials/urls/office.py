"""Addresses of offices and mentors: achievements, proposals, certificates, keys."""

from __future__ import annotations

from django.urls import path

from cotutelle.credentials.views import achievements, awards, credentials, issuing, keys

urlpatterns = [
    path("", credentials.credential_list, name="credentials"),
    path("revoke/", credentials.revoke, name="revoke"),
    path("achievements/", achievements.achievement_list, name="achievements"),
    path("achievements/new/", achievements.achievement_new, name="achievement-new"),
    path("achievements/<uuid:public_id>/", achievements.achievement, name="achievement"),
    path("achievements/<uuid:public_id>/edit/", achievements.achievement_edit, name="achievement-edit"),
    path("achievements/<uuid:public_id>/copy/", achievements.achievement_copy, name="achievement-copy"),
    path("achievements/<uuid:public_id>/move/", achievements.achievement_move, name="achievement-move"),
    path("achievements/<uuid:public_id>/propose/", awards.propose, name="propose"),
    path("awards/", awards.award_list, name="awards"),
    path("awards/new/", awards.propose_start, name="propose-start"),
    path("awards/<uuid:public_id>/", awards.award, name="award"),
    path("awards/<uuid:public_id>/withdraw/", awards.award_withdraw, name="award-withdraw"),
    path("issue/", issuing.issue, name="issue"),
    path("issue/do/", issuing.issue_do, name="issue-do"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/new/", keys.key_add, name="key-add"),
    path("keys/<uuid:public_id>/", keys.key, name="key"),
    path("keys/<uuid:public_id>/replace/", keys.key_rotate, name="key-rotate"),
    path("keys/<uuid:public_id>/compromise/", keys.key_compromise, name="key-compromise"),
    path("keys/<uuid:public_id>/reissue/", keys.key_reissue, name="key-reissue"),
    path("<uuid:public_id>/", credentials.credential, name="credential"),
    path("<uuid:public_id>/suspend/", credentials.suspend, name="suspend"),
    path("<uuid:public_id>/reinstate/", credentials.reinstate, name="reinstate"),
    path("<uuid:public_id>/reissue/", credentials.issue_again, name="reissue"),
]  # fmt: skip
