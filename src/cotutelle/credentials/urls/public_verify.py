"""Public addresses: checking certificates, and the schemas they name."""

from __future__ import annotations

from django.urls import path

from cotutelle.credentials.views import verify

app_name = "verify"
urlpatterns = [
    path("verify/", verify.verify, name="verify"),
    path("verify/offline.html", verify.offline_page, name="offline"),
    path("verify/<slug:token>/", verify.share, name="share"),
    path("verify/<slug:token>/bundle.json", verify.share_bundle, name="bundle"),
    path("credentials/schemas/<slug:kind>.json", verify.schema_of, name="schema"),
]
