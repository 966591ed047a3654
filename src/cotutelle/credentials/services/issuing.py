"""
Issuing certificates: each one signed, checked and logged in a transaction of its own.

A batch is a decision like any other: who was to receive what, and the digests of what came out, are
kept, and the certificates are checked again by `check_batch`, which knows none of our columns.
What is stated about anybody is in the certificates alone: whoever is erased leaves no digest of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.canonical import digest, sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.core.ids import new_public_id
from cotutelle.credentials.enums import AwardState, Cryptosuite
from cotutelle.credentials.models import Award, Credential
from cotutelle.credentials.services.awards import ask_to_issue, told
from cotutelle.credentials.services.common import stale
from cotutelle.credentials.services.drafting import check_draft, credential_url, draft_of
from cotutelle.credentials.services.issuer_keys import ensure_key, sign_document
from cotutelle.credentials.services.status_lists import draw_slots, entry_of, save_slots
from cotutelle.decisions.models import Policy, Run
from cotutelle.decisions.services import policy_in_force, record_run
from cotutelle.engines.credentials.batches import FORMAT, check_batch
from cotutelle.engines.credentials.times import read_time
from cotutelle.engines.translog import canonical_json
from cotutelle.institutions.models import Unit
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.queries.log import issuer_of
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person

RUN_KIND = "credentials.issue"
JOB = "credentials.issue"
PARAMETERS: dict[str, Any] = {
    "suites": Cryptosuite.values,
    "status": ["revocation", "suspension"],
    "version": 1,
}
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be issued: the award, and why not, where something forbids it."""

    award: Award
    problem: str

    @property
    def ok(self) -> bool:
        """Whether the certificate can be made."""
        return not self.problem


def preview(awards: Iterable[Award]) -> list[Preview]:
    """Check what would be issued against the schemas; nothing is signed or kept."""
    return [Preview(award, _problem(award)) for award in awards]


def _problem(award: Award) -> str:
    try:
        check_draft(award)
    except RuleViolation as violation:
        return str(violation)
    return ""


# ---------------------------------------------------------------- one certificate


@transaction.atomic
def issue_award(award: Award, *, actor: Person) -> Credential:
    """
    Issue the certificate of a signed award; the student is told.

    Two bits are drawn, the certificate is signed with the institution's key and its signature
    checked, its digest is logged, all in one transaction. Refuses with ``award.state``,
    ``award.stale`` (issued by somebody else in this moment) and ``award.schema``.
    """
    check(actor, "credentials.issue_award", award)
    if award.state != AwardState.SIGNED:
        raise RuleViolation("award.state", _("Only what everybody has signed is issued."))
    moved = Award.objects.filter(pk=award.pk, state=AwardState.SIGNED).update(
        state=AwardState.ISSUED, decided_at=now()
    )
    if moved != 1:
        raise stale("award")
    award.refresh_from_db(fields=["state", "decided_at"])
    credential = make_credential(award, actor=actor)
    ask_to_issue(award.achievement)
    tell_holder("credentials.issued", credential)
    return credential


@transaction.atomic
def issue_one(award: Award, *, actor: Person) -> Credential:
    """Issue one certificate and keep that as a decision; refuses as `issue_award`."""
    started = time.process_time()
    made = issue_award(award, actor=actor)
    keep_batch([award], cpu_seconds=time.process_time() - started, actor=actor)
    return made


def make_credential(
    award: Award, *, actor: Person, replaces: Credential | None = None
) -> Credential:
    """Sign, check and log a certificate in the caller's transaction; who may is asked there."""
    unit = award.achievement.unit
    key = ensure_key(unit, actor=actor)
    slots = draw_slots(unit)
    public_id = new_public_id()
    draft = draft_of(
        award,
        public_id=public_id,
        status=[entry_of(slot) for slot in slots],
        valid_until=replaces.valid_until if replaces else None,
    )
    signed = sign_document(draft, key, award.achievement.cryptosuite)
    body = canonical_json(signed)
    after = told(award) | {"credential": signed["id"], "digest": sha256_hex(body)}
    entry = record(
        "credentials.credential.issued",
        actor=actor,
        subject=award,
        before={"credential": str(replaces.public_id)} if replaces else None,
        after=after,
        decision=True,
        kind=LogKind.CREDENTIAL,
    )
    credential = Credential(
        public_id=public_id, key=key, body=body.decode(), digest=sha256_hex(body), entry=entry
    )
    _fill(credential, award, signed, actor=actor)
    save_slots(slots, credential)
    return credential


def _fill(
    credential: Credential, award: Award, signed: Mapping[str, Any], *, actor: Person
) -> None:
    """Set the columns by which a certificate is found, and save it."""
    achievement, until = award.achievement, signed.get("validUntil")
    credential.person, credential.unit = award.student.person, achievement.unit
    credential.award = award
    credential.name_zh, credential.name_en = achievement.name_zh, achievement.name_en
    credential.valid_from = read_time(signed["validFrom"])
    credential.valid_until = read_time(until) if until else None
    credential.issued_by, credential.issued_at = actor, credential.entry.at
    credential.save()


