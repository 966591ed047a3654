"""
Share bundles: everything an outsider needs to check a certificate, in one file.

They are put together anew each time, so that they carry the newest status and the newest head of
the log; nothing of them is stored. All their entries are proven against one head of each log, and what
was anchored earlier by a proof that the log only grew since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cotutelle.core.clock import now
from cotutelle.credentials.models import Credential
from cotutelle.credentials.queries.credentials import document_of, lists_of
from cotutelle.engines.credentials import bundles
from cotutelle.engines.credentials.times import write_time
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Leaf, Trace
from cotutelle.ledger.queries.anchors import anchors_of
from cotutelle.ledger.queries.evidence import Heads, consistency_of, evidence_of, leaf_of
from cotutelle.ledger.queries.log import issuer_of


def bundle_of(credential: Credential) -> dict[str, Any] | None:
    """Return the share bundle of a certificate or transcript; ``None`` where it was erased."""
    document = document_of(credential)
    if document is None:
        return None
    heads = Heads()
    members = members_of(credential)
    # Lists come first: each has to be in the head that it is proven by.
    status = _lists([credential, *members], heads)
    leaf = leaf_of(credential.entry)
    anchors = anchors_of(leaf) if leaf else []
    return bundles.build_bundle(
        credential=document,
        made_at=write_time(now()),
        logged=evidence_of(leaf, heads) if leaf else None,
        keys=key_history([credential, *members], heads),
        status=status,
        members=[
            (document_of(one) or {}, found)
            for one in members
            if (found := evidence_of(one.entry, heads)) is not None
        ],
        disclosed=_disclosed(credential, heads),
        anchors=anchors,
        consistency=_consistency(leaf, anchors, heads) if leaf else [],
    )


def _consistency(
    leaf: Leaf, anchors: Iterable[Mapping[str, Any]], heads: Heads
) -> list[dict[str, Any]]:
    """Return the proofs that what was anchored and what is published are one history."""
    head = heads.of(leaf.shard)
    sizes = [one["size"] for one in anchors]
    return consistency_of(leaf.shard, [head.size, *sizes]) if head else []


def members_of(credential: Credential) -> list[Credential]:
    """Return the certificates inside a transcript, in its order; none for a certificate."""
    document = document_of(credential) or {}
    inside = document.get("credentialSubject", {}).get("verifiableCredential", [])
    keys = [one["id"].rsplit("/", 1)[-1] for one in inside]
    rows = Credential.objects.select_related("unit", "entry").filter(
        person=credential.person, public_id__in=keys
    )
    return sorted(rows, key=lambda one: keys.index(str(one.public_id)))


def key_history(credentials: Iterable[Credential], heads: Heads) -> list[dict[str, Any]]:
    """Return the evidence of every key event of the institutions that issued ``credentials``."""
    issuers = {issuer_of(one.unit) for one in credentials}
    rows = Leaf.objects.filter(kind=LogKind.KEY, statement__controller__in=issuers)
    rows = rows.select_related("shard", "entry").order_by("shard__number", "index")
    return _evidence(rows, heads)


def _lists(
    credentials: Sequence[Credential], heads: Heads
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the status lists as last signed, each with the proof that its digest was logged."""
    found = []
    for one in lists_of(credentials):
        logged = evidence_of(one.entry, heads) if one.entry else None
        if one.body and logged is not None:
            found.append((json.loads(one.body), logged))
    return found


def shown_in(credential: Credential) -> list[int]:
    """Return the places in the holder's trace that a transcript says it shows."""
    document = document_of(credential) or {}
    shown: list[int] = document.get("credentialSubject", {}).get("trace", {}).get("shown", [])
    return shown


def _disclosed(credential: Credential, heads: Heads) -> list[dict[str, Any]]:
    shown = shown_in(credential)
    if not shown:
        return []
    trace = Trace.objects.get(person=credential.person)
    rows = Leaf.objects.filter(trace=trace, seq__in=shown)
    return _evidence(rows.select_related("shard", "entry__payload").order_by("seq"), heads)


def _evidence(leaves: Iterable[Leaf], heads: Heads) -> list[dict[str, Any]]:
    return [found for leaf in leaves if (found := evidence_of(leaf, heads)) is not None]
