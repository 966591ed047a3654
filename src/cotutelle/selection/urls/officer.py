from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.selection.views import (
    officer_after,
    officer_notice,
    officer_overrides,
    officer_papers,
    officer_people,
    officer_preview,
    officer_publish,
    officer_rounds,
    officer_runs,
)

ROUND = "rounds/<uuid:public_id>/"

urlpatterns: list[URLPattern] = [
    path("", officer_rounds.rounds, name="rounds"),
    path("rounds/new/", officer_rounds.round_new, name="round-new"),
    path(ROUND, officer_rounds.round_overview, name="round"),
    path(f"{ROUND}edit/", officer_rounds.round_edit, name="round-edit"),
    path(f"{ROUND}move/", officer_rounds.round_move, name="round-move"),
    path(f"{ROUND}deadline/", officer_rounds.round_deadline, name="round-deadline"),
    path(f"{ROUND}step/", officer_rounds.sequential_step, name="round-step"),
    path(f"{ROUND}affinity/", officer_runs.affinity, name="round-affinity"),
    path(f"{ROUND}history/", officer_rounds.round_history, name="round-history"),
    path(f"{ROUND}people/", officer_people.participants, name="participants"),
    path(f"{ROUND}people/cohort/", officer_people.add_cohort, name="participants-cohort"),
    path(f"{ROUND}people/late/", officer_people.add_late, name="participant-late"),
    path(f"{ROUND}offers/", officer_people.offers, name="offers"),
    path(f"{ROUND}offers/bulk/", officer_people.offers_bulk, name="offers-bulk"),
    path(f"{ROUND}answers/", officer_people.answers, name="answers"),
    path(f"{ROUND}remind/", officer_people.remind_owing, name="answers-remind"),
    path(f"{ROUND}run/", officer_runs.run, name="run"),
    path(f"{ROUND}decisions/", officer_runs.decisions, name="decisions"),
    path(f"{ROUND}compare/", officer_runs.compare, name="compare"),
    path(f"{ROUND}review/", officer_publish.review, name="review"),
    path(f"{ROUND}preview/", officer_preview.preview, name="preview"),
    path(f"{ROUND}preview/send/", officer_preview.send, name="preview-send"),
    path(f"{ROUND}publish/", officer_publish.publish, name="publish"),
    path(f"{ROUND}recall/", officer_publish.recall, name="recall"),
    path(f"{ROUND}confirm/", officer_publish.confirm, name="confirm"),
    path(f"{ROUND}overrides/", officer_overrides.overrides, name="overrides"),
    path(f"{ROUND}overrides/new/", officer_overrides.override_new, name="override-new"),
    path("overrides/<uuid:public_id>/", officer_overrides.override, name="override"),
    path(f"{ROUND}notice/", officer_notice.notice, name="notice"),
    path(f"{ROUND}objections/", officer_notice.objections, name="objections"),
    path("objections/<uuid:public_id>/", officer_notice.objection, name="objection"),
    path(f"{ROUND}vacancies/", officer_after.vacancies, name="vacancies"),
    path(f"{ROUND}vacancies/fill/", officer_after.fill, name="vacancy-fill"),
    path(f"{ROUND}vacancies/vacate/<uuid:placement>/", officer_after.vacate, name="vacate"),
    path(f"{ROUND}supplement/", officer_after.supplement, name="supplement"),
    path(f"{ROUND}outcome/", officer_after.outcome, name="outcome"),
    path(f"{ROUND}papers/", officer_papers.papers, name="papers"),
    path(f"{ROUND}papers/issue/", officer_papers.issue, name="paper-issue"),
]
