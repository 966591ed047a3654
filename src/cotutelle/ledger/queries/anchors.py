"""Anchors as a share bundle states them, and how far they are behind."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

from django.db.models import QuerySet

from cotutelle.ledger.enums import AnchorKind, AnchorState
from cotutelle.ledger.models import Anchor, Leaf, Shard
from cotutelle.ledger.queries.evidence import inclusion


def newest_anchor(shard: Shard, kind: AnchorKind) -> Anchor | None:
    """Return the last confirmed anchor of ``kind``."""
    return _confirmed(shard, kind).order_by("-size").first()


def anchors_of(leaf: Leaf) -> list[dict[str, Any]]:
    """
    Return what is anchored over ``leaf``, as a share bundle carries it.

    Of each kind it is the first anchor whose tree holds the leaf: the earliest time at which
    somebody else saw it.
    """
    found = []
    for kind in AnchorKind:
        rows = _confirmed(leaf.shard, kind).filter(size__gt=leaf.index)
        if (anchor := rows.order_by("size").first()) is not None:
            found.append(_record(anchor, leaf))
    return found


def _confirmed(shard: Shard, kind: AnchorKind) -> QuerySet[Anchor]:
    return shard.anchors.filter(kind=kind, state=AnchorState.CONFIRMED)


def _record(anchor: Anchor, leaf: Leaf) -> dict[str, Any]:
    fields = {
        AnchorKind.EVM: ("chain_id", "contract", "tx", "block"),
        AnchorKind.RFC3161: ("token",),
    }[AnchorKind(anchor.kind)]
    return {
        "type": anchor.kind,
        "origin": leaf.shard.origin,
        "size": anchor.size,
        "root": bytes(anchor.root).hex(),
        **{name: anchor.reference[name] for name in fields},
        "at": _text(anchor.confirmed_at),
        "inclusion": [base64.b64encode(h).decode() for h in inclusion(leaf, anchor.size)],
    }


def _text(moment: dt.datetime | None) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
