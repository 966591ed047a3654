"""Addresses: hours."""

from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.rotations.views import (
    hours_alerts,
    hours_figures,
    hours_own,
    hours_policy,
    hours_roster,
    hours_students,
)

_STUDENT = "hours/students/<uuid:public_id>/"
_ALERT = "hours/alerts/<uuid:public_id>/"

urlpatterns: list[URLPattern] = [
    path("hours/", hours_students.hours_list, name="hours"),
    path("hours/my/", hours_own.my_hours, name="my-hours"),
    path("hours/my/pulled/", hours_own.pulled, name="hours-pulled"),
    path("hours/my/log/", hours_own.log, name="hours-log"),
    path("hours/my/<uuid:public_id>/back/", hours_own.take_back, name="hours-back"),
    path(_STUDENT, hours_students.student_hours, name="student-hours"),
    path(_STUDENT + "repay/", hours_students.repay, name="hours-repay"),
    path("hours/alerts/", hours_alerts.alert_list, name="alerts"),
    path(_ALERT, hours_alerts.alert, name="alert"),
    path("hours/figures/", hours_figures.figures, name="hours-figures"),
    path("hours/policy/", hours_policy.policy, name="hours-policy"),
    path("hours/rosters/", hours_roster.roster, name="rosters"),
]
