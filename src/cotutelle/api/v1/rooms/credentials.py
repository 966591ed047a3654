"""Certificates: what can be certified, who is proposed, signed for, issued and revoked."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import (
    NO_NUL,
    Flag,
    Id,
    In,
    Json,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text300,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.credentials.enums import (
    AchievementKind,
    AchievementState,
    AwardState,
    CredentialState,
    Cryptosuite,
    SignerRole,
    StatusPurpose,
)
from cotutelle.credentials.models import Achievement, Award, Credential, StatusList
from cotutelle.credentials.queries.achievements import achievements_visible_to
from cotutelle.credentials.queries.awards import (
    awards_visible_to,
    proposable_students,
    search_awards,
)
from cotutelle.credentials.queries.credentials import (
    credentials_visible_to,
    document_of,
    lists_kept_by,
    search_credentials,
)
from cotutelle.credentials.services import standing
from cotutelle.credentials.services.awards import (
    Proposal,
    propose_award,
    refuse_award,
    sign_award,
    withdraw_award,
)
from cotutelle.credentials.services.issuing import issue_one
from cotutelle.credentials.services.status_lists import list_url
from cotutelle.rotations.models import Stay
from cotutelle.workflow.queries import principals_of

room = Room("credentials")
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]
Note = Annotated[str, Field(max_length=500, pattern=NO_NUL)]
FactName = Annotated[str, Field(max_length=40, pattern=r"^[a-z][A-Za-z0-9_]*$")]


class AchievementOut(Out):
    """What an institution certifies; `signers` sign before it is issued."""

    id: UUID
    institution: Named
    kind: AchievementKind
    name_zh: str
    name_en: str
    criteria_zh: str
    criteria_en: str
    signers: list[SignerRole]
    valid_months: int | None
    cryptosuite: Cryptosuite
    state: AchievementState


class AchievementQuery(SearchQuery):
    """Which achievements."""

    state: AchievementState | Literal[""] = ""
    kind: AchievementKind | Literal[""] = ""


class SignatureOut(Out):
    """A signature that was given."""

    role: SignerRole
    signer: Named
    agrees: bool
    at: dt.datetime


class AwardOut(Out):
    """One student proposed for an achievement; `facts` as the certificate will say them."""

    id: UUID
    achievement: Named
    student: Named
    facts: dict[str, Json]
    state: AwardState
    reason: str
    signatures: list[SignatureOut]
    proposed_by: Named
    proposed_at: dt.datetime
    credential: UUID | None


class AwardQuery(SearchQuery):
    """Which proposals."""

    state: AwardState | Literal[""] = ""


class AwardNew(In):
    """A student and what is stated; a rotation names the stay, everything else facts."""

    achievement: Id
    student: Id
    stay: Id | None = None
    facts: dict[FactName, Json] = Field(default_factory=dict, max_length=40)
    note: Note = ""


class Signing(In):
    """A signature in a role; whoever does not agree says why in `note`."""

    role: SignerRole
    agrees: Flag = True
    note: Note = ""
    on_behalf_of: Id | None = None


class Because(In):
    """Why."""

    reason: Reason


class CredentialOut(Out):
    """A certificate; `certificate` is the signed text, `null` once it was erased."""

    id: UUID
    holder: Named
    institution: Named
    award: UUID | None
    name_zh: str
    name_en: str
    digest: str
    state: CredentialState
    reason: str
    issued_at: dt.datetime
    valid_until: dt.datetime | None
    certificate: Json


class CredentialQuery(SearchQuery):
    """Which certificates."""

    state: CredentialState | Literal[""] = ""


class StatusListOut(Out):
    """A status list as last signed; `url` is its name in certificates."""

    url: Text300
    institution: Named
    purpose: StatusPurpose
    number: int
    certificates: int
    digest: str
    signed_at: dt.datetime | None


def _achievement(row: Achievement) -> AchievementOut:
    return AchievementOut(
        id=row.public_id,
        institution=named(row.unit),
        kind=AchievementKind(row.kind),
        name_zh=row.name_zh,
        name_en=row.name_en,
        criteria_zh=row.criteria_zh,
        criteria_en=row.criteria_en,
        signers=[SignerRole(role) for role in row.signers],
        valid_months=row.valid_months,
        cryptosuite=Cryptosuite(row.cryptosuite),
        state=AchievementState(row.state),
    )


def _award(row: Award) -> AwardOut:
    credential: Credential | None = getattr(row, "credential", None)
    return AwardOut(
        id=row.public_id,
        achievement=named(row.achievement),
        student=named(row.student),
        facts=row.facts,
        state=AwardState(row.state),
        reason=row.reason,
        signatures=[
            SignatureOut(
                role=SignerRole(one.role), signer=named(one.signer), agrees=one.agrees, at=one.at
            )
            for one in row.sign_offs.all()
        ],
        proposed_by=named(row.proposed_by),
        proposed_at=row.proposed_at,
        credential=credential.public_id if credential else None,
    )


def _credential(row: Credential) -> CredentialOut:
    return CredentialOut(
        id=row.public_id,
        holder=named(row.person),
        institution=named(row.unit),
        award=row.award.public_id if row.award else None,
        name_zh=row.name_zh,
        name_en=row.name_en,
        digest=row.digest,
        state=CredentialState(row.state),
        reason=row.reason,
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        certificate=document_of(row),
    )


def _list(row: StatusList) -> StatusListOut:
    return StatusListOut(
        url=list_url(row),
        institution=named(row.unit),
        purpose=StatusPurpose(row.purpose),
        number=row.number,
        certificates=row.used,
        digest=row.digest,
        signed_at=row.made_at,
    )


# ---------------------------------------------------------------- achievements


@room.get("/achievements", Page[AchievementOut], permission="credentials.view_achievements")
def list_achievements(request: ApiRequest, query: Query[AchievementQuery]) -> Page[AchievementOut]:
    """List what institutions certify; drafts for the officers of the institution alone."""
    rows = achievements_visible_to(request.person)
    for word in query.q.split():
        rows = rows.filter(name_zh__icontains=word) | rows.filter(name_en__icontains=word)
    if query.state:
        rows = rows.filter(state=query.state)
    if query.kind:
        rows = rows.filter(kind=query.kind)
    return page_of(rows, query, _achievement)


@room.get(
    "/achievements/{uuid:achievement_id}",
    AchievementOut,
    permission="credentials.view_achievements",
)
def get_achievement(request: ApiRequest, achievement_id: UUID) -> AchievementOut:
    """Read an achievement."""
    rows = achievements_visible_to(request.person)
    row: Achievement = get_object_or_404(rows, public_id=achievement_id)
    show_version(request, row)
    return _achievement(row)


# ---------------------------------------------------------------- awards


@room.get("/awards", Page[AwardOut], permission="credentials.view_award")
def list_awards(request: ApiRequest, query: Query[AwardQuery]) -> Page[AwardOut]:
    """List proposals; `q` looks into the names of students and achievements."""
    rows = awards_visible_to(request.person)
    if query.q:
        rows = search_awards(rows, query.q)
    if query.state:
        rows = rows.filter(state=query.state)
    rows = rows.select_related("credential").prefetch_related("sign_offs__signer")
    return page_of(rows, query, _award, newest_first=True)


@room.get("/awards/{uuid:award_id}", AwardOut, permission="credentials.view_award")
def get_award(request: ApiRequest, award_id: UUID) -> AwardOut:
    """Read a proposal and the signatures it has."""
    return _shown(request, _find_award(request, award_id))


@room.post("/awards", AwardOut, permission="credentials.propose_award")
def propose(request: ApiRequest, body: AwardNew) -> AwardOut:
    """Propose a student; whoever has to sign is told."""
    actor = request.person
    achievement: Achievement = get_object_or_404(
        achievements_visible_to(actor), public_id=body.achievement
    )
    student = get_object_or_404(proposable_students(actor), public_id=body.student)
    stay = None
    if body.stay is not None:
        stays = Stay.objects.filter(participant__student=student)
        stay = get_object_or_404(
            stays.select_related("participant", "ward__unit", "ward__hospital"),
            public_id=body.stay,
        )
    proposal = Proposal(student, dict[str, Any](body.facts), stay)
    made = propose_award(achievement, proposal, note=body.note, actor=actor)
    set_header(request, "Location", f"/api/v1/awards/{made.public_id}")
    return _award(made)


@room.act("/awards/{uuid:award_id}/sign", AwardOut, permission="credentials.sign_award")
def sign_an_award(request: ApiRequest, award_id: UUID, body: Signing) -> AwardOut:
    """Sign that the criteria are met, or that they are not; a decision in the student's trace."""
    row = require_version(request, _find_award(request, award_id))
    principal = None
    if body.on_behalf_of is not None:
        principal = get_object_or_404(principals_of(request.person), public_id=body.on_behalf_of)
    sign_award(
        row,
        body.role,
        agrees=body.agrees,
        note=body.note,
        actor=request.person,
        on_behalf_of=principal,
    )
    return _shown(request, _find_award(request, award_id))


