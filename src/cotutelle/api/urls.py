"""Addresses of the programming interface."""

from __future__ import annotations

from django.urls import include, path, re_path

from cotutelle.api.v1.docs import reference
from cotutelle.api.v1.gate import nothing_here, openapi_json
from cotutelle.api.v1.interface import patterns

v1 = [
    path("openapi.json", openapi_json, name="openapi"),
    path("docs", reference, name="docs"),
    *patterns(),
    re_path(r"^[\s\S]*$", nothing_here, name="nothing"),
]
urlpatterns = [path("v1/", include((v1, "api"), namespace="api"))]