def tell_holder(kind: str, credential: Credential) -> None:
    """Send the holder a notice of ``kind`` about a certificate."""
    notify(
        [credential.person],
        kind,
        params={"name": bilingual(credential), "issuer": bilingual(credential.unit)},
        url=reverse("credentials:credential", args=[credential.public_id]),
        unit=credential.unit,
    )


# ---------------------------------------------------------------- many


@transaction.atomic
def start_issuing(awards: Sequence[Award], *, actor: Person) -> Job:
    """
    Issue many in the background; a stop keeps those that are done.

    Refuses with ``award.none``, and as `issue_award` for what is not signed.
    """
    for award in awards:
        check(actor, "credentials.issue_award", award)
    if not awards:
        raise RuleViolation("award.none", _("Choose what is to be issued."))
    units = {award.achievement.unit for award in awards}
    if len(units) > 1:
        raise RuleViolation("award.institutions", _("One batch is issued by one institution."))
    unit = units.pop()
    args = {"unit_id": unit.pk, "award_ids": [award.pk for award in awards]}
    return start_job(JOB, actor=actor, unit=unit, subject=unit, args=args)


def issue_awards(
    awards: Sequence[Award],
    *,
    actor: Person,
    progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Run | None:
    """
    Issue ``awards``, one transaction each; return the decision that keeps what came of it.

    What somebody else issues, declines or withdraws meanwhile is passed over; run again after a
    crash it goes on where it was. ``None`` when nothing was issued.
    """
    started = time.process_time()
    for done, award in enumerate(awards):
        progress(done, len(awards))
        if should_stop():
            break
        if award.state == AwardState.SIGNED:
            try:
                issue_award(award, actor=actor)
            except Refused:
                raise
            except RuleViolation:
                continue
    else:
        progress(len(awards), len(awards))
    return keep_batch(awards, cpu_seconds=time.process_time() - started, actor=actor)


@transaction.atomic
def keep_batch(awards: Sequence[Award], *, cpu_seconds: float, actor: Person) -> Run | None:
    """
    Keep what came of ``awards`` as a decision, checked independently; ``None`` when nothing did.

    Each batch counts beside the earlier ones: none takes the place of another. Refuses with
    ``run.refuted`` where the check finds a fault.
    """
    rows = Credential.objects.filter(award__in=[award.pk for award in awards])
    made = list(rows.select_related("unit", "key", "award").order_by("pk"))
    if not made:
        return None
    unit, certificate = made[0].unit, _certificate(awards, made)
    return record_run(
        RUN_KIND,
        unit,
        unit=unit,
        snapshot_data=certificate["inputs"],
        policy=_policy(unit, actor),
        seed="",
        result={"issued": len(made)},
        certificate=certificate,
        verdict=verify_batch(certificate),
        cpu_seconds=cpu_seconds,
        actor=actor,
    )


def _certificate(awards: Sequence[Award], made: Sequence[Credential]) -> dict[str, Any]:
    """Return what `check_batch` checks: who was to receive what, and digests of what came out."""
    chosen = [
        {"award": str(one.public_id), "achievement": str(one.achievement.public_id)}
        for one in awards
    ]
    inputs = {"awards": sorted(chosen, key=lambda row: row["award"])}
    return {
        "format": FORMAT,
        "issuer": issuer_of(made[0].unit),
        "inputs": inputs,
        "input_sha256": digest(inputs),
        "credentials": [
            {
                "id": credential_url(one.public_id),
                "award": str(one.award.public_id) if one.award else "",
                "digest": one.digest,
                "key": one.key.multikey,
            }
            for one in made
        ],
    }


def verify_batch(certificate: Any) -> Mapping[str, Any]:
    """
    Check a batch with the engine's independent check, against the texts as they are kept.

    An erased certificate is counted, not compared.
    """
    keys = {row["id"].rpartition("/")[2]: row["id"] for row in certificate["credentials"]}
    rows = Credential.objects.filter(public_id__in=keys).values_list("public_id", "body")
    bodies = {str(key): body for key, body in rows}
    texts = [json.loads(body) for body in bodies.values() if body]
    found = check_batch(certificate, texts)
    problems = [str(fault) for fault in found.faults]
    problems += [f"missing: {name}" for key, name in keys.items() if key not in bodies]
    return {
        "ok": not problems,
        "problems": problems[:50],
        "checks": [
            {"label": "signatures", "count": found.compared},
            {"label": "erased", "count": len(bodies) - len(texts)},
        ],
    }


def _policy(unit: Unit, actor: Person) -> Policy:
    """Return the rules of issuing as a policy in force, made where there is none yet."""
    return policy_in_force(
        RUN_KIND,
        unit=unit,
        name_zh="证书签发",
        name_en="Issuing certificates",
        parameters=PARAMETERS,
        actor=actor,
    )
