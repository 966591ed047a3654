"""Addresses of students and cohorts."""

from __future__ import annotations

from django.urls import path

from cotutelle.programmes.views import (
    certificates,
    cohorts,
    enrolments,
    leave,
    leave_planning,
    profile,
    students,
    templates,
)

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
    path("cohorts/<uuid:public_id>/assign/", enrolments.assign, name="assign"),
    path("me/programme/", enrolments.my_programme, name="my-programme"),
    path("me/track/", certificates.choose_track, name="choose-track"),
    path("templates/", templates.template_list, name="templates"),
    path("templates/new/", templates.template_new, name="template-new"),
    path("templates/examples/", templates.template_examples, name="template-examples"),
    path("templates/<uuid:public_id>/", templates.template, name="template"),
    path("templates/<uuid:public_id>/edit/", templates.template_edit, name="template-edit"),
    path(
        "templates/<uuid:public_id>/in-force/",
        templates.template_in_force,
        name="template-in-force",
    ),
    path(
        "templates/<uuid:public_id>/new-edition/",
        templates.template_new_edition,
        name="template-new-edition",
    ),
    path("templates/<uuid:public_id>/retire/", templates.template_retire, name="template-retire"),
    path("enrolments/", enrolments.enrolment_list, name="enrolments"),
    path("enrolments/<uuid:public_id>/", enrolments.enrolment, name="enrolment"),
    path("enrolments/<uuid:public_id>/pre-entry/", enrolments.pre_entry, name="pre-entry"),
    path("enrolments/<uuid:public_id>/enrol/", enrolments.enrol, name="enrol"),
    path("enrolments/<uuid:public_id>/state/", enrolments.move, name="enrolment-move"),
    path("enrolments/<uuid:public_id>/track/", certificates.ask_track, name="ask-track"),
    path(
        "enrolments/<uuid:public_id>/track/followed/",
        certificates.track_followed,
        name="track-followed",
    ),
    path(
        "enrolments/<uuid:public_id>/certificates/<slug:certificate>/",
        certificates.attainment,
        name="attainment",
    ),
    path(
        "enrolments/<uuid:public_id>/milestones/<slug:milestone>/",
        enrolments.milestone,
        name="milestone",
    ),
    path("certificates/", certificates.four_certificates, name="four-certificates"),
    path("leave/", leave.leave_list, name="leaves"),
    path("leave/new/", leave.leave_new, name="leave-new"),
    path("leave/calendar/", leave_planning.leave_calendar, name="leave-calendar"),
    path("leave/rules/", leave_planning.leave_rules, name="leave-rules"),
    path("leave/<uuid:public_id>/", leave.leave, name="leave"),
    path("leave/<uuid:public_id>/withdraw/", leave.leave_withdraw, name="leave-withdraw"),
    path("leave/<uuid:public_id>/return/", leave.leave_return, name="leave-return"),
    path("leave/<uuid:public_id>/confirm/", leave.leave_confirm, name="leave-confirm"),
    path("leave/<uuid:public_id>/slip/", leave.leave_slip, name="leave-slip"),
    path("<uuid:public_id>/", students.student, name="student"),
    path("<uuid:public_id>/edit/", students.student_edit, name="student-edit"),
    path("<uuid:public_id>/admission/", students.admission, name="admission"),
]
