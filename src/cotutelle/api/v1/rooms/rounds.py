"""Rounds of mutual selection and who takes part in them."""

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
from cotutelle.api.v1.rooms.units import find_unit
from cotutelle.api.v1.values import (
    Flag,
    Id,
    In,
    LongText,
    Moment,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text100,
    Text150,
    Year,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.enums import PairRole, Signer
from cotutelle.people.models import Person
from cotutelle.people.validators import fold
from cotutelle.programmes.enums import Route
from cotutelle.programmes.models import Cohort
from cotutelle.programmes.queries import cohorts_visible_to, staff_list
from cotutelle.selection.enums import (
    AdjustmentRefusal,
    Algorithm,
    ListState,
    LowerOrder,
    MentorAnswer,
    Objective,
    ParticipantState,
    Regime,
    RoundState,
    SilentMentor,
    Stage,
)
from cotutelle.selection.models import Participant, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.visibility import participants_visible_to, rounds_visible_to
from cotutelle.selection.services.rounds import add_participants, create_round
from cotutelle.selection.services.steps import move_round

room = Room("rounds")
Choices = Annotated[int, Field(strict=True, ge=1, le=100)]
Days = Annotated[int, Field(strict=True, ge=1, le=100)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=600)]


class Rules(In):
    """The rules of a round."""

    regime: Regime = Regime.DEFERRED_ACCEPTANCE
    mentor_answer: MentorAnswer = MentorAnswer.RANK
    silent_mentor: SilentMentor = SilentMentor.ACCEPT_BY_SCORE
    adjustment_refusal: AdjustmentRefusal = AdjustmentRefusal.STAYS_UNMATCHED
    min_choices: Choices = 1
    max_choices: Choices = 10
    interviews: Flag = False
    same_discipline_only: Flag = False
    uses_scores: Flag = True
    ties_by_score: Flag = True
    notice_days: Days = 5
    answer_days: Days = 3
    override_share_percent: Percent = 5
    algorithm: Algorithm = Algorithm.DEFERRED_ACCEPTANCE
    objective: Objective = Objective.SIZE
    lower_order: LowerOrder = LowerOrder.BLOCKING
    time_limit: Seconds = 60
    off_campus_most: Annotated[int, Field(strict=True, ge=0, le=999)] | None = None
    second_other_track: Flag = True
    second_in_agreement: Flag = False
    second_avoid_ended: Flag = True
    first_responsible: PairRole = PairRole.FIRST
    signs_leave: Signer = Signer.FIRST
    signs_claims: Signer = Signer.FIRST
    signs_thesis: Signer = Signer.BOTH


class Window(In):
    """When students of a route choose."""

    route: Route
    opens_at: Moment
    closes_at: Moment


class WindowOut(Out):
    """When students of a route choose."""

    route: Route
    opens_at: dt.datetime
    closes_at: dt.datetime


class RoundOut(Out):
    """A season. The seed of the lottery is shown once the lists are closed."""

    id: UUID
    name: str
    name_zh: str
    name_en: str
    unit: Named
    cohort: Named
    quota_year: int
    state: RoundState
    rules: Rules
    windows: list[WindowOut]
    answers_close_at: dt.datetime | None
    supplements: UUID | None
    stage: Stage
    first_round: UUID | None
    seed_commitment: str
    seed: str | None
    official_run: UUID | None
    created_at: dt.datetime


class RoundNew(In):
    """A round to be prepared."""

    unit: Id
    cohort: Id
    name_zh: Text100
    name_en: Text150 = ""
    quota_year: Year
    rules: Rules = Rules()
    windows: Annotated[list[Window], Field(max_length=10)] = []
    answers_close_at: Moment | None = None


class RoundMove(In):
    """The next state; going back and cancelling need a reason."""

    to: RoundState
    reason: LongText = ""


class RoundQuery(PageQuery):
    """Which rounds."""

    state: RoundState | Literal[""] = ""


def show_round(round_: Round) -> RoundOut:
    """Show a round as its readers may see it."""
    run = round_.official_run
    return RoundOut(
        id=round_.public_id,
        name=round_.display_name,
        name_zh=round_.name_zh,
        name_en=round_.name_en,
        unit=named(round_.unit),
        cohort=named(round_.cohort),
        quota_year=round_.quota_year,
        state=RoundState(round_.state),
        rules=Rules(**round_.policy.parameters),
        windows=[
            WindowOut(route=Route(c.route), opens_at=c.opens_at, closes_at=c.closes_at)
            for c in sorted(round_.calendars.all(), key=lambda c: c.route)
        ],
        answers_close_at=round_.answers_close_at,
        supplements=round_.supplements.public_id if round_.supplements else None,
        stage=Stage(round_.stage),
        first_round=round_.first_round.public_id if round_.first_round else None,
        seed_commitment=round_.seed_commitment,
        seed=round_.seed if round_.seed_published_at else None,
        official_run=run.public_id if run and _is_public(round_) else None,
        created_at=round_.created_at,
    )


def _is_public(round_: Round) -> bool:
    return round_.state in {RoundState.PUBLISHED, RoundState.CONFIRMED}


