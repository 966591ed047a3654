"""
Writing heads of the log where its operator cannot take them back.

An anchor is a row before anything is signed, and every signed transaction is in the row before
it is sent: whoever dies in between goes on with the same bytes, which a chain takes once.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from cotutelle.core.clock import now
from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.chains import Chain, Outcome, Signed
from cotutelle.ledger.anchoring.demo import ensure_contract
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.sending import STUCK_S, advance
from cotutelle.ledger.anchoring.signing import Account, file_account
from cotutelle.ledger.anchoring.timestamps import stamp, stamped_text
from cotutelle.ledger.enums import AnchorKind, AnchorState, ShardState
from cotutelle.ledger.models import Anchor, Checkpoint, Shard
from cotutelle.ledger.queries.anchors import newest_anchor
from cotutelle.ledger.queries.log import newest_checkpoint, published_checkpoint, tree_of
from cotutelle.ledger.services.sealing import Forked, block

STUCK = dt.timedelta(seconds=STUCK_S)


def key_path() -> Path:
    """Return where the key of the anchor's account is kept, unless settings name another keeper."""
    return Path(settings.COTUTELLE_DATA_DIR) / "keys" / "anchor.key"


def file_key() -> Account:
    """Return the account of the key file in the data folder."""
    return file_account(key_path())


def account() -> Account:
    """
    Return who signs: what ``COTUTELLE_ANCHOR_ACCOUNT`` names.

    Raises
    ------
    AnchorProblem
        ``anchor.key_missing``, ``anchor.key_open``, ``anchor.key_malformed``.
    """
    found: Account = import_string(settings.COTUTELLE_ANCHOR_ACCOUNT)()
    return found


def client() -> Client | None:
    """Return the client of the contract that the settings name, None where none is."""
    if not settings.COTUTELLE_ANCHOR_URL:
        return None
    most = settings.COTUTELLE_ANCHOR_MAX_FEE_WEI
    chain = Chain(
        settings.COTUTELLE_ANCHOR_URL,
        settings.COTUTELLE_ANCHOR_CHAIN_ID,
        settings.COTUTELLE_ANCHOR_CONTRACT,
        confirmations=settings.COTUTELLE_ANCHOR_CONFIRMATIONS,
        fees="legacy" if settings.COTUTELLE_ANCHOR_FEES == "legacy" else "auto",
        max_fee_wei=int(most) if most else None,
    )
    return Client(chain)


def anchored_head(shard: Shard) -> tuple[int, bytes] | None:
    """
    Return size and root that the chain holds of ``shard``.

    None where nothing is anchored, or no chain is set.

    Raises
    ------
    AnchorProblem
        The chain cannot be asked.
    """
    asked = client()
    head = asked.head(shard.origin) if asked else None
    return (head.size, head.root) if head else None


def check_anchor(shard: Shard) -> int:
    """
    Compare ``shard`` with what the chain holds of it; return how many entries that are.

    Raises
    ------
    Forked
        ``log.behind``: the chain has seen a larger log (a backup was restored);
        ``log.forked``: it holds another root of the same size.
    AnchorProblem
        The chain cannot be asked.
    """
    head = anchored_head(shard)
    if head is None:
        return 0
    size, root = head
    newest = newest_checkpoint(shard)
    own_size = newest.size if newest else 0
    facts = {"who": "anchor", "size": size, "root": root.hex(), "own_size": own_size}
    if size > own_size:
        raise Forked("log.behind", facts)
    if (own_root := _root(shard, size)) != root:
        raise Forked("log.forked", {**facts, "own_root": own_root.hex()})
    return size


def advance_anchors() -> None:
    """
    Do the next step of every anchor: begin what is due, send, follow, confirm.

    What goes wrong is written to the anchor's row; a chain that contradicts the log blocks it.
    """
    for shard in Shard.objects.filter(blocked="").order_by("number"):
        for kind in kinds_set_up():
            _advance(shard, kind)


def kinds_set_up() -> list[AnchorKind]:
    """Return where the settings say that heads are anchored."""
    places = {
        AnchorKind.EVM: settings.COTUTELLE_ANCHOR_URL,
        AnchorKind.RFC3161: settings.COTUTELLE_TSA_URL,
    }
    return [kind for kind, url in places.items() if url]


def anchor_at_once(shard: Shard, kind: AnchorKind) -> Anchor | None:
    """
    Begin an anchor of the published head now, however short ago the last was; do its first step.

    Returns
    -------
    Anchor or None
        The anchor of the published head, old or new; None where nothing is published yet, or
        somebody else is at work on it.
    """
    _advance(shard, kind, at_once=True)
    head = published_checkpoint(shard)
    rows = shard.anchors.filter(kind=kind, size=head.size if head else -1)
    return rows.order_by("-id").first()


def _advance(shard: Shard, kind: AnchorKind, *, at_once: bool = False) -> None:
    step = _step_on_chain if kind == AnchorKind.EVM else _step_of_stamp
    with _alone(f"anchor:{kind}:{shard.pk}") as mine:
        anchor = _current(shard, kind, at_once=at_once) if mine else None
        if anchor is None:
            return
        anchor.problem = ""
        try:
            step(anchor)
        except AnchorProblem as problem:
            anchor.problem = problem.code
        except Forked as fork:
            anchor.problem = fork.code
            block(shard, fork.code, fork.facts)
        anchor.save()


