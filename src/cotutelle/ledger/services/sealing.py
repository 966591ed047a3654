"""
Signing the head of the tree.

Between every two steps the process may die: leaves are rows before their tiles are written, tiles
are on the disk before a head over them is signed, and a signed head is a row before anybody else
sees it. Each step finds by itself what is left to do.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from cotutelle.core.clock import now
from cotutelle.engines import translog
from cotutelle.engines.translog import (
    Algorithm,
    Signer,
    TiledTree,
    Verifier,
    consistency_proof,
    entries_path,
    entry_bundle,
    sign_note,
    verify_consistency,
)
from cotutelle.ledger.enums import AnchorState
from cotutelle.ledger.models import Checkpoint, Leaf, Shard
from cotutelle.ledger.queries.evidence import entry_data
from cotutelle.ledger.queries.log import (
    newest_checkpoint,
    published_checkpoint,
    published_text,
    store_of,
    tree_of,
)
from cotutelle.ledger.services.keys import sign_with
from cotutelle.ledger.tilestore import TileConflict

TILE = 256
_CHUNK = 64 * TILE


class Forked(Exception):
    """The files of a tree, or somebody who saw it, hold another history; ``facts`` say which."""

    def __init__(self, code: str, facts: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.facts = dict(facts)


def integrate(shard: Shard) -> TiledTree:
    """
    Write the tiles and bundles of all leaves that are not in a signed tree yet.

    Only leaves of committed transactions are seen. Doing it twice writes the same bytes. Files
    that are gone (they are in no backup, since the rows say it all) are written anew.

    Raises
    ------
    Forked
        ``log.forked``: a file of that place exists with other contents.
    """
    head = newest_checkpoint(shard)
    if head is None:
        return _grow(shard, 0)
    facts = {"who": "files", "size": head.size, "root": bytes(head.root).hex()}
    try:
        root = tree_of(shard, head.size).root()
    except OSError:
        return _grow(shard, 0)
    except translog.TranslogError as error:  # cut short, or longer than it may be
        raise Forked("log.forked", facts | error.evidence) from error
    if root != bytes(head.root):
        raise Forked("log.forked", facts)
    return _grow(shard, head.size)


def _grow(shard: Shard, start: int) -> TiledTree:
    """Write all files of the leaves from ``start`` on; those before it are on the disk."""
    tree, store = tree_of(shard, start), store_of(shard)
    try:
        for leaves in _chunks(shard, start):
            grown, tiles = tree.appended([bytes(leaf.hash) for leaf in leaves])
            store.write({**_bundles(shard, leaves), **tiles})
            tree = grown
    except TileConflict as conflict:
        facts = {"who": "files", "path": conflict.path, "size": start}
        raise Forked("log.forked", facts) from conflict
    return tree_of(shard, len(tree))


def _chunks(shard: Shard, start: int) -> Iterator[list[Leaf]]:
    """Yield the leaves from ``start`` on, cut where a tile or a served tree ends."""
    served = [head.size for head in (published_checkpoint(shard), newest_checkpoint(shard)) if head]
    rows = shard.leaves.filter(index__gte=start).order_by("index").iterator(chunk_size=2_000)
    while True:
        end = start - start % TILE + _CHUNK
        end = min([end, *(size for size in served if size > start)])
        if not (chunk := list(itertools.islice(rows, end - start))):
            return
        yield chunk
        start += len(chunk)


def _bundles(shard: Shard, leaves: list[Leaf]) -> dict[str, bytes]:
    """Return the bundles that ``leaves`` fall into; the first begins with older entries."""
    first = leaves[0].index - leaves[0].index % TILE
    older = shard.leaves.filter(index__gte=first, index__lt=leaves[0].index).order_by("index")
    entries = [entry_data(leaf) for leaf in (*older, *leaves)]
    found = {}
    for at in range(0, len(entries), TILE):
        part = entries[at : at + TILE]
        found[entries_path((first + at) // TILE, len(part))] = entry_bundle(part)
    return found


def rewrite_lost_files() -> None:
    """
    Write files that are gone anew, of closed trees too, whose heads nobody signs any more.

    They are in no backup, since the rows say it all. What is there stays, whatever it says.
    """
    for shard in Shard.objects.order_by("number"):
        store, head, text = store_of(shard), newest_checkpoint(shard), published_text(shard)
        if text and not (store.folder / "checkpoint").exists():
            store.publish(text.encode())
        with contextlib.suppress(Forked, translog.TranslogError):
            try:
                tree_of(shard, head.size if head else 0).root()
            except OSError:
                _grow(shard, 0)


def drop_partial_files() -> int:
    """
    Delete the partial tiles of all trees whose full ones are there; return how many.

    Every turn leaves its own, up to 255 beside one full tile. Whoever asks for one that is gone
    takes the full one.
    """
    return sum(store_of(shard).drop_partials() for shard in Shard.objects.order_by("number"))


@transaction.atomic
def sign_head(shard: Shard, tree: TiledTree) -> Checkpoint | None:
    """
    Sign the head of ``tree`` and keep it; ``None`` when there is nothing new, or it is blocked.

    A head is signed once for a size. It always extends the last one signed, which is proven here
    before the key is used, and never falls behind what witnesses or anchors are known to hold.

    Raises
    ------
    Forked
        ``log.behind`` or ``log.forked``: signing this would contradict something already signed.
    RuleViolation
        ``key.missing``.
    """
    shard = Shard.objects.select_for_update().get(pk=shard.pk)
    size, last = len(tree), newest_checkpoint(shard)
    if shard.blocked or size == (last.size if last else 0):
        return None
    _refuse_contradiction(shard, tree, last)
    head = translog.Checkpoint(shard.origin, size, tree.root())
    return Checkpoint.objects.create(
        shard=shard,
        size=size,
        root=head.root,
        note=sign_note(head.text, signers_of(shard)),
        made_at=now(),
    )


def _refuse_contradiction(shard: Shard, tree: TiledTree, last: Checkpoint | None) -> None:
    size = len(tree)
    known = _known_elsewhere(shard)
    if size > shard.size or size < max(last.size if last else 0, known):
        raise Forked("log.behind", {"who": "records", "size": known, "own_size": size})
    if last is None:
        return
    old, root = bytes(last.root), tree.root()
    try:
        proof = consistency_proof(tree, last.size, size)
        verify_consistency(last.size, size, old, root, proof)
    except translog.ProofError as error:
        facts = {"who": "files", "size": last.size, "root": old.hex(), "own_root": root.hex()}
        raise Forked("log.forked", facts) from error


def _known_elsewhere(shard: Shard) -> int:
    """Return the largest size of this tree that an anchor is known to hold."""
    anchors = shard.anchors.exclude(state=AnchorState.FAILED)
    return anchors.aggregate(largest=Max("size"))["largest"] or 0


def signers_of(shard: Shard) -> list[Signer]:
    """Return the keys that sign for a tree: until a retired key is gone, the old and the new."""
    return [
        Signer(
            verifier.name,
            Algorithm.ED25519,
            lambda message, name=key.secret: sign_with(name, message),  # type: ignore[misc]
            verifier.public_key,
        )
        for key in shard.keys.filter(retired_at=None).order_by("id")
        for verifier in [Verifier.parse(key.vkey)]
    ]


def block(shard: Shard, code: str, facts: Mapping[str, Any]) -> None:
    """Sign nothing more for ``shard``, and say why; the first reason stays."""
    Shard.objects.filter(pk=shard.pk, blocked="").update(blocked=code, blocked_facts=dict(facts))
