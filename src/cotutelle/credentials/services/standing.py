"""Whether a certificate holds: suspended, valid again, revoked for good."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import (
    CREDENTIAL_TRANSITIONS,
    CredentialState,
    StatusPurpose,
)
from cotutelle.credentials.models import Credential
from cotutelle.credentials.services.common import need_reason, stale
from cotutelle.credentials.services.status_lists import set_status
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person

_ACTIONS = {
    CredentialState.SUSPENDED: "suspended",
    CredentialState.VALID: "reinstated",
    CredentialState.REVOKED: "revoked",
}


def suspend(credential: Credential, reason: str, *, actor: Person) -> Credential:
    """
    Suspend a certificate until further notice; the holder is told why.

    Refuses with ``credential.state``, ``credential.reason`` and ``credential.stale``.
    """
    return _move(
        credential, CredentialState.SUSPENDED, need_reason(reason, "credential"), actor=actor
    )


def reinstate(credential: Credential, reason: str, *, actor: Person) -> Credential:
    """
    Let a suspended certificate hold again; refuses as `suspend`.
    """
    return _move(credential, CredentialState.VALID, need_reason(reason, "credential"), actor=actor)


def revoke(credential: Credential, reason: str, *, actor: Person) -> Credential:
    """
    Revoke a certificate for good; refuses as `suspend`.
    """
    return _move(
        credential, CredentialState.REVOKED, need_reason(reason, "credential"), actor=actor
    )


def revoke_many(
    credentials: Iterable[Credential], reason: str, *, actor: Person
) -> tuple[list[Credential], list[Credential]]:
    """Revoke many, each for itself; return those that are revoked now and those that were not."""
    done, left = [], []
    for one in credentials:
        try:
            done.append(revoke(one, reason, actor=actor))
        except Refused:
            raise
        except RuleViolation as violation:
            if violation.code == "credential.reason":
                raise
            left.append(one)
    return done, left


@transaction.atomic
def _move(
    credential: Credential, state: CredentialState, reason: str, *, actor: Person
) -> Credential:
    check(actor, "credentials.revoke_credential", credential)
    seen = CredentialState(credential.state)
    locked = Credential.objects.select_for_update().get(pk=credential.pk)
    if locked.state != seen:
        raise stale("credential")
    if state not in CREDENTIAL_TRANSITIONS[seen]:
        raise RuleViolation(
            "credential.state",
            _("A certificate that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": state.label},
        )
    _apply(credential, state, reason, actor=actor)
    _tell(credential, reason)
    return credential


def end_credential(credential: Credential, reason: str, *, actor: Person) -> None:
    """Revoke without asking who may, and telling nobody: for services that do so themselves."""
    _apply(credential, CredentialState.REVOKED, reason, actor=actor)


def _apply(credential: Credential, state: CredentialState, reason: str, *, actor: Person) -> None:
    before = credential.state
    credential.state = state
    credential.reason = "" if state == CredentialState.VALID else reason
    credential.save(update_fields=["state", "reason"])
    if state == CredentialState.REVOKED:
        set_status(credential, StatusPurpose.REVOCATION, True)
    else:
        set_status(credential, StatusPurpose.SUSPENSION, state == CredentialState.SUSPENDED)
    record(
        f"credentials.credential.{_ACTIONS[state]}",
        actor=actor,
        subject=credential,
        before={"state": before},
        after={
            "state": state,
            "reason": reason,
            "name_zh": credential.name_zh,
            "name_en": credential.name_en,
            "digest": credential.digest,
        },
        decision=True,
    )


def _tell(credential: Credential, reason: str) -> None:
    notify(
        [credential.person],
        f"credentials.{_ACTIONS[CredentialState(credential.state)]}",
        params={
            "name": bilingual(credential),
            "issuer": bilingual(credential.unit),
            "reason": reason,
        },
        url=reverse("credentials:credential", args=[credential.public_id]),
        unit=credential.unit,
    )
