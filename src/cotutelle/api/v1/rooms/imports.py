"""Spreadsheets in: upload, columns, problems, apply."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import File, Form, Query
from ninja.files import UploadedFile
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.own import JobOut, show_job
from cotutelle.api.v1.rooms.units import find_unit
from cotutelle.api.v1.values import (
    NO_NUL,
    Flag,
    Id,
    In,
    Json,
    Named,
    Out,
    PageQuery,
    Text100,
    named,
)
from cotutelle.core.errors import RuleViolation
from cotutelle.exchange import queries, services
from cotutelle.exchange.importing import Importer
from cotutelle.exchange.models import ImportRun

room = Room("imports")
Name = Annotated[str, Field(max_length=40, pattern=NO_NUL)]
# The states of an import; runs of decisions have states of the same name in the schema.
State = Literal["uploaded", "mapped", "checked", "applying", "applied", "discarded"]
Place = Annotated[int, Field(strict=True, ge=0, le=1000)]


class ColumnOut(Out):
    """A column an import understands."""

    name: str
    label: str
    required: bool


class KindOut(Out):
    """A kind of spreadsheet the caller may take in."""

    kind: str
    label: str
    columns: list[ColumnOut]


class Kinds(Out):
    """All kinds."""

    items: list[KindOut]


class ImportOut(Out):
    """One file on its way in. Nothing is changed before `applied`."""

    id: UUID
    kind: str
    unit: Named
    file: str
    state: State
    mapping: dict[str, int]
    header: list[str]
    total: int
    good: int
    problem_count: int
    problems: Json
    questions: Json
    counts: dict[str, int]
    job: UUID | None
    created_at: dt.datetime
    applied_at: dt.datetime | None


class Upload(In):
    """Whereto."""

    kind: Name
    unit: Id
    round: Annotated[str, Field(max_length=100, pattern=NO_NUL)] = Field(
        "", description="For kinds that belong to a round."
    )


class Mapping(In):
    """Name of a column → number of the column in the sheet, from 0."""

    mapping: Annotated[dict[Name, Place], Field(max_length=200)]


class Checking(In):
    """Answers to questions, by their key; and whether the first of duplicates is kept."""

    decisions: Annotated[dict[Text100, Text100], Field(max_length=5000)] = {}
    keep_first: Flag = False


class Applying(In):
    """Whether the good rows alone are imported when there are problems."""

    good_only: Flag = False


def _kind(importer: Importer) -> KindOut:
    return KindOut(
        kind=importer.kind,
        label=str(importer.label),
        columns=[
            ColumnOut(name=c.name, label=c.label, required=c.required) for c in importer.columns
        ],
    )


def _brief(run: ImportRun) -> ImportOut:
    return _show(run, header=[])


def _show(run: ImportRun, header: list[str]) -> ImportOut:
    problems: Any = run.problems
    return ImportOut(
        id=run.public_id,
        kind=run.kind,
        unit=named(run.unit),
        file=run.file.name,
        state=cast("State", run.state),
        mapping=run.mapping,
        header=header,
        total=run.total,
        good=run.good_count,
        problem_count=run.problem_count,
        problems=problems,
        questions=run.questions,
        counts={k: v for k, v in run.counts.items() if isinstance(v, int)},
        job=run.job.public_id if run.job else None,
        created_at=run.created_at,
        applied_at=run.applied_at,
    )


@room.get("/import-kinds", Kinds, permission="exchange.import_tables")
def list_import_kinds(request: ApiRequest) -> Kinds:
    """List what the caller may import, with the columns of each kind."""
    return Kinds(items=[_kind(importer) for importer in queries.kinds_for(request.person)])


@room.get("/imports", Page[ImportOut], permission="exchange.import_tables")
def list_imports(request: ApiRequest, query: Query[PageQuery]) -> Page[ImportOut]:
    """List imports, newest first."""
    return page_of(queries.visible_to(request.person), query, _brief, newest_first=True)


@room.post("/imports", ImportOut, permission="exchange.import_tables")
def start_an_import(request: ApiRequest, body: Form[Upload], file: File[UploadedFile]) -> ImportOut:
    """Upload a file (xlsx or CSV). Its header is found and its columns are guessed."""
    run = services.start_import(
        body.kind,
        actor=request.person,
        unit=find_unit(body.unit),
        content=file.read(),
        name=file.name or "upload",
        options={"round": body.round} if body.round else {},
    )
    set_header(request, "Location", f"/api/v1/imports/{run.public_id}")
    return _whole(run)


@room.get("/imports/{uuid:import_id}", ImportOut, permission="exchange.view_import")
def get_import(request: ApiRequest, import_id: UUID) -> ImportOut:
    """Read an import with its header, problems and questions."""
    return _whole(_find(request, import_id))


@room.post(
    "/imports/{uuid:import_id}/mapping",
    ImportOut,
    permission="exchange.change_import",
    status=200,
)
def map_import(request: ApiRequest, import_id: UUID, body: Mapping) -> ImportOut:
    """Say which column of the sheet is what; remembered for the unit's next file."""
    return _whole(
        services.map_columns(_find(request, import_id), body.mapping, actor=request.person)
    )


@room.post(
    "/imports/{uuid:import_id}/check",
    ImportOut,
    permission="exchange.change_import",
    status=200,
)
def check_an_import(request: ApiRequest, import_id: UUID, body: Checking) -> ImportOut:
    """Read every row and say what is wrong; nothing is changed."""
    run = services.check_import(
        _find(request, import_id),
        actor=request.person,
        decisions=body.decisions,
        keep_first=body.keep_first,
    )
    return _whole(run)


@room.post(
    "/imports/{uuid:import_id}/apply",
    JobOut,
    permission="exchange.change_import",
    status=202,
)
def apply_an_import(request: ApiRequest, import_id: UUID, body: Applying) -> JobOut:
    """Start the job that imports the rows."""
    run = _find(request, import_id)
    return show_job(services.apply_import(run, actor=request.person, good_only=body.good_only))


@room.post(
    "/imports/{uuid:import_id}/discard",
    ImportOut,
    permission="exchange.change_import",
    status=200,
)
def discard_an_import(request: ApiRequest, import_id: UUID) -> ImportOut:
    """Give an import up; its record stays."""
    return _whole(services.discard_import(_find(request, import_id), actor=request.person))


def _find(request: ApiRequest, import_id: UUID) -> ImportRun:
    return get_object_or_404(queries.visible_to(request.person), public_id=import_id)


def _whole(run: ImportRun) -> ImportOut:
    try:
        header = list(queries.load(run).header.labels)
    except FileNotFoundError as error:
        raise RuleViolation(
            "exchange.gone", _("The uploaded file is not kept any more.")
        ) from error
    return _show(run, header)
