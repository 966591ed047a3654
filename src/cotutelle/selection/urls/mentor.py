"""Addresses for mentors, and for secretaries who act for them."""

from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.selection.views import (
    mentor_answers,
    mentor_applicants,
    mentor_offers,
    mentor_results,
)

ANSWER = "answers/<uuid:public_id>/"
APPLICANT = f"{ANSWER}applicants/<uuid:participant>/"

urlpatterns: list[URLPattern] = [
    path("offers/mine/", mentor_offers.my_offers, name="my-offers"),
    path("offers/new/", mentor_offers.offer_new, name="offer-new"),
    path("offers/<uuid:public_id>/edit/", mentor_offers.offer_edit, name="offer-edit"),
    path("offers/<uuid:public_id>/move/", mentor_offers.offer_move, name="offer-move"),
    path("applicants/", mentor_answers.applicants_home, name="applicants-home"),
    path(ANSWER, mentor_answers.applicants, name="applicants"),
    path(f"{ANSWER}save/", mentor_answers.answer_save, name="answer-save"),
    path(f"{ANSWER}submit/", mentor_answers.answer_submit, name="answer-submit"),
    path(f"{ANSWER}reopen/", mentor_answers.answer_reopen, name="answer-reopen"),
    path(f"{ANSWER}interviews/", mentor_applicants.interviews, name="interviews"),
    path(APPLICANT, mentor_applicants.applicant, name="applicant"),
    path(f"{APPLICANT}conflict/", mentor_applicants.conflict_declare, name="conflict-declare"),
    path(f"{APPLICANT}interview/", mentor_applicants.interview, name="interview"),
    path(f"{APPLICANT}why/", mentor_results.mentor_why, name="mentor-why"),
    path("applications/", mentor_results.applications, name="applications"),
    path(
        "applications/<uuid:public_id>/answer/",
        mentor_results.application_answer,
        name="application-answer",
    ),
    path("my-students/", mentor_results.my_students, name="my-students"),
]
