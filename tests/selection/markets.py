"""Rounds with closed lists, for runs."""

from __future__ import annotations

from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.mentorship.models import QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Round
from tests.factories.selection import make_round


def closed_round(**rules: object) -> Round:
    """Return a round whose lists are closed and whose seed is published."""
    round_ = make_round(RoundState.CLOSED, **rules)
    round_.seed_commitment = sha256_hex(round_.seed.encode())
    round_.seed_published_at = now()
    round_.save()
    return round_


def hold_places(round_: Round) -> None:
    """Hold the places of every answer, as opening the offers would have done."""
    QuotaAccount.objects.update(held=0)
    for answer in round_.answers.all():
        for mentor in answer.supervisors:
            quota.hold_for_round(
                mentor, round_.quota_year, answer.places, reference=answer.reference, actor=None
            )
