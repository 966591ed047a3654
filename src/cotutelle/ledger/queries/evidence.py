"""What proves that something is in the log, and what it was."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from cotutelle.engines.translog import LogProof, consistency_proof, entry_bytes, inclusion_proof
from cotutelle.ledger.models import Checkpoint, Entry, EntryPayload, Leaf, Shard
from cotutelle.ledger.queries.log import (
    cosigned_note,
    newest_checkpoint,
    published_checkpoint,
    tree_of,
)


def leaf_of(entry: Entry) -> Leaf | None:
    """Return the place of ``entry`` in the log; ``None`` while it waits, or is no decision."""
    return Leaf.objects.select_related("shard", "entry__payload").filter(entry=entry).first()


def entry_data(leaf: Leaf) -> bytes:
    """Return the exact bytes of an entry of the log, of which the leaf hash is made."""
    return entry_bytes(
        leaf.issuer, leaf.kind, leaf.day.isoformat(), leaf.commitment, leaf.statement
    )


def entry_json(leaf: Leaf) -> dict[str, Any]:
    """Return the same as JSON."""
    found: dict[str, Any] = json.loads(entry_data(leaf))
    return found


def disclosed(leaf: Leaf) -> tuple[dict[str, Any], str] | None:
    """
    Return what a private entry commits to, and the salt (64 hexadecimal digits).

    ``None`` for public entries, which say it themselves, and for erased ones, of which nobody
    can say it any more.
    """
    kept = getattr(leaf.entry, "payload", None)
    if leaf.statement is not None or not isinstance(kept, EntryPayload) or not kept.committed:
        return None
    return json.loads(kept.committed), bytes(kept.salt).hex()


def proof_text(leaf: Leaf, checkpoint: Checkpoint | None = None) -> str:
    """
    Return a C2SP tlog-proof file for ``leaf``.

    Parameters
    ----------
    leaf
        With its shard.
    checkpoint
        Head to prove against; the last published one without it.

    Raises
    ------
    ValueError
        ``leaf``: it is not in that tree yet.
    """
    head = checkpoint or published_checkpoint(leaf.shard)
    if head is None or head.size <= leaf.index:
        raise ValueError("leaf: not in a published tree yet")
    hashes = inclusion_proof(tree_of(leaf.shard, head.size), leaf.index, head.size)
    return LogProof(leaf.index, tuple(hashes), cosigned_note(head)).text


def inclusion(leaf: Leaf, size: int) -> list[bytes]:
    """
    Return the RFC 6962 proof of ``leaf`` in the first ``size`` leaves, such as were anchored.

    Raises
    ------
    ValueError
        ``size``: does not hold the leaf, or exceeds what was signed.
    """
    head = newest_checkpoint(leaf.shard)
    if head is None or not leaf.index < size <= head.size:
        raise ValueError(f"size: {size} does not hold leaf {leaf.index}, or was never signed")
    return inclusion_proof(tree_of(leaf.shard, head.size), leaf.index, size)


@dataclass(slots=True)
class Heads:
    """
    The heads against which the evidence of one file is proven: of each tree one, as published when
    it was first asked for. So a file shows a log at one size, however long it takes to make.
    """

    _known: dict[int, Checkpoint | None] = field(default_factory=dict)

    def of(self, shard: Shard) -> Checkpoint | None:
        """Return the head for ``shard``; ``None`` where nothing of it is published."""
        if shard.pk not in self._known:
            self._known[shard.pk] = published_checkpoint(shard)
        return self._known[shard.pk]


def evidence_of(thing: Entry | Leaf, heads: Heads | None = None) -> dict[str, Any] | None:
    """
    Return everything that proves a decision to a stranger: entry, payload, salt and proof.

    Parameters
    ----------
    thing
        An entry of the history, or its leaf.
    heads
        Those of the file that it becomes part of; the last published one without it.

    Returns
    -------
    dict or None
        ``entry``, ``proof`` and, for private entries that are not erased, ``payload`` and
        ``salt``. ``None`` while no published tree holds it.
    """
    leaf = leaf_of(thing) if isinstance(thing, Entry) else thing
    head = (heads or Heads()).of(leaf.shard) if leaf else None
    if leaf is None or head is None or head.size <= leaf.index:
        return None
    found: dict[str, Any] = {"entry": entry_json(leaf)}
    if (kept := disclosed(leaf)) is not None:
        found["payload"], found["salt"] = kept
    found["proof"] = proof_text(leaf, head)
    return found


def consistency_of(shard: Shard, sizes: Iterable[int]) -> list[dict[str, Any]]:
    """
    Return the proofs that each of ``sizes`` of a tree continues the one before.

    As a share bundle carries them; none where there are not two sizes. All have been signed.
    """
    ordered = sorted(set(sizes))
    tree = tree_of(shard, ordered[-1]) if ordered else None
    return [
        {
            "origin": shard.origin,
            "from": small,
            "to": large,
            "proof": [b64encode(h).decode() for h in consistency_proof(tree, small, large)],
        }
        for small, large in pairwise(ordered)
        if tree is not None
    ]
