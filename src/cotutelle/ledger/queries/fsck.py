"""
Recomputing the whole log: every row against every file, and both against every signature.

It reads only, and reports everything it finds with its place; it trusts nothing that the sealing
wrote down, except the bytes that were committed to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cotutelle.engines import translog
from cotutelle.engines.translog import (
    EntryError,
    NoteError,
    NoteSignature,
    Tree,
    Verifier,
    commitment,
    entries_path,
    entry_bundle,
    leaf_hash,
    open_checkpoint,
    read_cosignature,
    tiles_of,
)
from cotutelle.ledger.enums import AnchorState
from cotutelle.ledger.models import Checkpoint, Entry, Leaf, Shard, Trace
from cotutelle.ledger.queries.evidence import disclosed, entry_data
from cotutelle.ledger.queries.log import (
    newest_checkpoint,
    published_checkpoint,
    published_text,
    store_of,
    verifiers_of,
)

TILE = 256


@dataclass(frozen=True, slots=True)
class Fault:
    """
    Something that is not as it should be.

    ``place`` says where: ``shard 1 index 17``, ``tile/0/000.p/3``; ``code`` what, dotted.
    """

    code: str
    place: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Audit:
    """What one walk through the log has found, and how much it looked at."""

    faults: list[Fault] = field(default_factory=list)
    leaves: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    files: int = 0
    traces: int = 0

    def add(self, code: str, place: str, /, **facts: Any) -> None:
        """Remember a fault."""
        self.faults.append(Fault(code, place, facts))


def fsck() -> Audit:
    """Check every tree, every trace, and that no decision is lost or stands twice."""
    audit = Audit()
    for shard in Shard.objects.order_by("number"):
        _check_shard(shard, audit)
    _check_traces(audit)
    _check_waiting(audit)
    return audit


def _check_shard(shard: Shard, audit: Audit) -> None:
    heads = [head for head in (published_checkpoint(shard), newest_checkpoint(shard)) if head]
    served = {head.size for head in heads}
    signed = max(served, default=0)
    tree, bundles = Tree(), {}
    part: list[bytes] = []
    for leaf in _leaves(shard):
        place = f"shard {shard.number} index {leaf.index}"
        if leaf.index != len(tree):
            audit.add("leaf.gap", place, expected=len(tree))
            return
        part.append(_check_leaf(leaf, place, audit))
        tree.append(bytes(leaf.hash))
        if len(tree) <= signed and (len(part) == TILE or len(tree) in served):
            bundles[entries_path(leaf.index // TILE, len(part))] = entry_bundle(part)
        if len(part) == TILE:
            part = []
    audit.leaves += len(tree)
    if len(tree) != shard.size:
        audit.add("shard.size", f"shard {shard.number}", leaves=len(tree), stated=shard.size)
    if signed > len(tree):
        audit.add("checkpoint.too_large", f"shard {shard.number}", size=signed, leaves=len(tree))
        return
    files = {path: data for size in served for path, data in tiles_of(tree, size).items()}
    _check_files(shard, {**files, **bundles}, audit)
    _check_heads(shard, tree, audit)


def _leaves(shard: Shard) -> Iterator[Leaf]:
    rows = shard.leaves.select_related("entry__payload", "trace").order_by("index")
    return rows.iterator(chunk_size=2_000)


def _check_leaf(leaf: Leaf, place: str, audit: Audit) -> bytes:
    """Check that the leaf is that of its entry, and the entry that of what is kept of it."""
    try:
        data = entry_data(leaf)
    except EntryError as error:
        audit.add("entry.malformed", place, code=error.code)
        return b""
    if leaf_hash(data) != bytes(leaf.hash):
        audit.add("leaf.hash", place, stated=bytes(leaf.hash).hex(), computed=leaf_hash(data).hex())
    kept = disclosed(leaf)
    if kept is None:
        return data
    payload, salt = kept
    if commitment(payload, bytes.fromhex(salt)) != leaf.commitment:
        audit.add("entry.commitment", place, entry=leaf.entry_id)
    if payload["trace"] != _own_place(leaf) or payload["issuer"] != leaf.issuer:
        audit.add("entry.trace", place, committed=payload["trace"], kept=_own_place(leaf))
    return data


def _own_place(leaf: Leaf) -> dict[str, Any] | None:
    if leaf.trace is None:
        return None
    return {"id": str(leaf.trace.public_id), "seq": leaf.seq, "prev": leaf.prev or None}


def _check_files(shard: Shard, files: dict[str, bytes], audit: Audit) -> None:
    """Check every tile and bundle that a reader of the newest heads asks for."""
    store = store_of(shard)
    for path, data in files.items():
        audit.files += 1
        try:
            if store.read(path) != data:
                audit.add("file.differs", f"shard {shard.number} {path}")
        except OSError:
            full, is_partial, _ = path.partition(".p/")
            if not is_partial or full not in files:  # readers take the full one
                audit.add("file.missing", f"shard {shard.number} {path}")
    if text := published_text(shard):
        try:
            served = store.read("checkpoint").decode("utf-8", "replace")
        except OSError:
            served = ""
        if served.partition("\n\n")[0] != text.partition("\n\n")[0]:
            audit.add("file.checkpoint", f"shard {shard.number} checkpoint")


def _check_heads(shard: Shard, tree: Tree, audit: Audit) -> None:
    """Check that every signed or anchored head is a head of this one tree, so of one history."""
    keys = verifiers_of(shard)
    rows = shard.checkpoints.prefetch_related("cosignatures__witness").order_by("size")
    for head in rows.iterator(chunk_size=500):
        audit.checkpoints += 1
        place = f"shard {shard.number} checkpoint {head.size}"
        if tree.root(head.size) != bytes(head.root):
            audit.add("checkpoint.root", place, stated=bytes(head.root).hex())
        try:
            signed = open_checkpoint(head.note, keys)
        except NoteError as error:
            audit.add("checkpoint.signature", place, code=error.code)
            continue
        stated = translog.Checkpoint(shard.origin, head.size, bytes(head.root))
        if signed != stated:
            audit.add("checkpoint.text", place, note=signed.text)
        _check_cosignatures(head, place, audit)
    for anchor in shard.anchors.exclude(state=AnchorState.FAILED):
        if anchor.size > len(tree) or tree.root(anchor.size) != bytes(anchor.root):
            audit.add("anchor.root", f"shard {shard.number} anchor {anchor.kind} {anchor.size}")


def _check_cosignatures(head: Checkpoint, place: str, audit: Audit) -> None:
    text = head.note.partition("\n\n")[0] + "\n"
    for row in head.cosignatures.all():
        audit.cosignatures += 1
        keys = [Verifier.parse(k) for k in (row.witness.vkey, row.witness.extra_vkey) if k]
        try:
            line = NoteSignature.parse(row.line)
            key = next(k for k in keys if (k.name, k.key_id) == (line.name, line.key_id))
            read_cosignature(text, row.line, key)
        except (NoteError, StopIteration):
            audit.add("cosignature.signature", place, witness=row.witness.name)


def _check_traces(audit: Audit) -> None:
    """Check that each trace counts from 1 without gaps and each event names the one before."""
    for trace in Trace.objects.order_by("id").iterator(chunk_size=500):
        audit.traces += 1
        seq, head, place = 0, "", f"trace {trace.public_id}"
        rows = Leaf.objects.filter(trace=trace).order_by("seq")
        for found, prev, sealed in rows.values_list("seq", "prev", "commitment"):
            if found != seq + 1 or prev != head:
                audit.add("trace.chain", place, seq=found, prev=prev, expected=head)
            seq, head = found or 0, sealed
        if (trace.count, trace.head) != (seq, head):
            audit.add("trace.head", place, count=trace.count, events=seq)


def _check_waiting(audit: Audit) -> None:
    decisions = Entry.objects.filter(decision=True)
    for key in decisions.filter(leaf=None, pending=None).values_list("pk", flat=True):
        audit.add("entry.lost", f"entry {key}")
    for key in decisions.filter(leaf__isnull=False, pending__isnull=False).values_list(
        "pk", flat=True
    ):
        audit.add("entry.doubled", f"entry {key}")
    waiting = Leaf.objects.filter(entry__decision=False).values_list("entry_id", flat=True)
    for key in waiting:
        audit.add("entry.undecided", f"entry {key}")


def as_json(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain JSON values."""
    return {
        "good": not audit.faults,
        "leaves": audit.leaves,
        "checkpoints": audit.checkpoints,
        "cosignatures": audit.cosignatures,
        "files": audit.files,
        "traces": audit.traces,
        "faults": [
            {"code": f.code, "place": f.place, "facts": json.loads(json.dumps(f.facts))}
            for f in audit.faults
        ],
    }
