"""A second pair of eyes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.workflow.approvals import kind_of
from cotutelle.workflow.enums import ApprovalState
from cotutelle.workflow.models import Approval
from cotutelle.workflow.queries import principal_of, why_not_decide


@transaction.atomic
def request_approval(
    kind: str,
    subject: models.Model,
    *,
    unit: Unit,
    actor: Person,
    params: Mapping[str, Any] | None = None,
) -> Approval:
    """
    Ask for a decision by somebody else.

    Raises
    ------
    ValueError
        ``kind`` is not registered.
    RuleViolation
        ``approval.pending``: the same was asked before and waits.
    """
    if kind_of(kind) is None:
        raise ValueError(f"kind: no approval is registered as {kind!r}")
    approval = Approval(
        kind=kind,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        unit=unit,
        requested_by=actor,
        requested_at=now(),
        params=dict(params or {}),
    )
    Approval.objects.bulk_create([approval], ignore_conflicts=True)
    kept = Approval.objects.filter(public_id=approval.public_id).first()
    if kept is None:
        raise RuleViolation(
            "approval.pending", _("This was asked before and waits for a decision.")
        )
    record("workflow.approval.requested", actor=actor, subject=kept, after={"kind": kind})
    return kept


@transaction.atomic
def decide_approval(approval: Approval, approve: bool, *, actor: Person, note: str = "") -> None:
    """
    Approve or refuse; the person who asked is told, and the room of the kind acts on it.

    Where the kind lets agents decide, it is recorded in the name of whom they stand in for.

    Raises
    ------
    Refused
        ``approval.not_yours``: the actor asked for it, or the kind's rule says no.
    RuleViolation
        ``approval.note``: a refusal without a reason; ``approval.decided``: somebody was
        faster.
    """
    if reason := why_not_decide(actor, approval):
        raise Refused(reason, code="approval.not_yours")
    text = note.strip()
    if not approve and not text:
        raise RuleViolation("approval.note", _("Say why you refuse."), field="note")
    state = ApprovalState.APPROVED if approve else ApprovalState.REFUSED
    _move(approval, state, decided_by=actor, decided_at=now(), note=text)
    record(
        f"workflow.approval.{state.value}",
        actor=actor,
        on_behalf_of=principal_of(actor, approval),
        subject=approval,
        before={"state": ApprovalState.PENDING.value},
        after={"state": state.value, "note": text},
        decision=True,
    )
    kind = kind_of(approval.kind)
    if kind is not None:
        kind.on_decided(approval, actor)
    notify(
        [approval.requested_by],
        "workflow.approval_decided",
        params={
            "approval": {"kind": approval.kind, "params": approval.params},
            "state": state.value,
            "note": text,
        },
        url=reverse("workflow:approval", args=[approval.public_id]),
        unit=approval.unit,
    )


@transaction.atomic
def withdraw_approval(approval: Approval, *, actor: Person) -> None:
    """
    Take a request back before it is decided.

    Raises
    ------
    RuleViolation
        ``approval.decided``.
    """
    check(actor, "workflow.withdraw_approval", approval)
    _move(approval, ApprovalState.WITHDRAWN)
    record("workflow.approval.withdrawn", actor=actor, subject=approval)


def _move(approval: Approval, state: ApprovalState, **values: Any) -> None:
    changed = Approval.objects.filter(pk=approval.pk, state=ApprovalState.PENDING).update(
        state=state, **values
    )
    if not changed:
        raise RuleViolation(
            "approval.decided", _("Somebody has decided or withdrawn this meanwhile.")
        )
    approval.refresh_from_db()
