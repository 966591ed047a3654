"""Where each room answers."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("cotutelle.web.urls")),
    path("", include("cotutelle.credentials.urls.public_verify")),
    path("", include("cotutelle.credentials.urls.public")),
    path("people/", include("cotutelle.people.urls")),
    path("units/", include("cotutelle.institutions.urls")),
    path("history/", include("cotutelle.ledger.urls")),
    path("log/", include("cotutelle.ledger.log_urls")),
    path("tasks/", include("cotutelle.workflow.urls")),
    path("inbox/", include("cotutelle.notices.urls")),
    path("files/", include("cotutelle.files.urls")),
    path("documents/", include("cotutelle.documents.urls")),
    path("jobs/", include("cotutelle.jobs.urls")),
    path("import/", include("cotutelle.exchange.urls")),
    path("decisions/", include("cotutelle.decisions.urls")),
    path("calendar/", include("cotutelle.availability.urls")),
    path("students/", include("cotutelle.programmes.urls")),
    path("mentors/", include("cotutelle.mentorship.urls")),
    path("agreements/", include("cotutelle.agreements.urls")),
    path("selection/", include("cotutelle.selection.urls")),
    path("rotations/", include("cotutelle.rotations.urls")),
    path("certificates/", include("cotutelle.credentials.urls")),
    path("api/", include("cotutelle.api.urls")),
    path("account/", include("cotutelle.people.account_urls")),
    path("admin/", admin.site.urls),
]