def _current(shard: Shard, kind: AnchorKind, *, at_once: bool) -> Anchor | None:
    """Return the anchor that is under way, or a new one where one is due."""
    head = published_checkpoint(shard)
    anchor = shard.anchors.filter(kind=kind, state=AnchorState.SENT).order_by("id").first()
    if anchor is None:
        if head is None or not (_is_due(shard, kind, head, at_once=at_once)):
            return None
        return Anchor.objects.create(
            shard=shard, kind=kind, size=head.size, root=head.root, sent_at=now()
        )
    if head is not None and not anchor.reference.get("attempts"):
        # Nothing is signed yet: by now there may be a larger head.
        anchor.size, anchor.root = head.size, head.root
    return anchor


def _is_due(shard: Shard, kind: AnchorKind, head: Checkpoint, *, at_once: bool) -> bool:
    last = newest_anchor(shard, kind)
    if last is None:
        return True
    if last.size >= head.size:
        return False
    pause = dt.timedelta(minutes=settings.COTUTELLE_ANCHOR_MINUTES)
    return at_once or shard.state == ShardState.FROZEN or last.sent_at + pause <= now()


def _step_on_chain(anchor: Anchor) -> None:
    asked, signer = client(), account()
    assert asked is not None  # noqa: S101 - for the type checker; the caller looked
    ensure_contract(asked.chain)
    if not anchor.reference.get("attempts"):
        size = check_anchor(anchor.shard)
        _forget_lost(anchor.shard, size)
        if size == anchor.size:
            _confirm(anchor, asked.find(anchor.shard.origin, anchor.size), asked.chain)
            return
        root = bytes(anchor.root)
        _keep(anchor, asked.sign_anchor(anchor.shard.origin, anchor.size, root, signer))
    for _turn in range(2):  # sent, and looked at once: many chains are that quick
        outcome = _follow(anchor, asked, signer)
        if outcome.state != "dropped":
            break
    if outcome.state == "confirmed":
        _confirm(anchor, outcome, asked.chain)
    elif outcome.state in {"failed", "replaced"}:
        anchor.state = AnchorState.FAILED
        anchor.problem = "anchor.refused" if outcome.state == "failed" else "anchor.replaced"
        anchor.reference["reason"] = outcome.reason


def _follow(anchor: Anchor, asked: Client, signer: Account) -> Outcome:
    attempts = [Signed(**kept) for kept in anchor.reference["attempts"]]
    signed_at = dt.datetime.fromisoformat(anchor.reference["signed_at"])
    stuck = now() - signed_at > STUCK
    outcome = advance(asked, attempts, signer, stuck=stuck, keep=lambda again: _keep(anchor, again))
    if stuck and outcome.state in {"waiting", "mined"}:
        anchor.problem = "anchor.slow"
    return outcome


def _keep(anchor: Anchor, attempt: Signed) -> None:
    kept = anchor.reference.setdefault("attempts", [])
    kept.append(dataclasses.asdict(attempt))
    anchor.reference["signed_at"] = now().isoformat()
    anchor.save()


def _confirm(anchor: Anchor, outcome: Outcome | None, chain: Chain) -> None:
    if outcome is None:
        raise AnchorProblem("anchor.node_error", "The node keeps no events that old.", retry=True)
    anchor.state, anchor.confirmed_at = AnchorState.CONFIRMED, outcome.at
    anchor.reference = {
        "chain_id": chain.chain_id,
        "contract": chain.contract,
        "tx": outcome.tx,
        "block": outcome.block,
        "gas_used": outcome.gas_used,
    }


def _forget_lost(shard: Shard, size: int) -> None:
    """Take back anchors that the chain no longer has: it was cut deeper than we waited for."""
    lost = shard.anchors.filter(
        kind=AnchorKind.EVM,
        state=AnchorState.CONFIRMED,
        size__gt=size,
        reference__contract=settings.COTUTELLE_ANCHOR_CONTRACT,
    )
    lost.update(state=AnchorState.FAILED, problem="anchor.vanished")


def _step_of_stamp(anchor: Anchor) -> None:
    url = settings.COTUTELLE_TSA_URL
    if not settings.COTUTELLE_TSA_ROOTS:
        raise AnchorProblem("timestamp.no_roots", "No certificates to trust are set.")
    try:
        roots = [Path(path).read_bytes() for path in settings.COTUTELLE_TSA_ROOTS]
        text = stamped_text(anchor.shard.origin, anchor.size, bytes(anchor.root))
        made = stamp(text, url=url, roots=roots, now=now())
    except (OSError, ValueError) as error:
        raise AnchorProblem(
            "timestamp.no_roots", "The certificates to trust cannot be read."
        ) from error
    anchor.state, anchor.confirmed_at = AnchorState.CONFIRMED, made.at
    token = base64.b64encode(made.token).decode()
    anchor.reference = {"token": token, "url": url, "serial": str(made.serial)}


def _root(shard: Shard, size: int) -> bytes:
    """Return our root of the first ``size`` leaves, read from the newest tree that is written."""
    newest = newest_checkpoint(shard)
    return tree_of(shard, newest.size if newest else 0).root(size)


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Tell whether nobody else is in this block now; who may be is a worker or a command."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 3))", [name])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 3))", [name])
