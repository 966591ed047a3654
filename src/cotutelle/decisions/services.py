"""The common road of decisions: snapshot, policy, run with evidence, official."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.canonical import canonical, digest, sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.access import kind_of
from cotutelle.decisions.enums import RUN_TRANSITIONS, PolicyState, RunState
from cotutelle.decisions.models import Policy, Run, Snapshot
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person


@transaction.atomic
def create_policy(
    kind: str,
    *,
    unit: Unit,
    name_zh: str,
    name_en: str = "",
    parameters: Any,
    actor: Person,
) -> Policy:
    """
    Keep a rule set as the next version under its name, as a draft.

    Raises
    ------
    ValueError
        ``parameters`` holds something JSON cannot carry exactly.
    """
    policy = Policy(
        kind=kind,
        unit=unit,
        name_zh=name_zh,
        name_en=name_en,
        parameters=parameters,
        sha256=digest(parameters),
        created_by=actor,
        created_at=now(),
    )
    check(actor, "decisions.change_policy", policy)
    _lock(f"policy:{unit.pk}:{kind}:{name_zh}")
    last = Policy.objects.filter(unit=unit, kind=kind, name_zh=name_zh).aggregate(n=Max("version"))
    policy.version = (last["n"] or 0) + 1
    policy.save()
    record(
        "decisions.policy.created",
        actor=actor,
        subject=policy,
        after={"version": policy.version, "parameters": parameters, "sha256": policy.sha256},
    )
    return policy


@transaction.atomic
def policy_in_force(
    kind: str,
    *,
    unit: Unit,
    name_zh: str,
    name_en: str = "",
    parameters: Any,
    actor: Person,
    is_new: bool = False,
) -> Policy:
    """
    Return the policy of this name with exactly these parameters, in force.

    Made as the next version where there is none, or with ``is_new`` in any case. For rooms whose
    own services have checked that ``actor`` may set or use these rules.
    """
    wanted = digest(parameters)
    same = Policy.objects.filter(unit=unit, kind=kind, name_zh=name_zh)
    _lock(f"policy:{unit.pk}:{kind}:{name_zh}")
    found = None if is_new else same.filter(sha256=wanted, state=PolicyState.ACTIVE).first()
    return found or Policy.objects.create(
        unit=unit,
        kind=kind,
        name_zh=name_zh,
        name_en=name_en,
        version=(same.aggregate(n=Max("version"))["n"] or 0) + 1,
        parameters=parameters,
        sha256=wanted,
        state=PolicyState.ACTIVE,
        created_by=actor,
        created_at=now(),
    )


@transaction.atomic
def activate_policy(policy: Policy, *, actor: Person) -> Policy:
    """
    Put a draft in force; from now on its parameters are fixed.

    Raises
    ------
    RuleViolation
        ``policy.state``: it is no draft.
    """
    check(actor, "decisions.change_policy", policy)
    _move_policy(policy, PolicyState.DRAFT, PolicyState.ACTIVE)
    record(
        "decisions.policy.activated",
        actor=actor,
        subject=policy,
        after={"sha256": policy.sha256},
        decision=True,
    )
    return policy


@transaction.atomic
def retire_policy(policy: Policy, *, actor: Person) -> Policy:
    """
    Take a policy out of force; runs made with it keep it.

    Raises
    ------
    RuleViolation
        ``policy.state``: it is not in force.
    """
    check(actor, "decisions.change_policy", policy)
    _move_policy(policy, PolicyState.ACTIVE, PolicyState.RETIRED)
    record("decisions.policy.retired", actor=actor, subject=policy, decision=True)
    return policy


def _move_policy(policy: Policy, before: PolicyState, after: PolicyState) -> None:
    if not Policy.objects.filter(pk=policy.pk, state=before).update(state=after):
        raise RuleViolation("policy.state", _("The state of this policy does not allow this."))
    policy.refresh_from_db()


def keep_snapshot(kind: str, data: Any) -> Snapshot:
    """Keep ``data`` as canonical JSON; the same data are kept once."""
    body = canonical(data)
    sha256 = sha256_hex(body)
    fresh = Snapshot(kind=kind, sha256=sha256, body=body.decode(), created_at=now())
    Snapshot.objects.bulk_create([fresh], ignore_conflicts=True)
    return Snapshot.objects.get(kind=kind, sha256=sha256)


@transaction.atomic
def record_run(
    kind: str,
    subject: models.Model,
    *,
    unit: Unit,
    snapshot_data: Any,
    policy: Policy,
    seed: str,
    result: Any,
    certificate: Any,
    verdict: Mapping[str, Any],
    cpu_seconds: float,
    actor: Person | None,
) -> Run:
    """
    Keep a computed decision with everything needed to check it.

    Parameters
    ----------
    verdict
        What the independent verifier found: ``ok`` (bool), and perhaps ``problems`` (list of
        text) and ``checks`` (list of ``{"label", "count"}``).

    Raises
    ------
    RuleViolation
        ``run.refuted``: the verdict is not ok; nothing is kept. ``run.policy``: the policy is
        not in force.
    """
    if verdict.get("ok") is not True:
        raise RuleViolation(
            "run.refuted",
            _("The independent check refuted this result. It was not kept: report it as a fault."),
        )
    if policy.state != PolicyState.ACTIVE:
        raise RuleViolation("run.policy", _("This policy is not in force."))
    label = subject._meta.label_lower
    snapshot = keep_snapshot(kind, snapshot_data)
    _lock(f"run:{kind}:{label}:{subject.pk}")
    last = Run.objects.filter(kind=kind, subject_type=label, subject_id=subject.pk).aggregate(
        n=Max("number")
    )
    at = now()
    run = Run.objects.create(
        kind=kind,
        subject_type=label,
        subject_id=subject.pk,
        number=(last["n"] or 0) + 1,
        snapshot=snapshot,
        policy=policy,
        seed=seed,
        result=result,
        certificate=certificate,
        certificate_sha256=digest(certificate),
        verdict=dict(verdict),
        cpu_seconds=cpu_seconds,
        started_by=actor,
        created_at=at,
        checked_at=at,
        unit=unit,
    )
    record(
        "decisions.run.recorded",
        actor=actor,
        subject=run,
        after={
            "number": run.number,
            "snapshot": snapshot.sha256,
            "policy": policy.sha256,
            "certificate": run.certificate_sha256,
        },
        decision=True,
    )
    return run


@transaction.atomic
def make_official(run: Run, *, actor: Person | None) -> Run:
    """
    Let ``run`` count; the one that counted before is superseded.

    The room of the decision checks who may do this.

    Raises
    ------
    RuleViolation
        ``run.state``: it is no longer just verified.
    """
    same = Run.objects.filter(
        kind=run.kind, subject_type=run.subject_type, subject_id=run.subject_id
    )
    _lock(f"run:{run.kind}:{run.subject_type}:{run.subject_id}")
    for old in same.filter(state=RunState.OFFICIAL).exclude(pk=run.pk):
        _move_run(old, RunState.SUPERSEDED, actor=actor)
    _move_run(run, RunState.OFFICIAL, actor=actor)
    return run


@transaction.atomic
def supersede_run(run: Run, *, actor: Person | None) -> Run:
    """
    Note that ``run`` no longer counts, or never will.

    Raises
    ------
    RuleViolation
        ``run.state``: it is superseded or refuted already.
    """
    _move_run(run, RunState.SUPERSEDED, actor=actor)
    return run


@transaction.atomic
def check_again(run: Run, *, actor: Person) -> Mapping[str, Any]:
    """
    Check the kept certificate with the independent verifier once more; return its verdict.

    A certificate that no longer has its digest, or that the verifier refutes, marks the run.

    Raises
    ------
    RuleViolation
        ``run.no_verifier``: this kind of decision is checked outside only.
    """
    check(actor, "decisions.check_run", run)
    kind = kind_of(run.kind)
    if kind is None or kind.verify is None:
        raise RuleViolation("run.no_verifier", _("This kind of decision is checked outside only."))
    kept = Run.objects.get(pk=run.pk)
    if digest(kept.certificate) != kept.certificate_sha256:
        verdict: Mapping[str, Any] = {
            "ok": False,
            "problems": ["the certificate does not have its digest any more"],
        }
    else:
        verdict = kind.verify(kept.certificate)
    Run.objects.filter(pk=run.pk).update(verdict=dict(verdict), checked_at=now())
    record(
        "decisions.run.checked", actor=actor, subject=run, after={"ok": verdict.get("ok") is True}
    )
    if verdict.get("ok") is not True and kept.state != RunState.REFUTED:
        _move_run(kept, RunState.REFUTED, actor=actor)
    run.refresh_from_db()
    return verdict


def certificate_bytes(run: Run) -> bytes:
    """Return the certificate as canonical JSON: the very bytes whose digest is kept."""
    return canonical(run.certificate)


def _move_run(run: Run, state: RunState, *, actor: Person | None) -> None:
    before = run.state
    allowed = [old for old, after in RUN_TRANSITIONS.items() if state in after]
    if not Run.objects.filter(pk=run.pk, state__in=allowed).update(state=state):
        raise RuleViolation("run.state", _("The state of this run does not allow this."))
    run.state = state
    record(
        "decisions.run.moved",
        actor=actor,
        subject=run,
        before={"state": str(before)},
        after={"state": state.value},
        decision=True,
    )


def _lock(name: str) -> None:
    """Let one transaction at a time number things called ``name``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [name])