def _rows(actor: Person) -> Any:
    rows = rounds_visible_to(actor).select_related(
        "unit", "cohort", "policy", "supplements", "first_round", "official_run"
    )
    return rows.defer("official_run__certificate", "official_run__result").prefetch_related(
        "calendars"
    )


def find_round(request: ApiRequest, round_id: UUID) -> Round:
    """Return a round the caller may see, or answer 404."""
    found: Round = get_object_or_404(_rows(request.person), public_id=round_id)
    return found


def named_round(request: ApiRequest, round_id: UUID) -> Round:
    """Return the round a body or query names. Refuses with ``round.unknown`` (422)."""
    found: Round | None = _rows(request.person).filter(public_id=round_id).first()
    if found is None:
        raise RuleViolation(
            "round.unknown", _("There is no such round."), status=422, field="round"
        )
    return found


@room.get("/rounds", Page[RoundOut], permission="selection.view_rounds")
def list_rounds(request: ApiRequest, query: Query[RoundQuery]) -> Page[RoundOut]:
    """List the rounds the caller takes part in or looks after."""
    rows = _rows(request.person)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, show_round)


@room.post("/rounds", RoundOut, permission="selection.manage_round")
def create_a_round(request: ApiRequest, body: RoundNew) -> RoundOut:
    """Prepare a round with rules of its own."""
    unit = find_unit(body.unit)
    cohort: Cohort | None = cohorts_visible_to(request.person).filter(public_id=body.cohort).first()
    if cohort is None:
        raise RuleViolation(
            "cohort.unknown", _("There is no such cohort."), status=422, field="cohort"
        )
    round_ = create_round(
        unit,
        cohort,
        RoundRules(**body.rules.model_dump(mode="json")),
        name_zh=body.name_zh,
        name_en=body.name_en,
        quota_year=body.quota_year,
        calendars={w.route.value: (w.opens_at, w.closes_at) for w in body.windows},
        answers_close_at=body.answers_close_at,
        actor=request.person,
    )
    set_header(request, "Location", f"/api/v1/rounds/{round_.public_id}")
    show_version(request, round_)
    return show_round(round_)


@room.get("/rounds/{uuid:round_id}", RoundOut, permission="selection.view_round")
def get_round(request: ApiRequest, round_id: UUID) -> RoundOut:
    """Read a round."""
    round_ = find_round(request, round_id)
    show_version(request, round_)
    return show_round(round_)


@room.act("/rounds/{uuid:round_id}/move", RoundOut, permission="selection.manage_round")
def move_a_round(request: ApiRequest, round_id: UUID, body: RoundMove) -> RoundOut:
    """Take the next step, go back one, or cancel. A result is published by an operation of its own."""
    round_ = require_version(request, find_round(request, round_id))
    move_round(round_, body.to, actor=request.person, reason=body.reason)
    round_ = find_round(request, round_id)
    show_version(request, round_)
    return show_round(round_)


# ---------------------------------------------------------------- participants


class ParticipantOut(Out):
    """A student in a round. Choices are read from the list."""

    id: UUID
    round: UUID
    student: Named
    unit: Named
    route: Route
    state: ParticipantState
    list_state: ListState
    list_version: int
    submitted_at: dt.datetime | None


class ParticipantQuery(SearchQuery):
    """Which students of a round."""

    list_state: ListState | Literal[""] = ""


class ParticipantsNew(In):
    """Students who are to take part; none named: the whole cohort."""

    students: Annotated[list[Id], Field(max_length=5000)] = []


class Added(Out):
    """How many are new."""

    added: int


def show_participant(row: Participant) -> ParticipantOut:
    """Show a student's part in a round."""
    return ParticipantOut(
        id=row.public_id,
        round=row.round.public_id,
        student=named(row.student),
        unit=named(row.student.unit),
        route=Route(row.student.route),
        state=ParticipantState(row.state),
        list_state=ListState(row.list_state),
        list_version=row.list_version,
        submitted_at=row.submitted_at,
    )


@room.get(
    "/rounds/{uuid:round_id}/participants",
    Page[ParticipantOut],
    permission="selection.view_rounds",
)
def list_participants(
    request: ApiRequest, round_id: UUID, query: Query[ParticipantQuery]
) -> Page[ParticipantOut]:
    """List who takes part: staff see their students, a student their own part."""
    round_ = find_round(request, round_id)
    rows = participants_visible_to(request.person).filter(round=round_)
    if query.list_state:
        rows = rows.filter(list_state=query.list_state)
    for word in fold(query.q).split():
        rows = rows.filter(student__person__search_text__contains=word)
    return page_of(rows, query, show_participant)


@room.post("/rounds/{uuid:round_id}/participants", Added, permission="selection.manage_round")
def add_some_participants(request: ApiRequest, round_id: UUID, body: ParticipantsNew) -> Added:
    """Let students take part; who does already or cannot is passed over."""
    round_ = find_round(request, round_id)
    check(request.person, "selection.manage_round", round_)
    students = staff_list(request.person)
    chosen = (
        students.filter(public_id__in=body.students)
        if body.students
        else students.filter(cohort=round_.cohort)
    )
    return Added(added=add_participants(round_, chosen, actor=request.person))
