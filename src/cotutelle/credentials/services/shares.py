"""Links by which outsiders see a certificate: made, looked at, ended."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.models import Credential, Share
from cotutelle.credentials.queries.shares import live
from cotutelle.credentials.services.common import stale
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

MOST_DAYS = 366
DAYS = 30
MOST_LINKS = 100


@transaction.atomic
def make_share(
    credential: Credential,
    *,
    actor: Person,
    days: int = DAYS,
    title: str = "",
) -> Share:
    """
    Make a link to one's own certificate or transcript.

    Parameters
    ----------
    days
        How long it opens, from 1 to 366.
    title
        For the holder's own list: to whom it was given.

    Refuses with ``share.erased``, ``share.days``, ``share.title`` and ``share.too_many``.
    """
    check(actor, "credentials.share_credential", credential)
    if not credential.body:
        raise RuleViolation("share.erased", _("This certificate was erased."))
    if not 1 <= days <= MOST_DAYS:
        raise RuleViolation(
            "share.days",
            _("A link opens for 1 to %(most)s days.") % {"most": MOST_DAYS},
            field="days",
        )
    if len(title) > 150:  # noqa: PLR2004  the column
        raise RuleViolation("share.title", _("At most 150 characters, please."), field="title")
    if live(Share.objects.filter(person=actor, is_paper=False)).count() >= MOST_LINKS:
        raise RuleViolation(
            "share.too_many",
            _("You have %(most)s open links. End one first.") % {"most": MOST_LINKS},
        )
    at = now()
    share = Share.objects.create(
        token=secrets.token_urlsafe(32),
        person=actor,
        credential=credential,
        title=title.strip(),
        made_at=at,
        expires_at=at + dt.timedelta(days=days),
    )
    record(
        "credentials.share.made",
        actor=actor,
        subject=credential,
        after={"link": str(share.public_id), "days": days},
    )
    return share


@transaction.atomic
def printed_share(credential: Credential) -> Share:
    """Return the link printed on the papers of ``credential``, made at the first of them."""
    Credential.objects.select_for_update().filter(pk=credential.pk).values("pk").get()
    found = Share.objects.filter(credential=credential, is_paper=True, ended_at=None).first()
    return found or Share.objects.create(
        token=secrets.token_urlsafe(32),
        person=credential.person,
        credential=credential,
        is_paper=True,
        made_at=now(),
    )


@transaction.atomic
def end_share(share: Share, *, actor: Person) -> None:
    """
    End a link at once; whoever opens it reads that it has ended.

    Refuses with ``share.stale`` when it had ended already.
    """
    check(actor, "credentials.share_credential", share.credential)
    at = now()
    if not Share.objects.filter(pk=share.pk, ended_at=None).update(ended_at=at):
        raise stale("share")
    share.ended_at = at
    record(
        "credentials.share.ended",
        actor=actor,
        subject=share.credential,
        after={"link": str(share.public_id)},
    )


def count_view(share: Share) -> None:
    """Count that somebody opened a link; who it was is not kept."""
    Share.objects.filter(pk=share.pk).update(views=F("views") + 1, seen_at=now())
