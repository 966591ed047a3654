"""Addresses of holders: their certificates, links and transcripts."""

from __future__ import annotations

from django.urls import path

from cotutelle.credentials.views import shares, wallet

urlpatterns = [
    path("mine/", wallet.my_certificates, name="my-certificates"),
    path("mine/transcript/", shares.transcript_new, name="transcript-new"),
    path("mine/links/", shares.share_list, name="shares"),
    path("mine/links/<uuid:public_id>/", shares.share_detail, name="share"),
    path("mine/links/<uuid:public_id>/end/", shares.share_end, name="share-end"),
    path("mine/<uuid:public_id>/share/", shares.share_new, name="share-new"),
    path("<uuid:public_id>/bundle.json", wallet.bundle, name="bundle"),
    path("<uuid:public_id>/paper/", wallet.paper, name="paper"),
    path("<uuid:public_id>/badge.png", wallet.badge, name="badge"),
]
