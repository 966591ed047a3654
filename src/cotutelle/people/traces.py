"""What happens at sign-in enters the history: password and second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.db import transaction
from django.dispatch import receiver

from cotutelle.ledger.services import record
from cotutelle.people.models import Person


@receiver([password_changed, password_reset, password_set])
def trace_password(user: Person, **_kwargs: Any) -> None:
    """Record that a password changed; the person did it."""
    _trace("people.password.changed", user)


@receiver(authenticator_added)
def trace_added(user: Person, **_kwargs: Any) -> None:
    """Record a second factor."""
    _trace("people.second_factor.added", user)


@receiver(authenticator_removed)
def trace_removed(user: Person, **_kwargs: Any) -> None:
    """Record that a second factor is gone."""
    _trace("people.second_factor.removed", user)


def _trace(action: str, person: Person) -> None:
    with transaction.atomic():
        record(action, actor=person, subject=person)
