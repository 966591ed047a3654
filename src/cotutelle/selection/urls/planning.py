"""What officers try out, how a round came out, and how content people were."""

from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.selection.views import (
    officer_outcome,
    officer_rerun,
    officer_scenario_edits,
    officer_scenarios,
    satisfaction,
)

ROUND = "rounds/<uuid:public_id>/"
SCENARIO = "what-if/<uuid:public_id>/"

urlpatterns: list[URLPattern] = [
    path(f"{ROUND}what-if/", officer_scenarios.room, name="scenarios"),
    path(f"{ROUND}what-if/new/", officer_scenarios.new, name="scenario-new"),
    path(f"{ROUND}what-if/compare/", officer_scenarios.side_by_side, name="scenario-compare"),
    path(SCENARIO, officer_scenarios.scenario, name="scenario"),
    path(f"{SCENARIO}compute/", officer_scenarios.compute, name="scenario-compute"),
    path(f"{SCENARIO}copy/", officer_scenarios.copy, name="scenario-copy"),
    path(f"{SCENARIO}remove/", officer_scenarios.remove, name="scenario-remove"),
    path(f"{SCENARIO}moved/", officer_scenarios.moved, name="scenario-moved"),
    path(f"{SCENARIO}rules/", officer_scenario_edits.rules, name="scenario-rules"),
    path(f"{SCENARIO}exact/", officer_scenario_edits.exact, name="scenario-exact"),
    path(f"{SCENARIO}undo/", officer_scenario_edits.undo, name="scenario-undo"),
    path(f"{SCENARIO}repair/", officer_scenario_edits.repair, name="scenario-repair"),
    path(f"{SCENARIO}edit/<slug:change>/", officer_scenario_edits.edit, name="scenario-edit"),
    path(f"{ROUND}rerun/", officer_rerun.rerun, name="rerun"),
    path(f"{ROUND}figures/", officer_outcome.figures, name="figures"),
    path(f"{ROUND}satisfaction/", satisfaction.say, name="satisfaction"),
]