@room.act("/awards/{uuid:award_id}/withdraw", AwardOut, permission="credentials.withdraw_award")
def withdraw_an_award(request: ApiRequest, award_id: UUID, body: Because) -> AwardOut:
    """Take a proposal back; who proposed it, or the issuing institution."""
    row = require_version(request, _find_award(request, award_id))
    withdraw_award(row, body.reason, actor=request.person)
    return _shown(request, _find_award(request, award_id))


@room.act("/awards/{uuid:award_id}/refuse", AwardOut, permission="credentials.issue_award")
def refuse_an_award(request: ApiRequest, award_id: UUID, body: Because) -> AwardOut:
    """Decline to issue what everybody has signed."""
    row = require_version(request, _find_award(request, award_id))
    refuse_award(row, body.reason, actor=request.person)
    return _shown(request, _find_award(request, award_id))


@room.act("/awards/{uuid:award_id}/issue", CredentialOut, permission="credentials.issue_award")
def issue_an_award(request: ApiRequest, award_id: UUID) -> CredentialOut:
    """Issue the certificate: it is signed and logged, and the student is told."""
    row = require_version(request, _find_award(request, award_id))
    made = issue_one(row, actor=request.person)
    set_header(request, "Location", f"/api/v1/credentials/{made.public_id}")
    return _credential(made)


