from __future__ import annotations

from django.urls import path

from cotutelle.exchange import views

app_name = "exchange"
urlpatterns = [
    path("", views.home, name="home"),
    path("runs/<uuid:public_id>/", views.run_detail, name="run"),
    path("runs/<uuid:public_id>/columns/", views.columns, name="columns"),
    path("runs/<uuid:public_id>/check/", views.decide, name="decide"),
    path("runs/<uuid:public_id>/apply/", views.apply, name="apply"),
    path("runs/<uuid:public_id>/discard/", views.discard, name="discard"),
    path("runs/<uuid:public_id>/problems.xlsx", views.problems, name="problems"),
    path("<slug:kind>/", views.start, name="start"),
    path("<slug:kind>/template.xlsx", views.template, name="template"),
]
