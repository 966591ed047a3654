"""Addresses of students and cohorts."""

from __future__ import annotations

from django.urls import path

from cotutelle.programmes.views import cohorts, profile, students

app_name = "programmes"
urlpatterns = [
    path("", students.student_list, name="students"),
    path("admissions/confirm/", students.confirm_admissions, name="students-confirm"),
    path("late/", students.late_admission, name="late-admission"),
    path("me/", profile.my_profile, name="my-profile"),
    path("me/files/", profile.attach, name="attach"),
    path("me/files/<uuid:public_id>/remove/", profile.detach, name="detach"),
    path("cohorts/", cohorts.cohort_list, name="cohorts"),
    path("cohorts/new/", cohorts.cohort_new, name="cohort-new"),
    path("cohorts/<uuid:public_id>/", cohorts.cohort, name="cohort"),
    path("cohorts/<uuid:public_id>/edit/", cohorts.cohort_edit, name="cohort-edit"),
    path("<uuid:public_id>/", students.student, name="student"),
    path("<uuid:public_id>/edit/", students.student_edit, name="student-edit"),
    path("<uuid:public_id>/admission/", students.admission, name="admission"),
]
