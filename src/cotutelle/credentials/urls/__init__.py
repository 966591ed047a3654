"""Where certificates answer, beneath ``certificates/``; public addresses have lists of their own."""

from __future__ import annotations

from cotutelle.credentials.urls import holder, office

app_name = "credentials"
urlpatterns = [*holder.urlpatterns, *office.urlpatterns]
