"""Addresses: planning."""

from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.rotations.views import (
    planning_board,
    planning_cycles,
    planning_moves,
    planning_own,
    planning_people,
    planning_review,
    planning_swaps,
)

CYCLE = "cycles/<uuid:public_id>/"
PERSON = "participants/<uuid:public_id>/"
SCENARIO = "scenarios/<uuid:public_id>/"
STAY = "stays/<uuid:public_id>/"

urlpatterns: list[URLPattern] = [
    path("", planning_cycles.cycle_list, name="cycles"),
    path("cycles/new/", planning_cycles.cycle_new, name="cycle-new"),
    path(CYCLE, planning_cycles.cycle, name="cycle"),
    path(f"{CYCLE}plan/", planning_cycles.scenario_new, name="scenario-new"),
    path(f"{CYCLE}rules/", planning_cycles.cycle_rules, name="cycle-rules"),
    path(f"{CYCLE}history/", planning_cycles.cycle_history, name="cycle-history"),
    path(f"{CYCLE}archive/", planning_cycles.cycle_archive, name="cycle-archive"),
    path(f"{CYCLE}events/", planning_cycles.events, name="events"),
    path(f"{CYCLE}compare/", planning_review.compare, name="compare"),
    path(f"{CYCLE}people/", planning_people.people, name="people"),
    path(f"{CYCLE}people/add/", planning_people.people_add, name="people-add"),
    path("events/<uuid:public_id>/remove/", planning_cycles.event_remove, name="event-remove"),
    path(PERSON, planning_people.participant, name="participant"),
    path(f"{PERSON}remove/", planning_people.participant_remove, name="participant-remove"),
    path(f"{PERSON}pins/<int:key>/remove/", planning_people.pin_remove, name="pin-remove"),
    path(f"{PERSON}plan/", planning_own.trainee_plan, name="trainee-plan"),
    path("wishes/<uuid:public_id>/remove/", planning_people.wish_remove, name="wish-remove"),
    path(SCENARIO, planning_board.scenario, name="scenario"),
    path(f"{SCENARIO}progress/", planning_board.progress, name="scenario-progress"),
    path(f"{SCENARIO}stay/", planning_moves.stay, name="stay"),
    path(f"{SCENARIO}check/", planning_moves.check_move, name="check"),
    path(f"{SCENARIO}review/", planning_review.review, name="review"),
    path(f"{SCENARIO}do/<slug:what>/", planning_moves.act, name="scenario-act"),
    path("my-plan/", planning_own.my_plan, name="my-plan"),
    path("students/", planning_own.students_plans, name="students-plans"),
    path(f"{STAY}why/", planning_own.why, name="why"),
    path(f"{STAY}swap/", planning_swaps.swap_ask, name="swap-ask"),
    path("swaps/", planning_swaps.swap_list, name="swaps"),
    path("swaps/<uuid:public_id>/", planning_swaps.swap, name="swap"),
]
