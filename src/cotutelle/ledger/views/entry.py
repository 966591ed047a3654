"""One entry of the log: what anybody sees of it, and what only those see whom it concerns."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cotutelle.core.access import PUBLIC, requires
from cotutelle.engines.translog import LogProof, commitment, leaf_hash
from cotutelle.ledger.models import Leaf
from cotutelle.ledger.queries.evidence import (
    disclosed,
    entry_data,
    entry_json,
    evidence_of,
    proof_text,
)
from cotutelle.ledger.queries.log import published_checkpoint
from cotutelle.ledger.queries.overview import with_institutions
from cotutelle.ledger.queries.record import is_erased, may_read_payload
from cotutelle.ledger.queries.standing import heads, place_of
from cotutelle.ledger.views.public import measured
from cotutelle.ui.downloads import attachment

_ROW = 18


def _leaf(number: int, index: int) -> Leaf:
    rows = Leaf.objects.select_related("shard", "entry__payload", "entry__person", "entry__unit")
    return get_object_or_404(rows, shard__number=number, index=index)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


@requires(PUBLIC)
@require_safe
@measured
def entry(request: HttpRequest, number: int, index: int) -> HttpResponse:
    leaf = _leaf(number, index)
    may_read = may_read_payload(request.user, leaf.entry)
    kept = disclosed(leaf) if may_read else None
    head = published_checkpoint(leaf.shard)
    is_published = head is not None and head.size > leaf.index
    context: dict[str, Any] = {
        "leaf": leaf,
        "layout": "ui/base.html" if request.user.is_authenticated else "ui/bare.html",
        "institution": with_institutions([leaf])[0].institution,
        "place": place_of(leaf, heads()),
        "entry_json": _pretty(entry_json(leaf)),
        "may_read": may_read,
        "is_erased": is_erased(leaf.entry, leaf),
        "payload": _pretty(kept[0]) if kept else "",
        "salt": kept[1] if kept else "",
        "fits": kept is not None and _fits(leaf, *kept),
        "is_published": is_published,
        "head": head,
    }
    if is_published:
        context["path"] = _path(leaf)
    return render(request, "ledger/log_entry.html", context)


def _fits(leaf: Leaf, payload: dict[str, Any], salt: str) -> bool:
    """Compute the commitment anew and compare it with the one in the log."""
    return commitment(payload, bytes.fromhex(salt)) == leaf.commitment


def _path(leaf: Leaf) -> dict[str, Any]:
    """Return the hashes from the leaf to the root, and where to draw them."""
    proof = LogProof.parse(proof_text(leaf))
    head = proof.head()
    hashes = [bytes(one).hex() for one in proof.hashes]
    sides = _sides(leaf.index, head.size, len(hashes))
    labels = {"left": _("neighbour on the left"), "right": _("neighbour on the right")}
    steps = [
        {"label": _("this entry"), "hash": leaf_hash(entry_data(leaf)).hex()},
        *({"label": labels[side], "hash": one} for side, one in zip(sides, hashes, strict=True)),
        {"label": _("root of the checkpoint"), "hash": head.root.hex()},
    ]
    return {"steps": steps, "count": len(hashes), "drawing": _drawing(sides)}


def _sides(index: int, size: int, count: int) -> list[str]:
    """
    Return on which side each hash of an inclusion proof stands, from the leaf up.

    Source: RFC 9162 section 2.1.3.2: beyond where the path joins the right edge all are left.
    """
    inner = (index ^ (size - 1)).bit_length()
    return ["left" if n >= inner or index >> n & 1 else "right" for n in range(count)]


def _drawing(sides: list[str]) -> dict[str, Any]:
    """Return points and lines of a small picture: the path in the middle, neighbours beside it."""
    rows = len(sides)
    nodes = [{"x": 40, "y": 12 + _ROW * (rows - n)} for n in range(rows + 1)]
    beside = [
        {"x": 16 if side == "left" else 64, "y": node["y"], "to": node["y"] - _ROW}
        for side, node in zip(sides, nodes, strict=False)
    ]
    return {"nodes": nodes, "beside": beside, "height": 24 + _ROW * rows}


@requires(PUBLIC)
@require_safe
@measured
def proof(request: HttpRequest, number: int, index: int) -> HttpResponse:
    """Send the proof that the entry is in the log; it says nothing of what the entry is about."""
    leaf = _leaf(number, index)
    try:
        text = proof_text(leaf)
    except ValueError:
        raise Http404 from None
    name = f"log-{number}-entry-{index}.tlog-proof"
    return attachment(text.encode(), name, "text/plain; charset=utf-8")


@requires(PUBLIC)
@require_safe
@measured
def evidence(request: HttpRequest, number: int, index: int) -> HttpResponse:
    """Send entry and proof; payload and salt too for those who may read them."""
    leaf = _leaf(number, index)
    found = evidence_of(leaf)
    if found is None:
        raise Http404
    if not may_read_payload(request.user, leaf.entry):
        found.pop("payload", None)
        found.pop("salt", None)
    content = json.dumps(found, ensure_ascii=False, indent=2).encode()
    return attachment(content, f"log-{number}-entry-{index}.evidence.json", "application/json")
