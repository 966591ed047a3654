"""Setting up an anchor: a key, a contract, who owns it, and how it stands. Used from commands."""

from __future__ import annotations

from typing import Any

from cotutelle.core.clock import now
from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.sending import carry_out
from cotutelle.ledger.anchoring.signing import make_key_file
from cotutelle.ledger.models import Shard
from cotutelle.ledger.queries.log import published_checkpoint
from cotutelle.ledger.services import anchors


def make_key() -> str:
    """
    Make the key of the anchor's account in the data folder; return its address, to be funded.

    Raises
    ------
    AnchorProblem
        ``anchor.key_exists``.
    """
    return make_key_file(anchors.key_path()).address


def deploy_contract() -> str:
    """
    Make the contract, wait until it lasts, and return its address, for COTUTELLE_ANCHOR_CONTRACT.

    Raises
    ------
    AnchorProblem
        ``anchor.not_set``: no chain is set; all that a `Client` raises.
    """
    client, account = _client(), anchors.account()
    return carry_out(client, client.sign_deployment(account), account).contract


def offer_contract(successor: str) -> str:
    """Offer the contract to the account ``successor``; return the transaction."""
    client, account = _client(), anchors.account()
    return carry_out(client, client.sign_offer(successor, account), account).tx


def take_contract() -> str:
    """Take the contract that was offered to our account; return the transaction."""
    client, account = _client(), anchors.account()
    return carry_out(client, client.sign_taking(account), account).tx


def standing(shard: Shard) -> dict[str, Any]:
    """
    Return how the anchor of ``shard`` stands, as JSON.

    Returns
    -------
    dict
        ``contract``, ``owner``, ``account``, ``size`` and ``root`` anchored (None: nothing),
        ``at``, ``lag_entries``, ``lag_seconds``, and ``gas`` and ``wei`` of the next anchor.

    Raises
    ------
    AnchorProblem
        ``anchor.not_set``; all that a `Client` raises.
    """
    client, account = _client(), anchors.account()
    published = published_checkpoint(shard)
    head, found = client.head(shard.origin), {}
    lag = client.lag(shard.origin, published.size if published else 0, now=now())
    if published is not None and (head is None or head.size < published.size):
        root = bytes(published.root)
        cost = client.cost(shard.origin, published.size, root, sender=account.address)
        found = {"gas": cost.gas, "wei": cost.wei}
    return {
        "contract": client.chain.contract,
        "owner": client.owner(),
        "account": account.address,
        "size": head.size if head else None,
        "root": head.root.hex() if head else None,
        "at": head.at.isoformat() if head else None,
        "lag_entries": lag.entries,
        "lag_seconds": lag.seconds,
        **found,
    }


def _client() -> Client:
    client = anchors.client()
    if client is None:
        raise AnchorProblem("anchor.not_set", "No chain is set: see COTUTELLE_ANCHOR_URL.")
    return client
