"""What the services of this room share."""

from __future__ import annotations

from contextlib import suppress

import procrastinate
from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued

from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries.log import authority

PUBLISH_TASK = "cotutelle.credentials.publish"
_app = procrastinate.App(connector=DjangoConnector(alias="default"))


def publish_soon() -> None:
    """After the commit, queue one turn of publishing; many changes of one transaction ask once."""
    connection = transaction.get_connection()
    if not any(waiting[1] is _queue for waiting in connection.run_on_commit):
        transaction.on_commit(_queue, robust=True)


def _queue() -> None:
    with suppress(AlreadyEnqueued), transaction.atomic():
        _app.configure_task(PUBLISH_TASK, queueing_lock=PUBLISH_TASK, allow_unknown=True).defer()


def need_reason(reason: str, noun: str) -> str:
    """Return ``reason`` trimmed; refuses with ``<noun>.reason`` where there is none."""
    text = reason.strip()
    if not text:
        raise RuleViolation(
            f"{noun}.reason", _("Say why, so that it can be read later."), field="reason"
        )
    if len(text) > 500:  # noqa: PLR2004  the column
        raise RuleViolation(f"{noun}.reason", _("At most 500 characters, please."), field="reason")
    return text


def stale(noun: str) -> RuleViolation:
    """Return the refusal of a change to what somebody else has just changed."""
    return RuleViolation(f"{noun}.stale", _("Somebody has just changed this. Look again."))


def base_url() -> str:
    """Return ``https://<authority>``: the beginning of every name in a certificate."""
    return f"https://{authority()}"
