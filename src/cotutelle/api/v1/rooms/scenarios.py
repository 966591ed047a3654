"""What-ifs on a copy of a round, outcome figures, and the run with few changes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.own import JobOut, show_job
from cotutelle.api.v1.rooms.rounds import find_round
from cotutelle.api.v1.values import (
    Flag,
    Id,
    In,
    Json,
    LongText,
    Out,
    PageQuery,
    Text100,
    sent,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.selection.enums import (
    Algorithm,
    LowerOrder,
    MentorAnswer,
    Objective,
    ScenarioState,
    SilentMentor,
)
from cotutelle.selection.models import Scenario
from cotutelle.selection.queries.outcome import figures_json
from cotutelle.selection.queries.scenarios import bases_for, scenarios_visible_to
from cotutelle.selection.services.rerun import start_rerun
from cotutelle.selection.services.satisfaction import answer_satisfaction
from cotutelle.selection.services.scenarios import (
    apply_repair,
    change_scenario,
    create_scenario,
    set_rules,
    start_computing,
    undo_edit,
)

room = Room("scenarios")
Places = Annotated[int, Field(strict=True, ge=0, le=999)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=600)]
Step = Annotated[int, Field(strict=True, ge=1, le=5)]
Number = Annotated[int, Field(strict=True, ge=0, le=99)]


class ScenarioOut(Out):
    """A what-if: what is different, and the figures once it is computed."""

    id: UUID
    round: UUID
    base: UUID | None
    name: str
    note: str
    edits: Json
    rules: Json
    state: ScenarioState
    result: Json
    created_at: dt.datetime
    computed_at: dt.datetime | None


class ScenarioNew(In):
    """A what-if of the round as it stands, or of a run."""

    name: Text100
    note: LongText = ""
    base: Id | None = None


class EditNew(In):
    """One change of the copy; which values it needs depends on its kind."""

    kind: Literal[
        "list", "answer", "places", "pin", "unpin", "ban", "unban", "leave", "join", "accept"
    ]
    student: Id | None = None
    offer: Id | None = None
    mentor: Id | None = None
    offers: Annotated[list[Id], Field(max_length=100)] = []
    tiers: Annotated[list[Annotated[list[Id], Field(max_length=5000)]], Field(max_length=5000)] = []
    level: Literal["offer", "mentor", "group", ""] = ""
    key: Id | None = None
    most: Places | None = None
    least: Places = 0


class RulesChange(In):
    """Rules of the copy; what is not sent stays."""

    algorithm: Algorithm = Algorithm.DEFERRED_ACCEPTANCE
    objective: Objective = Objective.SIZE
    lower_order: LowerOrder = LowerOrder.BLOCKING
    time_limit: Seconds = 60
    mentor_answer: MentorAnswer = MentorAnswer.RANK
    silent_mentor: SilentMentor = SilentMentor.ACCEPT_BY_SCORE
    uses_scores: Flag = True
    ties_by_score: Flag = True
    same_discipline_only: Flag = False


class Pick(In):
    """Which one, counted from 0."""

    number: Number


class SatisfactionNew(In):
    """How content the caller is, 1 (not at all) to 5 (very)."""

    score: Step
    comment: LongText = ""


class SatisfactionOut(Out):
    """What the caller said."""

    score: int
    comment: str
    at: dt.datetime


def _show(one: Scenario) -> ScenarioOut:
    return ScenarioOut(
        id=one.public_id,
        round=one.round.public_id,
        base=one.base.public_id if one.base else None,
        name=one.name,
        note=one.note,
        edits=one.edits,
        rules=one.rules,
        state=ScenarioState(one.state),
        result=one.result,
        created_at=one.created_at,
        computed_at=one.computed_at,
    )


def _find(request: ApiRequest, scenario_id: UUID) -> Scenario:
    rows = scenarios_visible_to(request.person)
    found: Scenario = get_object_or_404(rows, public_id=scenario_id)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value


@room.get(
    "/rounds/{uuid:round_id}/scenarios", Page[ScenarioOut], permission="selection.view_review"
)
def list_scenarios(
    request: ApiRequest, round_id: UUID, query: Query[PageQuery]
) -> Page[ScenarioOut]:
    """List the what-ifs of a round, newest first."""
    round_ = find_round(request, round_id)
    check(request.person, "selection.view_review", round_)
    rows = scenarios_visible_to(request.person).filter(round=round_)
    return page_of(rows, query, _show, newest_first=True)


@room.get("/scenarios/{uuid:scenario_id}", ScenarioOut, permission="selection.view_review")
def get_scenario(request: ApiRequest, scenario_id: UUID) -> ScenarioOut:
    """Read a what-if with its figures."""
    found = _find(request, scenario_id)
    show_version(request, found)
    return _show(found)


@room.post("/rounds/{uuid:round_id}/scenarios", ScenarioOut, permission="selection.run_round")
def create_a_scenario(request: ApiRequest, round_id: UUID, body: ScenarioNew) -> ScenarioOut:
    """Begin a what-if; the round itself is never changed by it."""
    round_ = find_round(request, round_id)
    check(request.person, "selection.run_round", round_)
    base = None
    if body.base is not None:
        runs = {run.public_id: run for run, _of in bases_for(round_, request.person) if run}
        if (base := runs.get(body.base)) is None:
            raise RuleViolation(
                "scenario.base", _("There is no such run."), status=422, field="base"
            )
    made = create_scenario(round_, name=body.name, note=body.note, base=base, actor=request.person)
    set_header(request, "Location", f"/api/v1/scenarios/{made.public_id}")
    show_version(request, made)
    return _show(made)


@room.act("/scenarios/{uuid:scenario_id}/edits", ScenarioOut, permission="selection.run_round")
def edit_a_scenario(request: ApiRequest, scenario_id: UUID, body: EditNew) -> ScenarioOut:
    """Change the copy; a later edit about the same thing replaces the earlier one."""
    found = require_version(request, _find(request, scenario_id))
    edit = {name: _plain(value) for name, value in sent(body).items()}
    if body.kind == "places":
        edit = {"most": None, "least": 0} | edit
    change_scenario(found, edit, actor=request.person)
    show_version(request, found)
    return _show(found)


@room.act("/scenarios/{uuid:scenario_id}/rules", ScenarioOut, permission="selection.run_round")
def set_rules_of_a_scenario(
    request: ApiRequest, scenario_id: UUID, body: RulesChange
) -> ScenarioOut:
    """Set rules of the copy that differ from those of its base."""
    found = require_version(request, _find(request, scenario_id))
    rules = body.model_dump(mode="json", exclude_unset=True)
    set_rules(found, {**found.rules, **rules}, actor=request.person)
    show_version(request, found)
    return _show(found)


@room.act("/scenarios/{uuid:scenario_id}/repair", ScenarioOut, permission="selection.run_round")
def repair_a_scenario(request: ApiRequest, scenario_id: UUID, body: Pick) -> ScenarioOut:
    """Make the changes of a proposed repair in the copy."""
    found = require_version(request, _find(request, scenario_id))
    apply_repair(found, body.number, actor=request.person)
    show_version(request, found)
    return _show(found)


@room.act("/scenarios/{uuid:scenario_id}/undo", ScenarioOut, permission="selection.run_round")
def undo_an_edit(request: ApiRequest, scenario_id: UUID, body: Pick) -> ScenarioOut:
    """Take one edit of the copy back."""
    found = require_version(request, _find(request, scenario_id))
    undo_edit(found, body.number, actor=request.person)
    show_version(request, found)
    return _show(found)


@room.post(
    "/scenarios/{uuid:scenario_id}/computations",
    JobOut,
    permission="selection.run_round",
    status=202,
)
def compute_a_scenario(request: ApiRequest, scenario_id: UUID) -> JobOut:
    """Compute the copy as a job; read the what-if when it is done."""
    return show_job(start_computing(_find(request, scenario_id), actor=request.person))


@room.post("/rounds/{uuid:round_id}/reruns", JobOut, permission="selection.run_round", status=202)
def start_a_rerun(request: ApiRequest, round_id: UUID) -> JobOut:
    """Match again after somebody left, so that as few as possible move, as a job."""
    return show_job(start_rerun(find_round(request, round_id), actor=request.person))


@room.get("/rounds/{uuid:round_id}/figures", Json, permission="selection.view_review")
def get_figures(request: ApiRequest, round_id: UUID) -> Json:
    """Read how a round came out: shares and means with n and intervals, small groups hidden."""
    round_ = find_round(request, round_id)
    check(request.person, "selection.view_review", round_)
    return figures_json(round_)


@room.post(
    "/rounds/{uuid:round_id}/satisfaction",
    SatisfactionOut,
    permission="selection.answer_satisfaction",
    status=200,
)
def say_how_content(request: ApiRequest, round_id: UUID, body: SatisfactionNew) -> SatisfactionOut:
    """Say how content the caller is with a confirmed round, or change it."""
    said = answer_satisfaction(
        find_round(request, round_id),
        score=body.score,
        comment=body.comment,
        actor=request.person,
    )
    return SatisfactionOut(score=said.score, comment=said.comment, at=said.at)
