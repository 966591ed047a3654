"""What anybody may read: the lists and keys of issuers, with the evidence that they are logged."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet

from cotutelle.credentials.models import IssuerKey, StatusList
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Leaf
from cotutelle.ledger.queries.evidence import evidence_of
from cotutelle.ledger.queries.log import issuer_of


def published_lists(unit: Unit | None = None) -> QuerySet[StatusList]:
    """Return the lists that have been signed, of one institution or of all."""
    rows = StatusList.objects.exclude(body="").select_related("unit", "entry")
    return (rows.filter(unit=unit) if unit else rows).order_by("unit", "purpose", "number")


def logged_list(status_list: StatusList) -> dict[str, Any] | None:
    """Return a list as a share bundle carries it; ``None`` until the log has published it."""
    logged = evidence_of(status_list.entry) if status_list.entry else None
    if logged is None:
        return None
    return {"credential": json.loads(status_list.body), "logged": logged}


def key_evidence(*units: Unit) -> dict[str, list[dict[str, Any]]]:
    """
    Return issuer → evidence of its published key events, oldest first.

    Of ``units``, or of every institution that ever had a key.
    """
    wanted = list(units) or list(
        Unit.objects.filter(issuer_keys__isnull=False).distinct().order_by("pk")
    )
    return {issuer_of(unit): _events(issuer_of(unit)) for unit in wanted}


def _events(issuer: str) -> list[dict[str, Any]]:
    rows = Leaf.objects.filter(kind=LogKind.KEY, issuer=issuer, statement__controller=issuer)
    rows = rows.select_related("entry", "shard").order_by("shard__number", "index")
    return [found for leaf in rows if (found := evidence_of(leaf)) is not None]


def keys_of(unit: Unit) -> list[IssuerKey]:
    """Return all keys of an institution, the newest first."""
    return list(IssuerKey.objects.filter(unit=unit).order_by("-id"))
