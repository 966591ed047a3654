"""Public addresses of what verification needs: status lists and the keys of issuers."""

from __future__ import annotations

from django.urls import path

from cotutelle.credentials.views import public

app_name = "issuers"
urlpatterns = [
    path(
        "credentials/status/<str:code>/<slug:purpose>/<int:number>.json",
        public.status_list,
        name="status",
    ),
    path(
        "credentials/status/<str:code>/<slug:purpose>/<int:number>.logged.json",
        public.status_list_logged,
        name="status-logged",
    ),
    path("credentials/issuers/<str:code>.json", public.issuer, name="issuer"),
    # The names of issuers and lists in every certificate: verifiers of others look there.
    path("issuers/<str:code>", public.issuer, name="issuer-name"),
    path("status/<str:code>/<slug:purpose>/<int:number>", public.status_list, name="status-name"),
]
