"""Runs with their certificates, and placements."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.own import JobOut, show_job
from cotutelle.api.v1.rooms.rounds import find_round
from cotutelle.api.v1.values import Flag, Id, In, Json, Named, Out, PageQuery, named
from cotutelle.core.access import check
from cotutelle.decisions import queries as decisions
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.models import Run
from cotutelle.people.models import Person
from cotutelle.selection.enums import PlacementSource, PlacementState
from cotutelle.selection.models import Placement
from cotutelle.selection.queries.visibility import placements_visible_to
from cotutelle.selection.rules import REVIEWERS
from cotutelle.selection.services.runs import start_run

room = Room("results")


class RunNew(In):
    """A trial changes nothing and draws its lottery from the commitment."""

    trial: Flag = False


class RunOut(Out):
    """A computation: what went in, what came out, and how to check it."""

    id: UUID
    kind: str
    number: int
    state: RunState
    unit: Named
    policy: Named
    policy_version: int
    inputs_sha256: str
    certificate_sha256: str
    certificate_url: str
    verified: bool
    cpu_seconds: float
    created_at: dt.datetime


class RunQuery(PageQuery):
    """Which runs."""

    state: RunState | Literal[""] = ""


def _show(run: Run) -> RunOut:
    verdict = run.verdict if isinstance(run.verdict, dict) else {}
    return RunOut(
        id=run.public_id,
        kind=run.kind,
        number=run.number,
        state=RunState(run.state),
        unit=named(run.unit),
        policy=Named(id=run.policy.public_id, name=run.policy.display_name),
        policy_version=run.policy.version,
        inputs_sha256=run.snapshot.sha256,
        certificate_sha256=run.certificate_sha256,
        certificate_url=f"/api/v1/runs/{run.public_id}/certificate",
        verified=verdict.get("ok") is True,
        cpu_seconds=run.cpu_seconds,
        created_at=run.created_at,
    )


@room.post("/rounds/{uuid:round_id}/runs", JobOut, permission="selection.run_round", status=202)
def start_a_run(request: ApiRequest, round_id: UUID, body: RunNew) -> JobOut:
    """Start a run as a job; ask the job how far it is."""
    round_ = find_round(request, round_id)
    return show_job(start_run(round_, actor=request.person, trial=body.trial))


@room.get("/runs", Page[RunOut], permission="decisions.view_run")
def list_runs(request: ApiRequest, query: Query[RunQuery]) -> Page[RunOut]:
    """List runs the caller may see, newest first."""
    rows = decisions.visible_to(request.person)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _show, newest_first=True)


@room.get("/runs/{uuid:run_id}", RunOut, permission="decisions.view_run")
def get_run(request: ApiRequest, run_id: UUID) -> RunOut:
    """Read a run."""
    return _show(_find(request, run_id))


@room.get("/runs/{uuid:run_id}/certificate", Json, permission="decisions.view_run")
def get_certificate(request: ApiRequest, run_id: UUID) -> Json:
    """Take the certificate, which `cotutelle verify` checks."""
    return _find(request, run_id).certificate


def _find(request: ApiRequest, run_id: UUID) -> Run:
    run: Run = get_object_or_404(decisions.visible_to(request.person), public_id=run_id)
    check(request.person, "decisions.view_run", run)
    return run


# ---------------------------------------------------------------- placements


class PlacementOut(Out):
    """A student at an offer; the student's rank for staff and the student alone."""

    id: UUID
    round: UUID
    participant: UUID
    student: Named
    offer: Named
    mentors: list[Named]
    source: PlacementSource
    state: PlacementState
    student_rank: int | None


class PlacementQuery(PageQuery):
    """Which placements."""

    round: Id | Literal[""] = ""
    state: PlacementState | Literal[""] = ""


@room.get("/placements", Page[PlacementOut], permission="selection.view_result")
def list_placements(request: ApiRequest, query: Query[PlacementQuery]) -> Page[PlacementOut]:
    """List results: proposed ones for the holders of the round alone."""
    rows = placements_visible_to(request.person)
    if query.round:
        rows = rows.filter(round__public_id=query.round)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, lambda row: _placement(row, request.person))


@room.get("/placements/{uuid:placement_id}", PlacementOut, permission="selection.view_result")
def get_placement(request: ApiRequest, placement_id: UUID) -> PlacementOut:
    """Read a result."""
    rows = placements_visible_to(request.person)
    return _placement(get_object_or_404(rows, public_id=placement_id), request.person)


def _placement(row: Placement, actor: Person) -> PlacementOut:
    student = row.participant.student
    sees_rank = student.person_id == actor.pk or any(
        g.role in REVIEWERS and row.round.unit.path.startswith(g.unit.path)
        for g in actor.active_grants
    )
    return PlacementOut(
        id=row.public_id,
        round=row.round.public_id,
        participant=row.participant.public_id,
        student=named(student),
        offer=named(row.offer),
        mentors=[named(mentor) for mentor in row.offer.supervisors],
        source=PlacementSource(row.source),
        state=PlacementState(row.state),
        student_rank=row.student_rank if sees_rank else None,
    )
