"""Tokens for programs and saved views of lists."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import ApiToken, Person, SavedView

_TOKEN_PREFIX = "cot_"  # noqa: S105  marks our tokens for secret scanners
_LONGEST_TOKEN_DAYS = 366


@transaction.atomic
def create_token(person: Person, name: str, *, days: int, actor: Person) -> tuple[ApiToken, str]:
    """
    Create a key for a program; return it with its text, which is shown once and not kept.

    Refuses: ``token.name``, ``token.days``.
    """
    check(actor, "people.manage_tokens", person)
    if not name.strip():
        raise RuleViolation("token.name", _("Say what the token is for."), field="name")
    if not 1 <= days <= _LONGEST_TOKEN_DAYS:
        raise RuleViolation("token.days", _("A token is valid for 1 to 366 days."), field="days")
    raw = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        person=person,
        name=name.strip(),
        sha256=hashlib.sha256(raw.encode()).hexdigest(),
        expires_at=now() + dt.timedelta(days=days),
    )
    record(
        "people.token.created",
        actor=actor,
        subject=person,
        after={"token": token.name, "expires_at": token.expires_at},
    )
    return token, raw


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: Person) -> None:
    """Make ``token`` worthless at once. Refuses: ``token.revoked``."""
    check(actor, "people.manage_tokens", token.person)
    live = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
    if not live.update(revoked_at=now()):
        raise RuleViolation("token.revoked", _("This token is revoked already."))
    record("people.token.revoked", actor=actor, subject=token.person, before={"token": token.name})


@transaction.atomic
def remove_second_factor(person: Person, *, actor: Person) -> None:
    """
    Remove app and recovery codes of ``person``, who lost both; the password alone opens then.

    Refuses: ``factor.none``.
    """
    from allauth.mfa.models import Authenticator  # noqa: PLC0415

    check(actor, "people.remove_second_factor", person)
    removed, _by_model = Authenticator.objects.filter(user=person).delete()
    if not removed:
        raise RuleViolation("factor.none", _("This person has no second factor."))
    record("people.second_factor.removed", actor=actor, subject=person)


def save_view(person: Person, *, page: str, name: str, query: str) -> SavedView:
    """Keep a list with its filters under ``name``; the same name on the page is replaced."""
    if not name.strip():
        raise RuleViolation("view.name", _("Give the view a name."), field="name")
    if not page.startswith("/") or page.startswith("//"):
        raise RuleViolation("view.page", _("Only lists of this system can be saved."))
    view, _new = SavedView.objects.update_or_create(
        person=person, page=page[:100], name=name.strip()[:60], defaults={"query": query[:500]}
    )
    return view


def delete_view(view: SavedView, *, actor: Person) -> None:
    """Forget a saved view of one's own."""
    check(actor, "people.manage_tokens", view)
    view.delete()