# ---------------------------------------------------------------- credentials


@room.get("/credentials", Page[CredentialOut], permission="credentials.view_credential")
def list_credentials(request: ApiRequest, query: Query[CredentialQuery]) -> Page[CredentialOut]:
    """List certificates: one's own, and those of students one looks after."""
    rows = credentials_visible_to(request.person)
    if query.q:
        rows = search_credentials(rows, query.q)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _credential, newest_first=True)


@room.get(
    "/credentials/{uuid:credential_id}", CredentialOut, permission="credentials.view_credential"
)
def get_credential(request: ApiRequest, credential_id: UUID) -> CredentialOut:
    """Read a certificate with its signed text."""
    row = _find_credential(request, credential_id)
    show_version(request, row)
    return _credential(row)


@room.act(
    "/credentials/{uuid:credential_id}/suspend",
    CredentialOut,
    permission="credentials.revoke_credential",
)
def suspend_credential(request: ApiRequest, credential_id: UUID, body: Because) -> CredentialOut:
    """Suspend a certificate until further notice."""
    row = require_version(request, _find_credential(request, credential_id))
    return _credential(standing.suspend(row, body.reason, actor=request.person))


@room.act(
    "/credentials/{uuid:credential_id}/reinstate",
    CredentialOut,
    permission="credentials.revoke_credential",
)
def reinstate_credential(request: ApiRequest, credential_id: UUID, body: Because) -> CredentialOut:
    """Let a suspended certificate hold again."""
    row = require_version(request, _find_credential(request, credential_id))
    return _credential(standing.reinstate(row, body.reason, actor=request.person))


@room.act(
    "/credentials/{uuid:credential_id}/revoke",
    CredentialOut,
    permission="credentials.revoke_credential",
)
def revoke_credential(request: ApiRequest, credential_id: UUID, body: Because) -> CredentialOut:
    """Revoke a certificate for good."""
    row = require_version(request, _find_credential(request, credential_id))
    return _credential(standing.revoke(row, body.reason, actor=request.person))


@room.get("/status-lists", Page[StatusListOut], permission="credentials.view_keys")
def list_status_lists(request: ApiRequest, query: Query[PageQuery]) -> Page[StatusListOut]:
    """List the status lists of the institutions one acts for."""
    return page_of(lists_kept_by(request.person), query, _list)


def _find_award(request: ApiRequest, award_id: UUID) -> Award:
    rows = awards_visible_to(request.person).select_related("credential")
    row: Award = get_object_or_404(rows, public_id=award_id)
    return row


def _shown(request: ApiRequest, row: Award) -> AwardOut:
    show_version(request, row)
    return _award(row)


def _find_credential(request: ApiRequest, credential_id: UUID) -> Credential:
    row: Credential = get_object_or_404(
        credentials_visible_to(request.person), public_id=credential_id
    )
    return row
